// The judge with a memory: where little has changed among many that nobody contests, only those who have changed are judged anew.
import { decodeCluster, decodeEndpoint, type Refusal } from './decode.ts'
import type { OwnNetworks } from './remote.ts'
import type { Cluster, Endpoint } from './resources.ts'
import { collect, type Judged, judgeAll, judgeMember, type Member, memberOf, type vet, vettedOf } from './vet.ts'

/** With more objects than this that are others now, judging all costs no more. */
const MOST_CHANGED = 8

/** A function that gives what vet() gives. An object that it was given must never change: others take its place. */
export function openVet(): typeof vet {
  let last: Judged | undefined
  return (own, clusters, endpoints) => {
    const before = last
    last = undefined
    const now = (before && judgeAgain(before, own, clusters, endpoints)) ?? judgeAll(own, clusters, endpoints)
    last = now
    return vettedOf(now)
  }
}

/**
 * The same as from the beginning, or undefined where it takes that to know. While nobody is refused anything all claims are free of each other, whoever
 * came first; and they are so again if the changed ones, judged as the last to come, are refused nothing. What was judged before is of no use afterwards.
 */
function judgeAgain(before: Judged, own: OwnNetworks, clusters: readonly unknown[], endpoints: readonly unknown[]): Judged | undefined {
  if (own !== before.own || before.judge.refused.length > 0) return undefined
  const judge = { ...before.judge, refused: [] as Refusal[] }
  const changed = new Map<Cluster | Endpoint, Cluster | Endpoint>()
  if (!changesIn(before.clusters, clusters, decodeCluster, changed) || !changesIn(before.endpoints, endpoints, decodeEndpoint, changed))
    return undefined
  for (const [old] of changed) if (old.spec.cluster_id === own.clusterId) changed.delete(old)
  const members = changed.size === 0 ? before.members : withChanges(before.members, changed)
  if (members === undefined) return undefined
  const isNew = members.map((member, i) => member !== before.members[i])
  members.forEach(({ id }, i) => {
    if (!isNew[i]) return
    judge.claims.forget(id)
    for (const [key, holder] of judge.dialled) if (holder === id) judge.dialled.delete(key)
  })
  const remotes = before.remotes.map((remote, i) => {
    const member = members[i]
    return member === undefined || !isNew[i] ? remote : judgeMember(judge, member)
  })
  return judge.refused.length > 0 ? undefined : { own, clusters, endpoints, judge, members, remotes }
}

/** Notes which object has taken the place of which; false where they are not few, not good, or not of the same cluster. */
function changesIn<T extends Cluster | Endpoint>(
  before: readonly unknown[],
  after: readonly unknown[],
  decode: Parameters<typeof collect<T>>[1],
  changed: Map<Cluster | Endpoint, Cluster | Endpoint>,
): boolean {
  if (before === after) return true
  if (before.length !== after.length) return false
  for (const [i, object] of after.entries()) {
    if (object === before[i]) continue
    const [old, now] = [before[i], object].map((input) => collect([input], decode, [])[0])
    if (old === undefined || now === undefined || old.spec.cluster_id !== now.spec.cluster_id) return false
    changed.set(old, now)
    if (changed.size > MOST_CHANGED) return false
  }
  return true
}

/** The members with the changed objects; undefined where one of those is nobody's, or a member would stand elsewhere among the others. */
function withChanges(
  members: readonly Member[],
  changed: ReadonlyMap<Cluster | Endpoint, Cluster | Endpoint>,
): readonly Member[] | undefined {
  const ids = new Set([...changed.keys()].map(({ spec }) => spec.cluster_id))
  let placed = 0
  const place = <T extends Cluster | Endpoint>(object: T): T => {
    const now = changed.get(object)
    if (now !== undefined) placed += 1
    return (now ?? object) as T
  }
  const after = members.map((member) => {
    if (!ids.has(member.id)) return member
    const { id, cluster, endpoints } = member
    return memberOf(id, cluster && place(cluster), endpoints.map(place))
  })
  return placed === changed.size && after.every(({ rank }, i) => rank === members[i]?.rank) ? after : undefined
}
