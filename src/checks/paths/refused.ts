// What the active gateways do not take of other clusters' objects, and says why.
import { nameOf, refusalText } from '../../model/decode.ts'
import { clusterNamed, refusedAmong, refusedOf } from '../../model/gateway-status.ts'
import type { Cluster, Endpoint } from '../../model/resources.ts'
import { activeGateways, type Look } from '../look.ts'

/** The refusals that tell of one cluster's objects, as lines: by what is known of them here, and by the names that it must give them. */
export const refusedOfCluster = (seen: Look, id: string): readonly string[] =>
  among(seen, [clusterNamed(id), ...[...seen.clusters, ...seen.endpoints].filter(({ spec }) => spec?.cluster_id === id)])

export const REFUSED_HINT =
  'what was taken before stays in use; mend what that cluster publishes: compare its `subctl show endpoints` and settings, or take out one that is no member by `subctl forget ID`'

/** All that the active gateways do not take, as lines that say whose it is: by the broker's labels, else by the copies here. */
export function refusals(seen: Look, owners: ReadonlyMap<string, string>): readonly string[] {
  const copies = new Map([...seen.clusters, ...seen.endpoints].map((one) => [nameOf(one.kind, one), one.spec?.cluster_id]))
  const lines = activeGateways(seen).flatMap(({ metadata }) =>
    refusedOf(metadata.annotations).map((one) => {
      const owner = owners.get(one.object) ?? copies.get(one.object)
      return `${metadata.name} refuses ${refusalText({ ...one, object: `${one.object}${owner === undefined ? '' : ` of ${owner}`}` })}`
    }),
  )
  return [...new Set(lines)]
}

/** Whether an active gateway says that it does not take the object. */
export const isRefused = (seen: Look, object: Cluster | Endpoint): boolean => among(seen, [object]).length > 0

const among = (seen: Look, objects: Parameters<typeof refusedAmong>[1]): readonly string[] => [
  ...new Set(activeGateways(seen).flatMap(({ metadata }) => refusedAmong(metadata.annotations, objects).map(refusalText))),
]
