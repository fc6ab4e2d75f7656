// What the active gateways do not take of other clusters' objects, and says why.
import { refusalText } from '../../model/decode.ts'
import { clusterNamed, refusedAmong } from '../../model/gateway-status.ts'
import type { Cluster, Endpoint } from '../../model/resources.ts'
import { activeGateways, type Look } from '../look.ts'

/** The refusals that tell of one cluster's objects, as lines: by what is known of them here, and by the names that it must give them. */
export const refusedOfCluster = (seen: Look, id: string): readonly string[] =>
  among(seen, [clusterNamed(id), ...[...seen.clusters, ...seen.endpoints].filter(({ spec }) => spec?.cluster_id === id)])

/** Whether an active gateway says that it does not take the object. */
export const isRefused = (seen: Look, object: Cluster | Endpoint): boolean => among(seen, [object]).length > 0

const among = (seen: Look, objects: Parameters<typeof refusedAmong>[1]): readonly string[] => [
  ...new Set(activeGateways(seen).flatMap(({ metadata }) => refusedAmong(metadata.annotations, objects).map(refusalText))),
]
