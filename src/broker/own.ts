// A cluster's own objects in its own API: what the leading gateway makes true.
import type { Diff } from '../model/diff.ts'
import type { Cluster, Endpoint } from '../model/resources.ts'
import { content, keyOf, labelOf, over, type Shared } from './sync.ts'

export interface OwnView {
  readonly clusterId: string
  /** Every Cluster and Endpoint of the namespace, as read. */
  readonly local: readonly Shared[]
  /** Without labels; annotations that objects have besides are kept. */
  readonly cluster: Cluster
  /** Annotations of that Cluster that are to be gone. */
  readonly without?: readonly string[]
  /** The leading gateway's, once it may be published: then it is the only one. */
  readonly endpoint: Endpoint | undefined
}

export function planOwn({ clusterId, local, cluster, without = [], endpoint }: OwnView): Diff<Shared> {
  const there = (wanted: Shared): Shared | undefined =>
    local.find(({ kind, metadata }) => metadata.name === wanted.metadata.name && kind === wanted.kind)
  const wanted = [cluster, ...(endpoint === undefined ? [] : [endpoint])].map((object) => {
    const old = there(object)
    const kept = Object.entries(old?.metadata.annotations ?? {}).filter(([key]) => object !== cluster || !without.includes(key))
    const annotations = { ...Object.fromEntries(kept), ...object.metadata.annotations }
    return over(old, { ...object, metadata: { ...object.metadata, labels: {}, annotations } } as Shared)
  })
  const keys = new Set(wanted.map(keyOf))
  const isOther = (object: Shared): boolean =>
    labelOf(object) === undefined &&
    object.spec?.cluster_id === clusterId &&
    !keys.has(keyOf(object)) &&
    (object.kind === 'Cluster' || endpoint !== undefined)
  return {
    put: wanted.filter((object) => {
      const old = there(object)
      return old === undefined || content(old) !== content(object)
    }),
    drop: local.filter(isOther),
  }
}
