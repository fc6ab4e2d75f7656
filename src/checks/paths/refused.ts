// What the active gateways do not take of other clusters' objects, and says why.
import { refusedAmong } from '../../model/gateway-status.ts'
import { sanitise } from '../../model/names.ts'
import type { Cluster, Endpoint } from '../../model/resources.ts'
import { activeGateways, type Look } from '../look.ts'

/** The refusals that tell of one cluster's objects: by what is known of them here, and by the names that it must give them. */
export function refusedOfCluster(seen: Look, id: string): readonly string[] {
  const mine = [...seen.clusters, ...seen.endpoints].filter(({ spec }) => spec?.cluster_id === id)
  return among(seen, [`Cluster "${sanitise(id)}"`, ...mine.map(nameOf)])
}

/** Whether an active gateway says that it does not take the object. */
export const isRefused = (seen: Look, object: Cluster | Endpoint): boolean => among(seen, [nameOf(object)]).length > 0

const nameOf = ({ kind, metadata }: Cluster | Endpoint): string => `${kind} "${metadata.name}"`
const among = (seen: Look, objects: readonly string[]): readonly string[] => [
  ...new Set(activeGateways(seen).flatMap(({ metadata }) => refusedAmong(metadata.annotations, objects))),
]
