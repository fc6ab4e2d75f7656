// EndpointSlices of an import: those of other clusters after vetting, and this cluster's own pods.
import type { Refusal } from '../../model/decode.ts'
import {
  type Backend,
  type EndpointSlice,
  IMPORTED,
  IS_HEADLESS,
  KUBE_SERVICE,
  LIGHTHOUSE,
  MANAGED_BY,
  PUBLISH_NOT_READY,
  SERVICE_ADDRESS,
  SERVICE_NAME,
  SOURCE_CLUSTER,
  SOURCE_NAMESPACE,
} from '../../model/mcs.ts'
import { type Cidr, contains, ipOrNone } from '../../model/net.ts'
import type { Merged } from '../service/merge.ts'
import { isSameNumber } from '../service/ports.ts'
import { keyText, type Port, type Share, type Slice } from '../service/share.ts'
import { isReady } from '../up/export.ts'
import { mark } from '../up/wire.ts'
import { derivedName, derivedPorts, podPorts, remotePorts } from './derived.ts'

export interface SlicesView {
  readonly clusterId: string
  readonly merged: Merged
  /** This cluster's own backends of the service. */
  readonly pods: readonly Slice[]
  /** The networks that a cluster advertises. */
  networksOf(cluster: string): readonly Cidr[]
  isReachable(cluster: string): boolean
  readonly isLocalFirst: boolean
  /** The ServiceImport. */
  readonly owner: unknown
}
export interface ImportSlices {
  readonly slices: readonly EndpointSlice[]
  readonly refused: readonly Refusal[]
  readonly leftOut: readonly LeftOut[]
}
/** What is not taken of a cluster's addresses of a service. */
export interface LeftOut {
  readonly cluster: string
  readonly addresses: number
  /** Of the first of them. */
  readonly reason: string
}

export function importSlices(view: SlicesView): ImportSlices {
  const { merged, clusterId, pods } = view
  const refused: Refusal[] = []
  const leftOut: LeftOut[] = []
  const alike = merged.shares.filter(({ type }) => type === merged.type)
  const own = alike.find(({ cluster }) => cluster === clusterId)
  const maps = { derived: derivedPorts(merged.ports), own: own?.ports ?? [] }
  const near =
    own !== undefined && view.isLocalFirst && merged.type === 'ClusterSetIP' ? own.ports.filter((port) => isServed(port, pods)) : []
  // What the others get of a service is its address alone.
  const address = own?.slices[0]?.backends[0]?.addresses[0]
  const slices = alike.flatMap((share) => {
    if (share.cluster === clusterId)
      return pods.map((slice) => {
        const ports = merged.type === 'Headless' ? slice.ports : podPorts(maps, slice.ports)
        return sliceObject(view, share, { ...slice, ports }, { isUsed: true, service: merged.type === 'Headless' ? undefined : address })
      })
    const vetted = share.slices.map((slice) => vetSlice(slice, share.cluster, view.networksOf(share.cluster)))
    const [first, ...more] = vetted.flatMap((one) => one.refused)
    if (first !== undefined) {
      refused.push(first, ...more)
      leftOut.push({ cluster: share.cluster, addresses: 1 + more.length, reason: first.reason })
    }
    return vetted.map(({ slice }) => remoteSlice(view, share, slice, { derived: maps.derived, near }))
  })
  return { slices, refused, leftOut }
}

/** Whether a backend that is ready has the port, which goes by its name in the Service. */
const isServed = ({ name, protocol }: Port, slices: readonly Slice[]): boolean =>
  slices.some(
    ({ ports, backends }) =>
      backends.some(isReady) &&
      ports.some((one) => (one.name ?? '') === name && (one.protocol ?? 'TCP') === protocol && one.port !== undefined),
  )

export const hasReady = (slices: readonly Slice[]): boolean => slices.some(({ backends }) => backends.some(isReady))

interface Use {
  readonly derived: readonly Port[]
  /** Ports that this cluster's own pods serve first. */
  readonly near: readonly Port[]
}
function remoteSlice(view: SlicesView, share: Share, slice: Slice, { derived, near }: Use): EndpointSlice {
  const isReachable = view.isReachable(share.cluster)
  const backends = slice.backends.map((backend) => ({ ...backend, conditions: seenConditions(backend, isReachable) }))
  if (share.type === 'Headless') return sliceObject(view, share, { ...slice, backends }, { isUsed: false })
  const ports = remotePorts({ derived, own: [] }, slice.ports)
  const used = ports.filter(({ protocol = 'TCP', port = 0 }) => !near.some((one) => isSameNumber(one, { protocol, port })))
  return sliceObject(view, share, { ...slice, backends, ports: used.length === 0 ? ports : used }, { isUsed: used.length > 0 })
}

