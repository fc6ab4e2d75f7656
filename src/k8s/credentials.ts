import { codeOf, EXIT, UserError } from '../model/errors.ts'
import type { Clock } from '../system/clock.ts'
import { type Exec, ExecError } from '../system/exec.ts'
import type { Files } from '../system/files.ts'
import { type Tls, tlsFault } from '../system/http.ts'
import type { Access, Credentials } from './access.ts'
import { isRecord, parseJson } from './answers.ts'

type Text = string | null | undefined

/** What a kubeconfig's entries say of credentials; paths are absolute. */
export interface CredentialSource {
  readonly cluster: { readonly name: string; readonly caData?: Text; readonly caFile?: Text }
  readonly user?: {
    readonly name: string
    readonly certData?: Text
    readonly certFile?: Text
    readonly keyData?: Text
    readonly keyFile?: Text
    readonly token?: Text
    readonly username?: Text
    readonly password?: Text
    readonly exec?: ExecEntry | null
  }
  readonly tokenFile?: string
  /** The value of the Authorization header by an auth-provider, where the user has one. */
  readonly provider?: () => Promise<string | undefined>
  /** The kubeconfig, for messages. */
  readonly where: string
}
/** A program that prints a credential. */
export interface ExecEntry {
  readonly apiVersion?: string
  readonly command?: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
}
interface World {
  readonly clock: Clock
  readonly files: Files
  readonly exec: Exec
}

/** Reads what the entries name once, to say now what is wrong with it; the function that it gives reads the files again at each call. */
export async function credentialsOf(source: CredentialSource, world: World): Promise<Access['credentials']> {
  const read = async (): Promise<Credentials> => {
    const ca = await pem(source.cluster.caData, source.cluster.caFile, `the certificate authority of cluster "${source.cluster.name}"`)
    const cert = await pem(source.user?.certData, source.user?.certFile, `the client certificate of user "${source.user?.name}"`)
    const key = await pem(source.user?.keyData, source.user?.keyFile, `the client key of user "${source.user?.name}"`)
    const token = await tokenOf()
    const { username, password } = source.user ?? {}
    return {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(token !== undefined && { token }),
      ...(username && { basic: `${username}:${password ?? ''}` }),
    }
  }
  const file = async (path: string, what: string): Promise<string> => {
    try {
      return await world.files.read(path)
    } catch (error) {
      throw damaged(`${what} cannot be read from ${path} (${codeOf(error)})`)
    }
  }
  const pem = async (data: string | undefined | null, path: string | undefined | null, what: string): Promise<string | undefined> => {
    if (data) return Buffer.from(data, 'base64').toString('utf8')
    return path ? file(path, what) : undefined
  }
  const tokenOf = async (): Promise<string | undefined> => {
    const text =
      source.tokenFile === undefined ? source.user?.token : await file(source.tokenFile, `the token of user "${source.user?.name}"`)
    if (text === undefined || text === null || text === '') return undefined
    const token = String(text).trim()
    if (!/^[\x21-\x7e]+$/.test(token))
      throw damaged(`the token of user "${source.user?.name}" is no single word: it was broken up or cut off`)
    return token
  }
  const damaged = (why: string): UserError => new UserError('SUB0208', `${source.where}: ${why}`, { exitCode: EXIT.unreachable })
  check(await read(), source, damaged)
  const program = source.user?.exec ? credentialProgram(source, world) : undefined
  const provided = async (): Promise<Credentials> => textAs('token', /^Bearer (.+)$/.exec((await source.provider?.()) ?? '')?.[1])
  return async () => ({ ...(await read()), ...(await program?.()), ...(await provided()) })
}

function check({ ca, cert, key }: Credentials, { cluster, user }: CredentialSource, damaged: (why: string) => UserError): void {
  const faulty = (what: string, tls: Tls): void => {
    const why = tlsFault(tls)
    if (why !== undefined) throw damaged(`${what} is damaged (${why})`)
  }
  if (ca !== undefined) faulty(`the certificate authority of cluster "${cluster.name}"`, { ca })
  if (cert !== undefined) faulty(`the client certificate of user "${user?.name}"`, { cert })
  if (key !== undefined) faulty(`the client key of user "${user?.name}"`, { key })
  if ((cert === undefined) !== (key === undefined))
    throw damaged(`user "${user?.name}" has a client ${cert === undefined ? 'key without its certificate' : 'certificate without its key'}`)
  if (cert !== undefined && key !== undefined) faulty(`the client certificate of user "${user?.name}", or its key,`, { cert, key })
}

/** A login may ask a server of its own, or open a browser. */
const PROGRAM_LIMIT_MS = 60_000
const EXPIRY_MARGIN_MS = 10_000

/** Runs the user's credential program; what it prints counts until it says that it runs out. */
function credentialProgram({ user, where }: CredentialSource, { exec, clock }: World): () => Promise<Credentials> {
  const { apiVersion = 'client.authentication.k8s.io/v1', command = '', args, env }: ExecEntry = user?.exec ?? {}
  const failed = (why: string): UserError =>
    new UserError('SUB0209', `${where}: the credential program of user "${user?.name}" ${why}`, { exitCode: EXIT.unreachable })
  let kept: { readonly credentials: Credentials; readonly until: number } | undefined
  const run = async (): Promise<string> => {
    const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } })
    const more = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]))
    try {
      const done = await exec([command, ...(args ?? [])], { timeoutMs: PROGRAM_LIMIT_MS, env: { ...more, KUBERNETES_EXEC_INFO: info } })
      return done.stdout
    } catch (error) {
      if (!(error instanceof ExecError)) throw error
      // Its arguments may hold a secret, so only what it said is repeated.
      const said = error.result.stderr.trim().split('\n').at(-1) ?? ''
      if (error.result.code === -1)
        throw failed(`${command} cannot be run: ${/ENOENT/.test(error.message) ? 'there is no such program' : 'it did not end by itself'}`)
      throw failed(`${command} failed with exit code ${error.result.code}${said === '' ? '' : `: ${said}`}`)
    }
  }
  const login = async (): Promise<Credentials> => {
    if (command === '') throw failed('is not named')
    const answer = parseJson(await run())
    const status = isRecord(answer) && isRecord(answer.status) ? answer.status : {}
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: expires } = status
    const credentials = { ...textAs('token', token), ...textAs('cert', cert), ...textAs('key', key) }
    if (Object.keys(credentials).length === 0) throw failed(`${command} printed no credential`)
    const until = typeof expires === 'string' ? Date.parse(expires) - EXPIRY_MARGIN_MS : Number.POSITIVE_INFINITY
    kept = { credentials, until: Number.isNaN(until) ? 0 : until }
    return credentials
  }
  // Requests that begin together wait for one login.
  let under: Promise<Credentials> | undefined
  return async () => {
    if (kept !== undefined && clock.now() < kept.until) return kept.credentials
    under ??= login().finally(() => {
      under = undefined
    })
    return under
  }
}

const textAs = (key: keyof Credentials, value: unknown): Credentials =>
  typeof value === 'string' && value !== '' ? { [key]: value.trim() } : {}
