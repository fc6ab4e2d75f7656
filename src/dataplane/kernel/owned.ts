// Addresses that the active gateway owns: one in each of its cluster's networks where the machine has none.
import { diff } from '../../model/diff.ts'
import { type Ip, parseIp } from '../../model/net.ts'
import type { Exec } from '../../system/exec.ts'
import type { Target } from '../target.ts'
import { listOf, wordOf } from './words.ts'

/** By this label an address on `lo` is ours. */
export const OWNED_LABEL = 'lo:submariner'

/** Brings the IPv4 addresses of ours on `lo`, each of its own network, to the given ones; those of others are left alone. */
export function openOwnedAddresses(exec: Exec): Target<readonly Ip[]> {
  const reconcile = async (desired: readonly Ip[]): Promise<readonly string[]> => {
    const { put, drop } = diff(await readOwned(exec), desired, same, same)
    const lines = [
      ...put.map((ip) => `addr replace ${ip}/32 dev lo label ${OWNED_LABEL}`),
      ...drop.map((ip) => `addr del ${ip}/32 dev lo label ${OWNED_LABEL}`),
    ]
    if (lines.length > 0) await exec(['ip', '-force', '-batch', '-'], { input: `${lines.join('\n')}\n` })
    return lines
  }
  return { reconcile, cleanUp: async () => void (await reconcile([])) }
}

async function readOwned(exec: Exec): Promise<readonly Ip[]> {
  const { stdout } = await exec(['ip', '-4', '-j', 'addr', 'show', 'dev', 'lo'])
  return listOf(stdout.trim() === '' ? [] : JSON.parse(stdout))
    .flatMap((link) => listOf(link.addr_info))
    .filter((info) => wordOf(info, 'label') === OWNED_LABEL)
    .map((info) => parseIp(wordOf(info, 'local') ?? ''))
}

const same = (ip: Ip): string => ip
