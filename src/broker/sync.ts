// What goes up to the broker and what comes down from it, as a function of both sides. Own objects go up with the cluster's label, the others'
// come down with theirs; an object with a label never goes up, one with our own never comes down, so nothing goes round.
import { canonical, remembered } from '../model/canonical.ts'
import { type Decoded, decodeCluster, decodeEndpoint, nameOf, type Refusal } from '../model/decode.ts'
import type { Diff } from '../model/diff.ts'
import { CLUSTER_LABEL, CLUSTER_UID, SINCE_ANNOTATION } from '../model/names.ts'
import type { Cluster, Endpoint, Meta } from '../model/resources.ts'

export type Shared = Cluster | Endpoint

export interface SyncView {
  readonly clusterId: string
  /** uid of this cluster's namespace kube-system; undefined where it may not be read: then nobody can tell us from another of our id. */
  readonly clusterUid: string | undefined
  /** Of the agents, here. */
  readonly namespace: string
  readonly brokerNamespace: string
  /** Every Cluster and Endpoint of the two namespaces, as read. */
  readonly local: readonly Shared[]
  readonly broker: readonly Shared[]
  /** Own objects that go up before they are here: the Endpoint of a gateway that is taking over, and both of a cluster that has none yet. */
  readonly ahead?: readonly Shared[]
  /** Whether own objects on the broker that are not here shall go; false in the middle of a hand-over. */
  readonly settled: boolean
  /** The broker answers but has lost its data: copies of clusters that have not published again yet are kept. */
  readonly brokerLost: boolean
}

export interface SyncPlan {
  /** Puts carry the resourceVersion of what they replace. */
  readonly up: Diff<Shared>
  readonly down: Diff<Shared>
  readonly refused: readonly Refusal[]
  /** Another cluster's Cluster object holds our id on the broker: nothing goes up. Its uid. */
  readonly duplicate: string | undefined
}

/** A cluster with more Endpoints than this has its newest copied alone. */
export const MOST_ENDPOINTS = 8

export function planSync(view: SyncView): SyncPlan {
  const duplicate = view.broker.find((object) => object.kind === 'Cluster' && isOwn(view, object) && isForeign(view, object))
  const { wanted, refused, doubtful } = wantedHere(view)
  return {
    up: duplicate === undefined ? planUp(view) : { put: [], drop: [] },
    down: planDown(view, wanted, doubtful),
    refused,
    duplicate: duplicate?.metadata.annotations?.[CLUSTER_UID],
  }
}

export const keyOf = remembered(({ kind, metadata }: Shared): string => `${kind} ${metadata.name}`)
export const labelOf = ({ metadata }: Shared): string | undefined => metadata.labels?.[CLUSTER_LABEL]
/** Whether label and spec say this cluster's id: a label alone does not make another cluster's object ours. */
export const isOwn = ({ clusterId }: Pick<SyncView, 'clusterId'>, object: Shared): boolean =>
  labelOf(object) === clusterId && object.spec?.cluster_id === clusterId
/** Whether another cluster than this one has written it, though it carries our id. */
function isForeign(view: SyncView, { metadata }: Shared): boolean {
  const uid = metadata.annotations?.[CLUSTER_UID]
  return uid !== undefined && view.clusterUid !== undefined && uid !== view.clusterUid
}

const decode = (object: Shared): Decoded<Shared> => (object.kind === 'Cluster' ? decodeCluster(object) : decodeEndpoint(object))

function planUp(view: SyncView): Diff<Shared> {
  const own = view.local.filter((object) => labelOf(object) === undefined && object.spec?.cluster_id === view.clusterId)
  // Before our Cluster is here nothing is known of what shall be there, but for what is said to go ahead.
  const isHere = own.some(({ kind }) => kind === 'Cluster')
  const wanted = [...(isHere ? own : []), ...(view.ahead ?? [])].filter((object) => decode(object).ok).map((object) => upload(view, object))
  return planSide(wanted, view.broker, (there) => isHere && view.settled && isOwn(view, there) && !isForeign(view, there))
}

function planDown(view: SyncView, wanted: readonly Shared[], doubtful: ReadonlySet<string>): Diff<Shared> {
  const published = view.brokerLost ? new Set(view.broker.map((object) => `${object.kind} ${labelOf(object)}`)) : undefined
  return planSide(wanted, view.local, (copy) => {
    const label = labelOf(copy)
    if (label === undefined || doubtful.has(keyOf(copy))) return false
    return published === undefined || label === view.clusterId || published.has(`${copy.kind} ${label}`)
  })
}

/** One side's changes: what differs is put over what is there; what is there, is not wanted and may go is dropped. */
function planSide(wanted: readonly Shared[], there: readonly Shared[], mayGo: (object: Shared) => boolean): Diff<Shared> {
  const desired = new Map(wanted.map((object) => [keyOf(object), object]))
  const actual = new Map<string, Shared>()
  const drop: Shared[] = []
  for (const object of there) {
    const key = keyOf(object)
    if (desired.has(key)) actual.set(key, object)
    else if (mayGo(object)) drop.push(object)
  }
  const put = [...desired].flatMap(([key, object]) => {
    const old = actual.get(key)
    return old !== undefined && content(old) === content(object) ? [] : [over(old, object)]
  })
  return { put, drop }
}

export const content = remembered(({ metadata: { labels = {}, annotations = {} }, spec }: Shared) =>
  canonical({ labels, annotations, spec }),
)

