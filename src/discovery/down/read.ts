// The exports of the other clusters, from what each of them alone can write on the broker. What they share there is not asked.
import type { Refusal } from '../../model/decode.ts'
import {
  type EndpointSlice,
  EXPORTED_ANNOTATIONS,
  EXPORTED_LABELS,
  IS_HEADLESS,
  PUBLISH_NOT_READY,
  SERVICE_NAME,
  type ServiceImport,
  SOURCE_CLUSTER,
  SOURCE_NAMESPACE,
  TIMESTAMP_PREFIX,
} from '../../model/mcs.ts'
import { decodeClusterImport, decodeSharedImport, decodeSlice } from '../../model/mcs-decode.ts'
import { CLUSTER_LABEL } from '../../model/names.ts'
import { ANNOTATION_VALUE, LABEL_VALUE, readTable } from '../service/exported.ts'
import { unionOfPorts } from '../service/ports.ts'
import { keyText, type Port, portOf, type Share, type Slice, specParts } from '../service/share.ts'
import { identityOf } from '../up/shared.ts'
import { readTimestamp, sharedName } from '../up/wire.ts'

export interface BrokerObjects {
  readonly imports: readonly ServiceImport[]
  readonly slices: readonly EndpointSlice[]
}
export interface BrokerShares {
  /** By `namespace/name`. */
  readonly shares: ReadonlyMap<string, readonly Share[]>
  readonly refused: readonly Refusal[]
}

/** A cluster that has more EndpointSlices of a service has its first ones taken, by name. */
export const MOST_SLICES = 100

interface Parts {
  readonly cluster: string
  readonly namespace: string
  readonly name: string
  /** `namespace/name`. */
  readonly service: string
  own: ServiceImport | undefined
  readonly slices: EndpointSlice[]
}

/** Reads those of all clusters but this one: of all services, or of some with all that belongs to them. */
export function readShares(clusterId: string, { imports, slices }: BrokerObjects): BrokerShares {
  const refused: Refusal[] = [...imports, ...slices].flatMap((object) => contradiction(clusterId, object) ?? [])
  const shares: Share[] = []
  for (const one of partsOf(imports, slices, { clusterId, refused }).values()) {
    const share = shareOf(one, imports)
    if (share !== undefined) shares.push(share)
    if (one.slices.length > MOST_SLICES) refused.push(tooMany(`EndpointSlices of ${one.service} in cluster ${one.cluster}`, MOST_SLICES))
  }
  return { shares: Map.groupBy(shares, keyText), refused }
}

/** What carries this cluster's label is its own where it says the same as its source. This cluster may not remove what does not: an admin of the broker has made it. */
export const isOfCluster = (clusterId: string, { metadata: { labels } }: ServiceImport | EndpointSlice): boolean =>
  labels?.[CLUSTER_LABEL] === clusterId && labels[SOURCE_CLUSTER] === clusterId

function contradiction(clusterId: string, object: ServiceImport | EndpointSlice): Refusal | undefined {
  const { labels, namespace, name } = object.metadata
  if (labels?.[CLUSTER_LABEL] !== clusterId || isOfCluster(clusterId, object)) return undefined
  return {
    object: `${object.kind} ${JSON.stringify(`${namespace}/${name}`)} of the broker`,
    field: `metadata.labels["${SOURCE_CLUSTER}"]`,
    reason: `is ${labels[SOURCE_CLUSTER] === undefined ? 'missing' : JSON.stringify(labels[SOURCE_CLUSTER])}, and "${CLUSTER_LABEL}" is this cluster, ${clusterId}: no cluster takes it, and an admin of the broker alone can remove it`,
  }
}

/** Without those of clusters that have never joined: nothing of theirs can be reached, and they have no say in what a service is like. */
export function ofMembers({ shares, refused }: BrokerShares, isMember: (cluster: string) => boolean): BrokerShares {
  const all = [...shares.values()].flat()
  const strangers = all.filter(({ cluster }) => !isMember(cluster))
  if (strangers.length === 0) return { shares, refused }
  const more = strangers.map((share) => ({
    object: `service ${keyText(share)} of ${share.cluster}`,
    field: 'its cluster',
    reason: 'has neither Cluster nor Endpoint in this cluster: it has not joined, or has left',
  }))
  return {
    shares: Map.groupBy(
      all.filter(({ cluster }) => isMember(cluster)),
      keyText,
    ),
    refused: [...refused, ...more],
  }
}

const tooMany = (object: string, most: number): Refusal => ({
  object,
  field: 'their number',
  reason: `more than ${most}: the others are left out`,
})

interface Taking {
  readonly clusterId: string
  readonly refused: Refusal[]
}

/** The service that an object of one cluster is of, as its labels say. */
export const labelledService = ({ metadata: { labels } }: ServiceImport | EndpointSlice): string =>
  keyText({ namespace: labels?.[SOURCE_NAMESPACE] ?? '', name: labels?.[SERVICE_NAME] ?? '' })

