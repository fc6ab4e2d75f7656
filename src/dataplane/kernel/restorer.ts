import type { Exec } from '../../system/exec.ts'
import type { Files } from '../../system/files.ts'
import { LEGACY_TABLES } from './iptables.ts'

/** kube-router's own, there from its start on. */
const CHAIN = 'KUBE-ROUTER-FORWARD'

/**
 * Whether a program runs here that may write every set back as it has read it some time before, ours too: kube-router, whose syncs up to 2.6.1 restore all
 * of `ipset save` (pkg/utils/ipset.go). It is known by its chain alone, which costs the same however many rules a node has.
 */
export async function hasRestorer(exec: Exec, files: Files): Promise<boolean> {
  const has = async (backend: 'nft' | 'legacy'): Promise<boolean> =>
    (await exec([`iptables-${backend}`, '-w', '5', '-n', '-L', CHAIN], { okCodes: [0, 1] })).code === 0
  const hasLegacy = ((await files.readIfThere(LEGACY_TABLES)) ?? '').trim() !== ''
  return (await has('nft')) || (hasLegacy && (await has('legacy')))
}
