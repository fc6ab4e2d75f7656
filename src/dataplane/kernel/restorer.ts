import type { Clock } from '../../system/clock.ts'
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

/** The kernel tells nothing of packet filters, so a pass that its news cause need not ask; one that the timer causes comes later than this. */
const HOLDS_MS = 5_000

/** The same question, asked at most so often. */
export function openRestorer(exec: Exec, files: Files, clock: Clock): () => Promise<boolean> {
  let last: { readonly answer: boolean; readonly atMs: number } | undefined
  return async () => {
    if (last === undefined || clock.now() - last.atMs >= HOLDS_MS) last = { answer: await hasRestorer(exec, files), atMs: clock.now() }
    return last.answer
  }
}
