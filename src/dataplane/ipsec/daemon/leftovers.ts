import type { Exec } from '../../../system/exec.ts'
import { isOwnReqid } from '../connection.ts'
import { CHARON_TABLE } from './charon-conf.ts'

/** Removes what a charon that was killed has left in the kernel: its rule and routes, and with kernel ESP the SAs and policies with our reqids. One line each. */
export async function sweepLeftovers(exec: Exec): Promise<readonly string[]> {
  const lines = [...(await sweepRouting(exec))]
  for (const state of await readStates(exec)) lines.push(await removeState(exec, state))
  for (const policy of await readPolicies(exec)) lines.push(await removePolicy(exec, policy))
  return lines
}

/** Its rule and routes alone. */
export const sweepRouting = async (exec: Exec): Promise<readonly string[]> => [...(await sweepRules(exec)), ...(await sweepRoutes(exec))]

async function sweepRules(exec: Exec): Promise<readonly string[]> {
  const lines: string[] = []
  for (const family of ['-4', '-6'] as const) {
    const { stdout } = await exec(['ip', '-j', family, 'rule', 'show', 'pref', String(CHARON_TABLE)])
    const rules = JSON.parse(stdout || '[]') as readonly { readonly table?: string | number }[]
    for (const _ of rules.filter(({ table }) => String(table) === String(CHARON_TABLE))) {
      await exec(['ip', family, 'rule', 'del', 'pref', String(CHARON_TABLE), 'table', String(CHARON_TABLE)])
      lines.push(`rule ${CHARON_TABLE} (${family.slice(1)}) removed`)
    }
  }
  return lines
}

/** Of charon's own table, those that charon writes: it marks them as static. Others' routes stay, there too. */
async function sweepRoutes(exec: Exec): Promise<readonly string[]> {
  const lines: string[] = []
  for (const family of ['-4', '-6'] as const) {
    const argv = ['ip', '-j', family, 'route', 'show', 'table', String(CHARON_TABLE), 'proto', 'static'] as const
    // A table that nothing was ever put into is an error to `ip`.
    const { code, stdout } = await exec(argv, { okCodes: [0, 2] })
    const routes = code === 0 ? (JSON.parse(stdout.trim() || '[]') as readonly { readonly dst?: string }[]) : []
    for (const { dst } of routes) {
      if (dst === undefined) continue
      await exec(['ip', family, 'route', 'del', dst, 'table', String(CHARON_TABLE), 'proto', 'static'], { okCodes: [0, 2] })
      lines.push(`route ${dst} of table ${CHARON_TABLE} removed`)
    }
  }
  return lines
}

/** One SA of ours in the kernel, for one direction. */
export interface KernelSa {
  readonly src: string
  readonly dst: string
  /** As `ip` prints it: 0xc6f1a2b3. */
  readonly spi: string
  readonly reqid: number
}

/** `src A dst B\n\tproto esp spi 0x.. reqid N mode tunnel`, each in two lines at least. */
export async function readStates(exec: Exec): Promise<readonly KernelSa[]> {
  const { stdout } = await exec(['ip', '-d', 'xfrm', 'state', 'list'], { okCodes: [0, 1, 2] })
  const found = stdout.matchAll(/^src (\S+) dst (\S+)\s*\n\s+proto esp spi (0x[0-9a-f]+)(?:\(\d+\))? reqid (\d+)/gm)
  const all = [...found].map(([, src = '', dst = '', spi = '', reqid = '']) => ({ src, dst, spi, reqid: Number(reqid) }))
  return all.filter(({ reqid }) => isOwnReqid(reqid))
}

export async function removeState(exec: Exec, { src, dst, spi }: KernelSa): Promise<string> {
  await exec(['ip', 'xfrm', 'state', 'delete', 'src', src, 'dst', dst, 'proto', 'esp', 'spi', spi], { okCodes: [0, 2] })
  return `SA ${spi} to ${dst} removed`
}

/** One policy of ours in the kernel. */
export interface KernelPolicy {
  readonly src: string
  readonly dst: string
  readonly dir: string
  readonly ifId: string | undefined
  readonly reqid: number
}

export async function readPolicies(exec: Exec): Promise<readonly KernelPolicy[]> {
  const { stdout } = await exec(['ip', 'xfrm', 'policy', 'list'], { okCodes: [0, 1, 2] })
  const all = stdout.split(/\n(?=src )/).map((block): KernelPolicy => {
    const [, src = '', dst = ''] = /^src (\S+) dst (\S+)/.exec(block) ?? []
    const [, dir = ''] = /\bdir (in|out|fwd)\b/.exec(block) ?? []
    const [, reqid = ''] = /\breqid (\d+)/.exec(block) ?? []
    const [, ifId] = /\bif_id (0x[0-9a-f]+|\d+)/.exec(block) ?? []
    return { src, dst, dir, ifId, reqid: Number(reqid) }
  })
  return all.filter(({ dir, reqid }) => dir !== '' && isOwnReqid(reqid))
}

export async function removePolicy(exec: Exec, { src, dst, dir, ifId }: KernelPolicy): Promise<string> {
  const selector = ['src', src, 'dst', dst, 'dir', dir, ...(ifId === undefined ? [] : ['if_id', ifId])]
  await exec(['ip', 'xfrm', 'policy', 'delete', ...selector], { okCodes: [0, 2] })
  return `policy ${src} to ${dst} (${dir}) removed`
}
