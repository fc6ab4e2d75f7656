// The pods of a member: DaemonSets and Deployments with what a join decides filled in.
import charon from '../../../manifests/cluster/charon.yaml'
import discovery from '../../../manifests/cluster/discovery.yaml'
import dns from '../../../manifests/cluster/dns.yaml'
import gateway from '../../../manifests/cluster/gateway.yaml'
import openShift from '../../../manifests/cluster/openshift.yaml'
import quota from '../../../manifests/cluster/quota.yaml'
import routeAgent from '../../../manifests/cluster/route-agent.yaml'
import openShiftServices from '../../../manifests/mcs/openshift.yaml'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import type { Resource } from '../../model/resources.ts'
import { sha256 } from '../../system/digest.ts'
import { isRecord } from '../tree.ts'
import { objectsOf } from './manifests.ts'
import { environmentOf, type JoinSettings } from './settings.ts'

export const PULL_POLICIES = ['IfNotPresent', 'Always', 'Never'] as const
export interface Image {
  readonly image: string
  readonly imagePullPolicy: (typeof PULL_POLICIES)[number]
}
/** What a cluster's pods are made of. */
export interface WorkloadOptions extends Image {
  /** Whether the cluster serves security.openshift.io. */
  readonly isOpenShift: boolean
}

const SHARED = [
  'SUBMARINER_NAMESPACE',
  'SUBMARINER_CLUSTERID',
  'SUBMARINER_CLUSTERCIDR',
  'SUBMARINER_SERVICECIDR',
  'SUBMARINER_GLOBALCIDR',
  'SUBMARINER_HEALTHCHECKENABLED',
  'SUBMARINER_HEALTHCHECKINTERVAL',
  'SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT',
] as const

/** The settings that each agent reads: a change of others does not restart it. */
export const SETTINGS_READ = {
  'submariner-gateway': [
    ...SHARED,
    'SUBMARINER_COLORCODES',
    'SUBMARINER_NATENABLED',
    'SUBMARINER_PUBLICIP',
    'SUBMARINER_CABLEDRIVER',
    'AIR_GAPPED_DEPLOYMENT',
    'CE_IPSEC_NATTPORT',
    'CE_IPSEC_FORCEENCAPS',
    'CE_IPSEC_PSKSECRET',
    'BROKER_K8S_APISERVER',
    'BROKER_K8S_REMOTENAMESPACE',
    'BROKER_K8S_SECRET',
    'BROKER_K8S_INSECURE',
  ],
  'submariner-charon': ['CE_IPSEC_NATTPORT'],
  'submariner-route-agent': [...SHARED, 'SUBMARINER_NETWORKPLUGIN'],
  'submariner-discovery': [
    'SUBMARINER_NAMESPACE',
    'SUBMARINER_CLUSTERID',
    'SUBMARINER_SERVICEBALANCE',
    'SUBMARINER_ALLOWEDNAMESPACES',
    'BROKER_K8S_APISERVER',
    'BROKER_K8S_REMOTENAMESPACE',
    'BROKER_K8S_SECRET',
    'BROKER_K8S_INSECURE',
  ],
  'submariner-dns': ['SUBMARINER_NAMESPACE', 'SUBMARINER_CLUSTERID', 'SUBMARINER_DNS_ZONES', 'BROKER_K8S_REMOTENAMESPACE'],
} as const satisfies Readonly<Record<string, readonly string[]>>
export type Workload = keyof typeof SETTINGS_READ

const MANIFESTS: Readonly<Record<Workload, string>> = {
  'submariner-gateway': gateway,
  'submariner-charon': charon,
  'submariner-route-agent': routeAgent,
  'submariner-discovery': discovery,
  'submariner-dns': dns,
}
const NAMES: readonly Workload[] = ['submariner-charon', 'submariner-gateway', 'submariner-route-agent']

/** Names of services are answered by a server of ours only where there are services. */
export const hasDnsServer = ({ serviceDiscovery, dnsServer }: JoinSettings): boolean => serviceDiscovery && dnsServer

/** Quota, DaemonSets and Deployments, and on OpenShift what lets their pods in; in the order they must be applied. */
export function workloads(settings: JoinSettings, { isOpenShift, ...image }: WorkloadOptions): readonly Resource[] {
  const { serviceDiscovery } = settings
  const names: readonly Workload[] = [
    ...NAMES,
    ...(serviceDiscovery ? (['submariner-discovery'] as const) : []),
    ...(hasDnsServer(settings) ? (['submariner-dns'] as const) : []),
  ]
  return [
    ...(isOpenShift ? objectsOf(openShift) : []),
    ...(isOpenShift && serviceDiscovery ? objectsOf(openShiftServices) : []),
    ...objectsOf(quota),
    ...names.flatMap((name) =>
      rendered(objectsOf(MANIFESTS[name]), { ...image, settingsHash: settingsHash(name, environmentOf(settings)) }),
    ),
  ]
}

/** SHA-256, in hex, of the lines `KEY=value\n`, by key, of what the agent reads. The chart computes the same. */
export const settingsHash = (name: Workload, environment: Readonly<Record<string, string>>): string =>
  sha256(
    [...SETTINGS_READ[name]]
      .sort()
      .map((key) => `${key}=${environment[key] ?? ''}\n`)
      .join(''),
  )

/** The objects with each text `${name}` replaced. Throws where a manifest asks for what is not given. */
export function rendered(objects: readonly Resource[], values: Readonly<Record<string, string>>): readonly Resource[] {
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill)
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]))
    const name = typeof value === 'string' ? /^\$\{(\w+)\}$/.exec(value)?.[1] : undefined
    if (name === undefined) return value
    if (values[name] === undefined) throw new Error(`a manifest asks for "${name}", which nothing gives`)
    return values[name]
  }
  return objects.map((object) => fill(object) as Resource)
}

/** Whether the cluster lets pods in by OpenShift's constraints. */
export async function hasConstraints(api: KubeApi): Promise<boolean> {
  try {
    return (await api.get('SecurityContextConstraints', 'privileged')) !== undefined
  } catch (error) {
    // Elsewhere the path is not served, or nobody may ask for it.
    if (error instanceof ApiError && (error.code === 404 || error.code === 403)) return false
    throw error
  }
}
