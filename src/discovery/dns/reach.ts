import { type NodeWords, type Words, wordsOf } from '../../model/reach-words.ts'
import type { Clock } from '../../system/clock.ts'
import { judgeReach, type Reaches } from '../reach.ts'

export interface ReachOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told of each change: the clusters that can be reached; undefined where nobody says. */
  readonly onChange: (clusters: ReadonlySet<string> | undefined) => void
}

/**
 * Which clusters can be reached, from all Gateways and, while nobody leads them, from what the nodes say, as they change. Without Gateways all can. While none of them is active, as between two, what was known
 * last stays; a cluster of which none of them has ever spoken cannot be reached.
 */
export function openReach({ clock, signal, onChange }: ReachOptions): (gateways: readonly object[], nodes?: readonly NodeWords[]) => void {
  let reaches: Reaches = new Map()
  let words: Words | undefined
  let known: string | undefined

  const publish = (clusters: readonly string[] | undefined): void => {
    const text = clusters && [...clusters].sort().join()
    if (text === known) return
    known = text
    onChange(clusters && new Set(clusters))
  }
  const judge = (): void => {
    const judged = judgeReach(reaches, [...reaches.keys(), ...(words?.keys() ?? [])], words, clock.now())
    reaches = judged.reaches
    if (judged.nextMs !== Number.POSITIVE_INFINITY) void clock.sleep(judged.nextMs, signal).then(() => signal.aborted || judge())
    if (words !== undefined) publish([...reaches].flatMap(([id, { isReachable }]) => (isReachable ? [id] : [])))
  }
  return (gateways, nodes) => {
    words = wordsOf(gateways, nodes)
    if (gateways.length > 0) return judge()
    reaches = new Map()
    publish(undefined)
  }
}
