// The exports of the other clusters, from what each of them alone can write on the broker. What they share there is not asked.
import { remembered } from '../model/canonical.ts'
import type { Refusal } from '../model/decode.ts'
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
} from '../model/mcs.ts'
import { decodeClusterImport, decodeSharedImport, decodeSlice } from '../model/mcs-decode.ts'
import { CLUSTER_LABEL } from '../model/names.ts'
import { ANNOTATION_VALUE, LABEL_VALUE, readTable } from './exported.ts'
import { openMemo, sameItems } from './memo.ts'
import { unionOfPorts } from './merge.ts'
import { keyText, type Port, portOf, type Share, type Slice, specParts } from './share.ts'
import { readTimestamp } from './wire.ts'

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
/** A cluster with more exports has some of them left out: it shall not fill every other's API. */
export const MOST_SERVICES = 10_000

interface Parts {
  readonly cluster: string
  readonly namespace: string
  readonly name: string
  /** `namespace/name`. */
  readonly service: string
  own: ServiceImport | undefined
  readonly slices: EndpointSlice[]
}

/**
 * Reads those of all clusters but this one. Shares that nothing has changed are the same objects as before, so that what is made of them can be kept.
 */
export function openReader(clusterId: string): (objects: BrokerObjects) => BrokerShares {
  const memo = openMemo<Share | undefined>()
  let last: { readonly sources: readonly unknown[]; readonly read: BrokerShares } | undefined
  return ({ imports, slices }) => {
    if (last !== undefined && sameItems(last.sources, [imports, slices])) return last.read
    const refused: Refusal[] = []
    const parts = partsOf(imports, slices, { clusterId, refused })
    const times = sharedTimes(imports)
    const shares: Share[] = []
    for (const [key, one] of parts) {
      const said = times.get(one.service)?.[`${TIMESTAMP_PREFIX}${one.cluster}`]
      const share = memo.get(key, [one.own, said, ...one.slices], () => shareOf(one, said))
      if (share !== undefined) shares.push(share)
      if (one.slices.length > MOST_SLICES) refused.push(tooMany(`EndpointSlices of ${one.service} in cluster ${one.cluster}`, MOST_SLICES))
    }
    memo.next()
    last = { sources: [imports, slices], read: { shares: Map.groupBy(shares, keyText), refused } }
    return last.read
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

/** Where an object belongs. */
const placeOf = remembered(({ metadata }: ServiceImport | EndpointSlice) => {
  const { [SOURCE_CLUSTER]: cluster = '', [SOURCE_NAMESPACE]: namespace = '', [SERVICE_NAME]: name = '' } = metadata.labels ?? {}
  const service = keyText({ namespace, name })
  return { cluster, service, key: `${cluster}/${service}` }
})

/** What belongs together, by cluster and service. */
function partsOf(
  imports: readonly ServiceImport[],
  slices: readonly EndpointSlice[],
  { clusterId, refused }: Taking,
): ReadonlyMap<string, Parts> {
  const parts = new Map<string, Parts>()
  const counts = new Map<string, number>()
  const at = (object: ServiceImport | EndpointSlice): Parts | undefined => {
    const { key, service, cluster } = placeOf(object)
    const known = parts.get(key)
    if (known !== undefined) return known
    const count = (counts.get(cluster) ?? 0) + 1
    counts.set(cluster, count)
    if (count === MOST_SERVICES + 1) refused.push(tooMany(`services of cluster ${cluster}`, MOST_SERVICES))
    if (count > MOST_SERVICES) return undefined
    const { [SOURCE_NAMESPACE]: namespace = '', [SERVICE_NAME]: name = '' } = object.metadata.labels ?? {}
    const made: Parts = { cluster, namespace, name, service, own: undefined, slices: [] }
    parts.set(key, made)
    return made
  }
  const isOthers = ({ metadata }: ServiceImport | EndpointSlice): boolean => (metadata.labels?.[CLUSTER_LABEL] ?? clusterId) !== clusterId
  for (const object of imports.filter(isOthers)) {
    const decoded = decodeClusterImport(object)
    if (!decoded.ok) refused.push(decoded.refusal)
    const there = decoded.ok ? at(decoded.value) : undefined
    if (decoded.ok && there !== undefined && (there.own === undefined || newer(decoded.value, there.own))) there.own = decoded.value
  }
  for (const object of slices.filter(isOthers)) {
    const decoded = decodeSlice(object)
    if (!decoded.ok) refused.push(decoded.refusal)
    else at(decoded.value)?.slices.push(decoded.value)
  }
  return parts
}

/** For the moment in which an export that was made anew stands beside its old self. */
const newer = (a: ServiceImport, b: ServiceImport): boolean =>
  `${a.metadata.creationTimestamp} ${a.metadata.name}` > `${b.metadata.creationTimestamp} ${b.metadata.name}`

/** What older peers say of their age in the shared object, where only they can write it: by `namespace/name`, annotations. */
const sharedTimes = remembered((imports: readonly ServiceImport[]): ReadonlyMap<string, Readonly<Record<string, string>>> => {
  const shared = imports.filter(({ metadata }) => metadata.labels?.[CLUSTER_LABEL] === undefined)
  return new Map(
    shared.flatMap((object) => {
      const decoded = decodeSharedImport(object)
      if (!decoded.ok) return []
      const annotations = decoded.value.metadata.annotations ?? {}
      return [[keyText({ namespace: annotations[SOURCE_NAMESPACE] ?? '', name: annotations[SERVICE_NAME] ?? '' }), annotations] as const]
    }),
  )
})

function shareOf({ cluster, namespace, name, own, slices }: Parts, sharedTime: string | undefined): Share | undefined {
  const sorted = [...slices].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).slice(0, MOST_SLICES)
  const taken = sorted.filter(({ addressType }) => addressType === 'IPv4')
  if (own === undefined && taken.length === 0) return undefined
  const since = readTimestamp(own?.metadata.annotations?.[`${TIMESTAMP_PREFIX}${cluster}`] ?? sharedTime)
  const said = own === undefined ? saidBySlices(taken) : saidByImport(own)
  // While the type changes some of them are still of the other one.
  const typed = taken.filter((slice) => isHeadless(slice) === (said.type === 'Headless')).map(sliceOf)
  return { cluster, namespace, name, since, ...said, slices: typed }
}

type Said = Omit<Share, 'cluster' | 'namespace' | 'name' | 'since' | 'slices'>

const saidByImport = remembered((own: ServiceImport): Said => {
  const { annotations } = own.metadata
  return {
    ...specParts(own.spec),
    labels: readTable(annotations?.[EXPORTED_LABELS], LABEL_VALUE),
    annotations: readTable(annotations?.[EXPORTED_ANNOTATIONS], ANNOTATION_VALUE),
    publishNotReady: annotations?.[PUBLISH_NOT_READY] === 'true',
  }
})

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
const sliceOf = remembered(
  ({ metadata, ports = [], endpoints }: EndpointSlice): Slice => ({ id: metadata.name, ports, backends: endpoints }),
)
