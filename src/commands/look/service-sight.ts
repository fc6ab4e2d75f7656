// What one cluster has of the services of the clusterset: its exports, its imports, and what is behind them.
import { isStranger } from '../../checks/services/exchange.ts'
import { isKubernetesOwn, isReady } from '../../discovery/up/export.ts'
import { ApiError, type KubeApi, type Query } from '../../k8s/api.ts'
import type { Kind, Of } from '../../model/kinds.ts'
import {
  type Backend,
  type EndpointSlice,
  KUBE_SERVICE,
  SERVICE_ADDRESS,
  SERVICE_NAME,
  type ServiceExport,
  type ServiceImport,
  SOURCE_CLUSTER,
} from '../../model/mcs.ts'
import { isBrokersImport } from '../../model/mcs-place.ts'
import { SETTINGS_CONFIGMAP } from '../../model/names.ts'
import { ZONE } from '../../model/zones.ts'
import { isScaledDown, leavesOut } from './agent.ts'
import { guardOf, keptOut } from './kept-out.ts'
import { notJoined, type Subject } from './subjects.ts'

/** Backends: all, and those that take traffic. */
export interface Count {
  readonly ready: number
  readonly all: number
}
export interface ServiceSight {
  readonly subject: Subject
  readonly clusterId: string
  /** Domains of the clusterset's names. */
  readonly zones: readonly string[]
  /** Whether it has the kinds of the MCS API. */
  readonly isServed: boolean
  /** Whether an agent is to look after them; conditions are of the past where none is. */
  readonly hasAgent: boolean
  /** All by `namespace/name` of the service. */
  readonly exports: ReadonlyMap<string, ServiceExport>
  readonly imports: ReadonlyMap<string, ServiceImport>
  /** ServiceImports that are not ours, where an agent of ours is to look after services: it imports nothing of their names. */
  readonly strangers: ReadonlyMap<string, ServiceImport>
  readonly namespaces: ReadonlySet<string>
  /** Of these: those that are being removed, which take nothing new. */
  readonly ending: ReadonlySet<string>
  /** Why the cluster imports no service of the namespace; undefined where it may. */
  keptOut(namespace: string): string | undefined
  /** Its own pods of a Service. */
  own(service: string): Count
  /** What is behind an import, by the cluster that it comes from; of a service with an address another cluster counts as one. */
  behind(service: string): ReadonlyMap<string, Count>
  /** The cluster that a backend of the import, or the Service in front of its own pods, is of. */
  sourceOf(service: string, address: string): string | undefined
  /** Whether a ready backend of the import, of that cluster, is called so. */
  hasReady(service: string, cluster: string, host: string): boolean
}

export const keyOf = ({ metadata }: ServiceExport | ServiceImport): string => `${metadata.namespace}/${metadata.name}`

