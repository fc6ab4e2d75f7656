import { Resolver } from 'node:dns/promises'
import { codeOf } from '../model/errors.ts'

export interface NameQuestion {
  readonly name: string
  readonly type: 'A' | 'SRV'
  /** Default: those of this machine. */
  readonly server: string | undefined
  readonly signal: AbortSignal
}
export interface NameAnswer {
  /** Addresses, or `target:port`, sorted; undefined where there is none. */
  readonly answers: readonly string[] | undefined
  /** Why there is none: NXDOMAIN, NODATA, SERVFAIL, REFUSED, TIMEOUT or another word. */
  readonly code: string | undefined
  readonly servers: readonly string[]
}

const TRY_MS = 2_000
const TRIES = 3
/** Words that the resolver has of its own. */
const CODES: Readonly<Record<string, string>> = { ENOTFOUND: 'NXDOMAIN', ECANCELLED: 'TIMEOUT' }

/** Asks the DNS servers for the name as it stands, without search domains and without /etc/hosts. */
export async function askDns({ name, type, server, signal }: NameQuestion): Promise<NameAnswer> {
  const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES })
  if (server !== undefined) resolver.setServers([server])
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  const servers = resolver.getServers()
  try {
    const answers = type === 'A' ? await resolver.resolve4(name) : (await resolver.resolveSrv(name)).map((one) => `${one.name}:${one.port}`)
    return { answers: [...answers].sort(), code: undefined, servers }
  } catch (error) {
    const code = codeOf(error) ?? 'EUNKNOWN'
    return { answers: undefined, code: CODES[code] ?? code.replace(/^E/, ''), servers }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