/** What a backend is when its cluster may be out of reach. `serving` keeps what it said itself. */
function seenConditions({ conditions = {} }: Backend, isReachable: boolean): NonNullable<Backend['conditions']> {
  const wasReady = conditions.ready ?? true
  return { ready: wasReady && isReachable, serving: conditions.serving ?? wasReady, terminating: conditions.terminating ?? false }
}

/**
 * Ends the name of a slice that kube-proxy is not to see. It tells what a slice is of by the label `kubernetes.io/service-name` alone, and keeps for ever what it
 * had of one that has lost the label, also once that is deleted: so no slice loses it, but another one takes its place.
 */
const ASIDE = '-aside'
/** Whose backends a copy has. */
export const clusterOf = ({ metadata }: EndpointSlice): string => metadata.labels?.[SOURCE_CLUSTER] ?? ''

/** What the name of a slice and that of the one in its place have in common. */
export const nameBeforeAside = (name: string): string => (name.endsWith(ASIDE) ? name.slice(0, -ASIDE.length) : name)

export interface Reseen {
  readonly isReachable: boolean
  /** The derived Service, where this cluster's own backends do not come first; undefined: as it was. */
  readonly service: string | undefined
}
/** The same for a copy whose origin is not known at the moment. */
export function reseen(slice: EndpointSlice, { isReachable, service }: Reseen): EndpointSlice {
  const { labels = {}, annotations } = slice.metadata
  const isAlways = annotations?.[PUBLISH_NOT_READY] === 'true'
  const endpoints = (slice.endpoints ?? []).map((backend) => {
    const { serving = true, terminating = false } = backend.conditions ?? {}
    return { ...backend, conditions: { ready: isReachable && (isAlways || (serving && !terminating)), serving, terminating } }
  })
  const isUsed = service !== undefined && labels[IS_HEADLESS] === 'false'
  if (!isUsed) return { ...slice, endpoints }
  const { name: there, uid: _, resourceVersion: __, generation: ___, creationTimestamp: ____, ...kept } = slice.metadata
  const name = nameBeforeAside(there)
  return {
    ...slice,
    endpoints,
    metadata: { ...(name === there ? slice.metadata : { ...kept, name }), labels: { ...labels, [KUBE_SERVICE]: service } },
  }
}

interface Vetted {
  readonly slice: Slice
  readonly refused: readonly Refusal[]
}
/** Backends of a cluster lie in its own networks, or are none. */
function vetSlice(slice: Slice, cluster: string, networks: readonly Cidr[]): Vetted {
  const isInside = (text: string): boolean => ipOrNone(text).some((ip) => networks.some((network) => contains(network, ip)))
  const refused = slice.backends.flatMap(({ addresses }, i): readonly Refusal[] => {
    const wrong = addresses.find((address) => !isInside(address))
    if (wrong === undefined) return []
    return [
      {
        object: `EndpointSlice ${JSON.stringify(slice.id)}`,
        field: `endpoints[${i}]`,
        reason: `${wrong} lies in no network of cluster ${cluster}`,
      },
    ]
  })
  const backends = refused.length === 0 ? slice.backends : slice.backends.filter(({ addresses }) => addresses.every(isInside))
  return { slice: { ...slice, backends }, refused }
}

function sliceObject(
  view: SlicesView,
  share: Share,
  { id, ports, backends }: Slice,
  { isUsed, service }: { readonly isUsed: boolean; readonly service?: string | undefined },
): EndpointSlice {
  const { merged, owner } = view
  const isHeadless = merged.type === 'Headless'
  const isSeen = isUsed && !isHeadless
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${merged.name}-${mark(keyText(merged), share.cluster, id)}${isSeen ? '' : ASIDE}`,
      namespace: merged.namespace,
      labels: {
        [IMPORTED]: 'true',
        [SERVICE_NAME]: merged.name,
        [SOURCE_NAMESPACE]: merged.namespace,
        [SOURCE_CLUSTER]: share.cluster,
        [IS_HEADLESS]: String(isHeadless),
        [MANAGED_BY]: LIGHTHOUSE,
        ...(isSeen && { [KUBE_SERVICE]: derivedName(merged) }),
      },
      annotations: { [PUBLISH_NOT_READY]: String(share.publishNotReady), ...(service !== undefined && { [SERVICE_ADDRESS]: service }) },
      ownerReferences: [owner],
    },
    addressType: 'IPv4',
    endpoints: backends,
    // Names are unique, or the API server refuses the object.
    ports: ports.filter(({ name = '' }, i) => ports.findIndex((other) => (other.name ?? '') === name) === i),
  }
}
