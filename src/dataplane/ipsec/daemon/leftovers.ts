import type { Exec } from '../../../system/exec.ts'
import { parseAnswers, wordOf } from '../../kernel/words.ts'
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
export const sweepRouting = async (exec: Exec): Promise<readonly string[]> => [
  ...(await sweepFamily(exec, '-4')),
  ...(await sweepFamily(exec, '-6')),
]

/** Of charon's own table, the routes that charon writes: it marks them as static. Others' routes stay, there too. */
async function sweepFamily(exec: Exec, family: '-4' | '-6'): Promise<readonly string[]> {
  const input = `rule show pref ${CHARON_TABLE}\nroute show table ${CHARON_TABLE} proto static\n`
  // A table that nothing was ever put into is an error to `ip`.
  const { stdout } = await exec(['ip', family, '-j', '-force', '-batch', '-'], { input, okCodes: [0, 1, 2] })
  const [rules = [], routes = []] = parseAnswers(stdout)
  const lines: string[] = []
  for (const _ of rules.filter((rule) => wordOf(rule, 'table') === String(CHARON_TABLE))) {
    await exec(['ip', family, 'rule', 'del', 'pref', String(CHARON_TABLE), 'table', String(CHARON_TABLE)])
    lines.push(`rule ${CHARON_TABLE} (${family.slice(1)}) removed`)
  }
  for (const dst of routes.flatMap((route) => wordOf(route, 'dst') ?? [])) {
    await exec(['ip', family, 'route', 'del', dst, 'table', String(CHARON_TABLE), 'proto', 'static'], { okCodes: [0, 2] })
    lines.push(`route ${dst} of table ${CHARON_TABLE} removed`)
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

/** A program each: `ip` ends with the first list of xfrm, whatever else is in its batch. A kernel without XFRM has none of either. */
const listed = async (exec: Exec, what: 'state' | 'policy'): Promise<string> =>
  (await exec(['ip', '-d', 'xfrm', what, 'list'], { okCodes: [0, 1, 2] })).stdout

export const readStates = async (exec: Exec): Promise<readonly KernelSa[]> => statesIn(await listed(exec, 'state'))
export const readPolicies = async (exec: Exec): Promise<readonly KernelPolicy[]> => policiesIn(await listed(exec, 'policy'))

/** `src A dst B\n\tproto esp spi 0x.. reqid N mode tunnel`, each in two lines at least. */
function statesIn(text: string): readonly KernelSa[] {
  const found = text.matchAll(/^src (\S+) dst (\S+)\s*\n\s+proto esp spi (0x[0-9a-f]+)(?:\(\d+\))? reqid (\d+)/gm)
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

/** A policy's first line is followed by its direction, an SA's by its protocol. */
function policiesIn(text: string): readonly KernelPolicy[] {
  const blocks = text.split(/\n(?=src )/).filter((block) => !/^src .*\n\s+proto /.test(block))
  const all = blocks.map((block): KernelPolicy => {
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
