// Which clusters count as reached. A cluster that comes and goes has to stay for longer and longer before it counts.
import type { Word, Words } from '../model/reach-words.ts'

/** What is remembered of one cluster. */
export interface Reach {
  readonly isReachable: boolean
  /** Since when the gateways say so, whether it counts already or not. */
  readonly isConnected: boolean
  readonly sinceMs: number
  /** When it was last taken away, and how often in a row. */
  readonly lostAtMs: number
  readonly losses: number
}
export type Reaches = ReadonlyMap<string, Reach>

/** A gateway that takes over has its tunnels within this time. One that says that a tunnel carries nothing has waited already. */
export const LOSE_MS = 1_000
/** How long a cluster must be connected before it is used again: at once after the first loss, then longer. */
const RETURN_MS = 1_000
const MOST_RETURN_MS = 30_000
/** Losses that long ago count no more. */
const FORGIVE_MS = 300_000

export interface Judged {
  readonly reaches: Reaches
  /** Milliseconds until time alone changes something; Infinity where it does not. */
  readonly nextMs: number
}

/** What is so of these clusters now. A cluster that was never asked about counts as reachable until the gateways have said otherwise. */
export function judgeReach(before: Reaches, clusters: Iterable<string>, words: Words | undefined, nowMs: number): Judged {
  const word = (id: string): Word | 'none' | undefined => words && (words.get(id) ?? 'none')
  const judged = [...new Set(clusters)].map((id) => [id, judge(before.get(id) ?? fresh(nowMs), word(id), nowMs)] as const)
  return {
    reaches: new Map(judged.map(([id, { reach }]) => [id, reach])),
    nextMs: Math.min(Number.POSITIVE_INFINITY, ...judged.map(([, { nextMs }]) => nextMs)),
  }
}

const fresh = (nowMs: number): Reach => ({
  isReachable: true,
  isConnected: true,
  sinceMs: nowMs,
  lostAtMs: Number.NEGATIVE_INFINITY,
  losses: 0,
})

function judge(old: Reach, word: Word | 'none' | undefined, nowMs: number): { readonly reach: Reach; readonly nextMs: number } {
  // While no gateway says anything, everything stays as it was.
  if (word === undefined) return { reach: { ...old, sinceMs: nowMs }, nextMs: Number.POSITIVE_INFINITY }
  const isConnected = word === 'connected'
  const reach = old.isConnected === isConnected ? old : { ...old, isConnected, sinceMs: nowMs }
  if (reach.isReachable === isConnected) return { reach, nextMs: Number.POSITIVE_INFINITY }
  const dueMs = reach.sinceMs + (isConnected ? returnMs(reach) : word === 'failed' ? 0 : LOSE_MS)
  if (nowMs < dueMs) return { reach, nextMs: dueMs - nowMs }
  if (isConnected) return { reach: { ...reach, isReachable: true }, nextMs: Number.POSITIVE_INFINITY }
  const losses = nowMs - reach.lostAtMs > FORGIVE_MS ? 1 : reach.losses + 1
  return { reach: { ...reach, isReachable: false, lostAtMs: nowMs, losses }, nextMs: Number.POSITIVE_INFINITY }
}

const returnMs = ({ losses }: Reach): number => (losses <= 1 ? 0 : Math.min(MOST_RETURN_MS, RETURN_MS * 2 ** (losses - 2)))