/** Of all services, or of those of one namespace. Throws a UserError where the cluster is in no clusterset. */
export async function serviceSight(
  subject: Subject,
  agentsNamespace: string,
  services: Pick<Query, 'namespace'> = {},
): Promise<ServiceSight> {
  const { api } = subject
  const [settings, isDown, exports, imports, slices, namespaces] = await Promise.all([
    api.get('ConfigMap', SETTINGS_CONFIGMAP, agentsNamespace),
    isScaledDown(api, agentsNamespace),
    listIfServed(api, 'ServiceExport', services),
    listIfServed(api, 'ServiceImport', services),
    api.listOf('EndpointSlice', services, readSlice),
    api.listOf('Namespace', {}, ({ metadata }) => ({ name: metadata.name, isEnding: metadata.deletionTimestamp !== undefined })),
  ])
  const clusterId = settings?.data?.SUBMARINER_CLUSTERID
  if (clusterId === undefined) throw notJoined(subject, agentsNamespace, '--agents-namespace')
  const ofImports = Map.groupBy(slices.items, ({ imported }) => imported ?? '')
  const ofServices = Map.groupBy(slices.items, ({ service }) => service ?? '')
  // A broker on the cluster has the same kind for what members share.
  const here = (imports ?? []).filter(({ metadata }) => !isBrokersImport(metadata))
  const strangers = leavesOut(settings?.data) ? [] : here.filter(isStranger)
  return {
    ...{
      subject,
      clusterId,
      zones: settings?.data?.SUBMARINER_DNS_ZONES?.split(',') ?? [ZONE],
      isServed: exports !== undefined && imports !== undefined,
      hasAgent: !leavesOut(settings?.data) && !isDown,
    },
    exports: byKey(exports ?? []),
    imports: byKey(here.filter((one) => !strangers.includes(one))),
    strangers: byKey(strangers),
    namespaces: new Set(namespaces.items.map(({ name }) => name)),
    ending: new Set(namespaces.items.flatMap(({ name, isEnding }) => (isEnding ? [name] : []))),
    keptOut: (namespace) => keptOut(guardOf(settings?.data ?? {}, agentsNamespace), namespace),
    own: (service) => countOf(ofServices.get(service) ?? []),
    behind: (service) =>
      new Map([...Map.groupBy(ofImports.get(service) ?? [], ({ cluster }) => cluster)].sort().map(([id, all]) => [id, countOf(all)])),
    sourceOf: (service, address) =>
      ofImports.get(service)?.find((slice) => slice.address === address || slice.backends.some((one) => one.address === address))?.cluster,
    hasReady: (service, cluster, host) =>
      ofImports
        .get(service)
        ?.some((slice) => slice.cluster === cluster && slice.backends.some((one) => one.isReady && one.names.includes(host))) === true,
  }
}

const byKey = <T extends ServiceExport | ServiceImport>(all: readonly T[]): ReadonlyMap<string, T> =>
  new Map(all.map((one) => [keyOf(one), one]))

async function listIfServed<K extends Kind>(api: KubeApi, kind: K, query: Query): Promise<readonly Of<K>[] | undefined> {
  try {
    return (await api.list(kind, query)).items
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined
    throw error
  }
}

/** What is kept of a slice: thousands need not stay in memory. */
interface Slice {
  /** `namespace/name` of the import, or of the Service, that it is of. */
  readonly imported: string | undefined
  readonly service: string | undefined
  readonly cluster: string
  readonly backends: readonly { readonly address: string; readonly isReady: boolean; readonly names: readonly string[] }[]
  /** Of the Service in front of them, where they are this cluster's own pods. */
  readonly address: string | undefined
}

function readSlice(slice: EndpointSlice): Slice {
  const { namespace = '', labels = {}, annotations } = slice.metadata
  const at = (name: string | undefined): string | undefined => (name === undefined ? undefined : `${namespace}/${name}`)
  return {
    imported: at(labels[SERVICE_NAME]),
    service: isKubernetesOwn(slice) ? at(labels[KUBE_SERVICE]) : undefined,
    cluster: labels[SOURCE_CLUSTER] ?? '?',
    backends: (slice.endpoints ?? []).map((backend) => ({
      address: backend.addresses[0] ?? '',
      isReady: isReady(backend),
      names: namesOf(backend),
    })),
    address: annotations?.[SERVICE_ADDRESS],
  }
}

/** By its hostname, else by its pod's name; by its address too. */
const namesOf = ({ addresses, hostname, targetRef }: Backend): readonly string[] => [
  hostname ?? targetRef?.name ?? '',
  (addresses[0] ?? '').replaceAll('.', '-'),
]

/** A backend with several ports may stand in several slices. */
function countOf(slices: readonly Slice[]): Count {
  const all = slices.flatMap(({ backends }) => backends)
  return {
    all: new Set(all.map(({ address }) => address)).size,
    ready: new Set(all.flatMap((one) => (one.isReady ? [one.address] : []))).size,
  }
}