/** The object with the identity of the one that it replaces. */
export const over = <T extends Shared>(old: Shared | undefined, object: T): T => ({
  ...object,
  metadata: { ...old?.metadata, ...object.metadata },
})

/** Annotations of ours that mean something in one place only. */
const carried = (annotations: Meta['annotations']): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !/^(submariner\.io|kubectl\.kubernetes\.io)\//.test(key)))

function upload(view: SyncView, { apiVersion, kind, metadata, spec }: Shared): Shared {
  const uid = view.clusterUid === undefined ? {} : { [CLUSTER_UID]: view.clusterUid }
  const meta: Meta = {
    name: metadata.name,
    namespace: view.brokerNamespace,
    labels: { ...metadata.labels, [CLUSTER_LABEL]: view.clusterId },
    annotations: { ...carried(metadata.annotations), ...uid },
  }
  return { apiVersion, kind, metadata: meta, spec } as Shared
}

interface Wanted {
  readonly wanted: readonly Shared[]
  readonly refused: readonly Refusal[]
  /** Keys of copies whose origin is there but not understood: what was last good stays. */
  readonly doubtful: ReadonlySet<string>
}

function wantedHere(view: SyncView): Wanted {
  const copies = new Map(view.local.map((object) => [keyOf(object), object]))
  const refused: Refusal[] = []
  const doubtful = new Set<string>()
  const good: Shared[] = []
  for (const object of view.broker) {
    const judged = judgeThere(view, object)
    if (judged === undefined) continue
    if (judged.ok) good.push(judged.value)
    else {
      doubtful.add(keyOf(object))
      refused.push(judged.refusal)
    }
  }
  const few = newest(good, refused)
  return { wanted: few.map((object) => downloads(object)(view.namespace, copies.get(keyOf(object)))), refused, doubtful }
}

/** What an object of the broker is to us; undefined: it says nothing of another cluster. */
function judgeThere(view: SyncView, object: Shared): Decoded<Shared> | undefined {
  const label = labelOf(object)
  if (label === undefined) return undefined
  const refuse = (field: string, reason: string): Decoded<Shared> => ({
    ok: false,
    refusal: { object: nameOf(object.kind, object), field, reason },
  })
  if (isOwn(view, object))
    return object.kind === 'Endpoint' && isForeign(view, object)
      ? refuse(`metadata.annotations[${CLUSTER_UID}]`, `another cluster has written it under this cluster’s id: ignored, and left there`)
      : undefined
  const decoded = decode(object)
  if (!decoded.ok) return decoded
  const { cluster_id } = decoded.value.spec
  return cluster_id === label
    ? decoded
    : refuse(
        `metadata.labels[${CLUSTER_LABEL}]`,
        `says ${plainId(label)}, spec.cluster_id says ${cluster_id}: ignored until it is put right on the broker`,
      )
}
const plainId = (label: string): string => JSON.stringify(label.slice(0, 63)).replaceAll(/[^\x20-\x7e]/g, '?')

/** What an object of the broker is here; made again only where its copy is another one. */
const downloads = remembered((object: Shared) => {
  let last: { readonly copy: Shared | undefined; readonly namespace: string; readonly made: Shared } | undefined
  return (namespace: string, copy: Shared | undefined): Shared => {
    if (last === undefined || last.copy !== copy || last.namespace !== namespace)
      last = { copy, namespace, made: download(namespace, object, copy) }
    return last.made
  }
})

/** At most so many Endpoints of one cluster: a member that publishes thousands shall not fill every other's API. */
function newest(objects: readonly Shared[], refused: Refusal[]): readonly Shared[] {
  const byCluster = Map.groupBy(
    objects.filter(({ kind }) => kind === 'Endpoint'),
    (object) => object.spec.cluster_id,
  )
  const born = ({ metadata }: Shared): string => metadata.creationTimestamp ?? ''
  const few = [...byCluster].flatMap(([id, endpoints]) => {
    if (endpoints.length <= MOST_ENDPOINTS) return endpoints
    refused.push({
      object: `Endpoints of cluster ${id}`,
      field: 'their number',
      reason: `more than ${MOST_ENDPOINTS}: the newest count`,
    })
    return endpoints
      .sort((a, b) => (born(a) > born(b) ? -1 : born(a) < born(b) ? 1 : a.metadata.name < b.metadata.name ? -1 : 1))
      .slice(0, MOST_ENDPOINTS)
  })
  return [...objects.filter(({ kind }) => kind === 'Cluster'), ...few]
}

function download(namespace: string, { apiVersion, kind, metadata, spec }: Shared, copy: Shared | undefined): Shared {
  const known = [copy?.metadata.annotations?.[SINCE_ANNOTATION], metadata.creationTimestamp].filter((time) => time !== undefined).sort()
  const meta: Meta = {
    name: metadata.name,
    namespace,
    labels: { [CLUSTER_LABEL]: spec.cluster_id },
    annotations: { ...plain(carried(metadata.annotations)), ...(known[0] !== undefined && { [SINCE_ANNOTATION]: known[0] }) },
  }
  return { apiVersion, kind, metadata: meta, spec } as Shared
}

/** A few short annotations of printable text; others stay on the broker. */
const plain = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations)
      .filter(
        ([key, value]) =>
          /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(key) && /^[\x20-\x7e]{0,256}$/.test(value),
      )
      .slice(0, 16),
  )
