// Backends that count as ready though their cluster is not reached, by the rule that agents of services and DNS servers go by.
import { nodeWords, wordsOf } from '../../model/reach-words.ts'
import { isRenewed } from '../lease.ts'
import { activeGateways, type Look } from '../look.ts'
import type { CheckContext } from '../subject.ts'
import type { Exchange } from './exchange.ts'

/** One sentence for each cluster. Whether a gateway leads is looked at where it matters alone: it takes a term of the lease. */
export async function unreachedOnes(
  context: CheckContext,
  seen: Look,
  { behind }: Pick<Exchange, 'behind'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const led = wordsOf(seen.gateways)
  if (led === undefined) return []
  const alone = wordsOf(seen.gateways, seen.routeAgents.map(nodeWords)) ?? led
  const ready = Map.groupBy(
    behind.filter(({ cluster, isReady }) => isReady && cluster !== seen.clusterId && alone.get(cluster) !== 'connected'),
    ({ cluster }) => cluster,
  )
  const isDoubted = (cluster: string): boolean => led.get(cluster) === 'connected'
  const isLed = [...ready.keys()].some(isDoubted) && (seen.lease === undefined || (await isRenewed(context, seen.lease, signal)))
  return [...ready].flatMap(([cluster, all]) => {
    const what = `${all.length} imports of ${cluster} count as ready`
    if (!isDoubted(cluster)) return [`${what}, and no gateway is connected to it`]
    return isLed ? [] : [`${what}, and no gateway leads, and no other node reaches it`]
  })
}

/** What active Gateways call connected, and no node other than theirs reaches: what they say may be old. */
export function doubtedOnes(seen: Look): readonly string[] {
  const [led, alone] = [wordsOf(seen.gateways), wordsOf(seen.gateways, seen.routeAgents.map(nodeWords))]
  const names = activeGateways(seen)
    .map(({ metadata }) => metadata.name)
    .join(', ')
  return [...(led ?? [])].flatMap(([cluster, word]) =>
    word === 'connected' && alone?.get(cluster) === 'failed'
      ? [
          `${names} says connected to ${cluster}, and no other node reaches it: \`subctl show route-agents\`; \`subctl verify\` tells whether it leads`,
        ]
      : [],
  )
}