/** What belongs together, by cluster and service. */
function partsOf(
  imports: readonly ServiceImport[],
  slices: readonly EndpointSlice[],
  { clusterId, refused }: Taking,
): ReadonlyMap<string, Parts> {
  const parts = new Map<string, Parts>()
  const at = (object: ServiceImport | EndpointSlice): Parts => {
    const { [SOURCE_CLUSTER]: cluster = '', [SOURCE_NAMESPACE]: namespace = '', [SERVICE_NAME]: name = '' } = object.metadata.labels ?? {}
    const service = labelledService(object)
    const key = `${cluster}/${service}`
    const one = parts.get(key) ?? { cluster, namespace, name, service, own: undefined, slices: [] }
    parts.set(key, one)
    return one
  }
  const isOthers = ({ metadata }: ServiceImport | EndpointSlice): boolean => (metadata.labels?.[CLUSTER_LABEL] ?? clusterId) !== clusterId
  for (const object of imports.filter(isOthers)) {
    const decoded = decodeClusterImport(object)
    if (!decoded.ok) refused.push(decoded.refusal)
    else {
      const there = at(decoded.value)
      if (there.own === undefined || newer(decoded.value, there.own)) there.own = decoded.value
    }
  }
  for (const object of slices.filter(isOthers)) {
    const decoded = decodeSlice(object)
    if (!decoded.ok) refused.push(decoded.refusal)
    else at(decoded.value).slices.push(decoded.value)
  }
  return parts
}

/** For the moment in which an export that was made anew stands beside its old self. */
const newer = (a: ServiceImport, b: ServiceImport): boolean =>
  `${a.metadata.creationTimestamp} ${a.metadata.name}` > `${b.metadata.creationTimestamp} ${b.metadata.name}`

/** What an older peer says of its age in the shared object, where only it can write it. */
function sharedTime(imports: readonly ServiceImport[], { cluster, service, name, namespace }: Parts): string | undefined {
  const shared = imports.find(
    ({ metadata }) => metadata.name === sharedName({ name, namespace }) && metadata.labels?.[CLUSTER_LABEL] === undefined,
  )
  const decoded = shared && decodeSharedImport(shared)
  if (decoded?.ok !== true || identityOf(decoded.value) !== service) return undefined
  return decoded.value.metadata.annotations?.[`${TIMESTAMP_PREFIX}${cluster}`]
}

function shareOf(parts: Parts, imports: readonly ServiceImport[]): Share | undefined {
  const { cluster, namespace, name, own, slices } = parts
  const sorted = [...slices].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).slice(0, MOST_SLICES)
  const taken = sorted.filter(({ addressType }) => addressType === 'IPv4')
  if (own === undefined && taken.length === 0) return undefined
  const since = readTimestamp(own?.metadata.annotations?.[`${TIMESTAMP_PREFIX}${cluster}`] ?? sharedTime(imports, parts))
  const said = own === undefined ? saidBySlices(taken) : saidByImport(own)
  // While the type changes some of them are still of the other one.
  const typed = taken.filter((slice) => isHeadless(slice) === (said.type === 'Headless')).map(sliceOf)
  return { cluster, namespace, name, since, ...said, slices: typed }
}

type Said = Omit<Share, 'cluster' | 'namespace' | 'name' | 'since' | 'slices'>

function saidByImport(own: ServiceImport): Said {
  const { annotations } = own.metadata
  return {
    ...specParts(own.spec),
    labels: readTable(annotations?.[EXPORTED_LABELS], LABEL_VALUE),
    annotations: readTable(annotations?.[EXPORTED_ANNOTATIONS], ANNOTATION_VALUE),
    publishNotReady: annotations?.[PUBLISH_NOT_READY] === 'true',
  }
}

/** What peers say that share nothing else of their own. */
function saidBySlices(slices: readonly EndpointSlice[]): Said {
  const headless = slices.some(isHeadless)
  return {
    type: headless ? 'Headless' : 'ClusterSetIP',
    ports: headless ? [] : unionOfPorts(slices.map((slice) => ({ ports: portsOf(slice) }))),
    sessionAffinity: 'None',
    affinityTimeout: undefined,
    internalTrafficPolicy: 'Cluster',
    trafficDistribution: '',
    ipFamilies: [],
    labels: {},
    annotations: {},
    publishNotReady: slices.some(({ metadata }) => metadata.annotations?.[PUBLISH_NOT_READY] === 'true'),
  }
}

const isHeadless = ({ metadata }: EndpointSlice): boolean => metadata.labels?.[IS_HEADLESS] === 'true'
const portsOf = ({ ports = [] }: EndpointSlice): readonly Port[] =>
  ports.flatMap(({ port, ...rest }) => (port === undefined ? [] : [portOf({ ...rest, port })]))
const sliceOf = ({ metadata, ports = [], endpoints }: EndpointSlice): Slice => ({ id: metadata.name, ports, backends: endpoints })
