// Clusters that are known here and not to the broker any more: who has gone, or whose objects the broker has lost.
import { nameOf } from '../../model/decode.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL, KEPT_UNTIL } from '../../model/names.ts'
import type { Verdict } from '../check.ts'
import { isOwn, type Look, remoteIds } from '../look.ts'
import type { CheckContext } from '../subject.ts'

export interface Membership {
  /** Ids of clusters that the broker has a Cluster object of. */
  readonly members: readonly string[]
  /** Ids of clusters that this one has copies of, and the broker nothing at all. */
  readonly departed: readonly string[]
  /** Ids of the clusters that the broker's objects are of, by kind and name as refusals have them. */
  readonly owners: ReadonlyMap<string, string>
}

export async function membership(context: CheckContext, seen: Look): Promise<Membership> {
  const broker = await context.broker()
  const namespace = seen.settings.BROKER_K8S_REMOTENAMESPACE ?? BROKER_NAMESPACE
  const [clusters, endpoints] = await Promise.all([broker.list('Cluster', { namespace }), broker.list('Endpoint', { namespace })])
  const members = clusters.items.flatMap(({ spec }) => spec?.cluster_id ?? [])
  const there = new Set([...members, ...endpoints.items.map(({ spec }) => spec?.cluster_id)])
  const owners = [...clusters.items, ...endpoints.items].flatMap((object) => {
    const id = object.metadata.labels?.[CLUSTER_LABEL]
    return id === undefined ? [] : [[nameOf(object.kind, object), id] as const]
  })
  return { members, departed: remoteIds(seen).filter((id) => !there.has(id)), owners: new Map(owners) }
}

/** As membership() has them; none where the broker does not say. */
export async function departedIds(context: CheckContext, seen: Look): Promise<readonly string[]> {
  try {
    return (await membership(context, seen)).departed
  } catch {
    return []
  }
}

/** What it means that copies of these are still here. */
export function copiesKept(seen: Look, departed: readonly string[], nowMs: number): Verdict {
  const [own] = seen.clusters.filter((cluster) => isOwn(seen, cluster))
  const until = own?.metadata.annotations?.[KEPT_UNTIL]
  const reason = `the broker no longer has ${departed.join(', ')}`
  if (until === undefined || !(Date.parse(until) > nowMs))
    return {
      is: 'failed',
      reason: `${reason}, this cluster still has copies`,
      hint: 'see the log of the engine on the active gateway: it alone removes them',
    }
  return {
    is: 'warning',
    reason: `${reason}; this cluster keeps copies until ${until}`,
    hint: 'wait: the broker had lost this cluster’s own objects too, and who has not come back by then is let go',
  }
}
