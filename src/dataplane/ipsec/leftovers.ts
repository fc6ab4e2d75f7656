import type { Exec } from '../../system/exec.ts'
import { CHARON_TABLE } from './charon-conf.ts'
import { isOwnReqid } from './connection.ts'

/** Removes what a charon that was killed has left in the kernel: its rule and routes, and with kernel ESP the SAs and policies with our reqids. One line each. */
export async function sweepLeftovers(exec: Exec): Promise<readonly string[]> {
  return [...(await sweepRules(exec)), ...(await sweepRoutes(exec)), ...(await sweepStates(exec)), ...(await sweepPolicies(exec))]
}

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

/** `src A dst B\n\tproto esp spi 0x.. reqid N mode tunnel`, each in two lines at least. */
async function sweepStates(exec: Exec): Promise<readonly string[]> {
  const { stdout } = await exec(['ip', '-d', 'xfrm', 'state', 'list'], { okCodes: [0, 1, 2] })
  const lines: string[] = []
  for (const [, src = '', dst = '', spi = '', reqid = ''] of stdout.matchAll(
    /^src (\S+) dst (\S+)\s*\n\s+proto esp spi (0x[0-9a-f]+)(?:\(\d+\))? reqid (\d+)/gm,
  )) {
    if (!isOwnReqid(Number(reqid))) continue
    await exec(['ip', 'xfrm', 'state', 'delete', 'src', src, 'dst', dst, 'proto', 'esp', 'spi', spi], { okCodes: [0, 2] })
    lines.push(`SA ${spi} to ${dst} removed`)
  }
  return lines
}

async function sweepPolicies(exec: Exec): Promise<readonly string[]> {
  const { stdout } = await exec(['ip', 'xfrm', 'policy', 'list'], { okCodes: [0, 1, 2] })
  const lines: string[] = []
  for (const block of stdout.split(/\n(?=src )/)) {
    const [, src = '', dst = ''] = /^src (\S+) dst (\S+)/.exec(block) ?? []
    const [, dir = ''] = /\bdir (in|out|fwd)\b/.exec(block) ?? []
    const [, reqid = ''] = /\breqid (\d+)/.exec(block) ?? []
    const [, ifId] = /\bif_id (0x[0-9a-f]+|\d+)/.exec(block) ?? []
    if (dir === '' || !isOwnReqid(Number(reqid))) continue
    const selector = ['src', src, 'dst', dst, 'dir', dir, ...(ifId === undefined ? [] : ['if_id', ifId])]
    await exec(['ip', 'xfrm', 'policy', 'delete', ...selector], { okCodes: [0, 2] })
    lines.push(`policy ${src} to ${dst} (${dir}) removed`)
  }
  return lines
}
