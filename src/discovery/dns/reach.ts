import type { Clock } from '../../system/clock.ts'
import type { GatewayWord } from './objects.ts'

export interface ReachOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told of each change: the clusters that can be reached; undefined where nobody says. */
  readonly onChange: (clusters: ReadonlySet<string> | undefined) => void
}

/** A cluster is out of answers once the gateways have been without it for so long: not while one gateway takes over from another. It is back at once. */
const HOLD_MS = 1_000

/**
 * Which clusters can be reached, from what all Gateways say, as they say it. Without Gateways all can. While none of them is active, as between two, what
 * was known last stays.
 */
export function openReach({ clock, signal, onChange }: ReachOptions): (words: readonly GatewayWord[]) => void {
  const missingSince = new Map<string, number>()
  let known: ReadonlySet<string> | undefined
  let connected: ReadonlySet<string> = new Set()

  const publish = (next: ReadonlySet<string> | undefined): void => {
    const isSame = textOf(next) === textOf(known)
    known = next
    if (!isSame) onChange(next)
  }
  const judge = (): void => {
    const isHeld = (cluster: string): boolean => clock.now() - (missingSince.get(cluster) ?? 0) < HOLD_MS
    for (const cluster of missingSince.keys()) if (!isHeld(cluster)) missingSince.delete(cluster)
    publish(new Set([...connected, ...missingSince.keys()]))
  }
  return (words) => {
    const active = words.flatMap((word) => (word.connected === undefined ? [] : [word.connected]))
    if (words.length === 0) missingSince.clear()
    if (words.length === 0) return publish(undefined)
    if (active.length === 0) return
    connected = new Set(active.flat())
    for (const cluster of connected) missingSince.delete(cluster)
    const lost = [...(known ?? [])].filter((cluster) => !connected.has(cluster) && !missingSince.has(cluster))
    for (const cluster of lost) missingSince.set(cluster, clock.now())
    if (lost.length > 0) void clock.sleep(HOLD_MS, signal).then(() => known !== undefined && judge())
    judge()
  }
}

const textOf = (clusters: ReadonlySet<string> | undefined): string | undefined => clusters && [...clusters].sort().join()
