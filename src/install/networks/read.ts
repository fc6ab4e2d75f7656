import { ApiError, type KubeApi, type Query } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import type { Kind, Of } from '../../model/kinds.ts'
import { type Ip, ipOrNone } from '../../model/net.ts'
import type { ConfigMap, Resource } from '../../model/resources.ts'
import type { ApiPlace } from '../broker-url.ts'
import { at, listAt, textAt } from '../tree.ts'
import { type Seen, TELLING_CONFIGMAPS } from './seen.ts'
import { serviceNetworks } from './services.ts'

/** Reads what bears on a cluster's networks. A kind that is not served, or that the user may not read, counts as empty; nodes must be readable. */
export async function readSeen(api: KubeApi): Promise<Seen> {
  const [system, version, nodes, sets, serviceCidrs, ipPools, openshift, slices, pods, configMaps, felix] = await Promise.all([
    api.get('Namespace', 'kube-system'),
    api.raw('/version').then((text) => textAt(JSON.parse(text), 'gitVersion') ?? ''),
    api.list('Node'),
    listIfAny(api, 'DaemonSet'),
    listIfAny(api, 'ServiceCIDR'),
    listIfAny(api, 'IPPool'),
    listIfAny(api, 'Network', { name: 'cluster' }),
    listIfAny(api, 'EndpointSlice', API_SLICES),
    controlPods(api),
    tellingConfigMaps(api),
    rawIfAny(api, '/apis/crd.projectcalico.org/v1/felixconfigurations/default'),
  ])
  const uid = system?.metadata.uid
  if (uid === undefined)
    throw new UserError('SUB0417', `The API at ${api.server} has no namespace kube-system, by whose uid clusters are told apart`)
  const seen: Seen = {
    uid,
    version,
    nodes: nodes.items,
    daemonSets: sets,
    controlPods: pods,
    configMaps,
    serviceCidrs,
    ipPools,
    ...(felix !== undefined && { felix }),
    ...(openshift[0] !== undefined && { openshift: openshift[0] }),
    ...apiPlace(slices),
  }
  if (serviceNetworks(seen).length > 0) return seen
  const serviceHint = await askServiceRange(api)
  return serviceHint === undefined ? seen : { ...seen, serviceHint }
}

const API_SLICES: Query = { namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } }

/** What bears on where others reach this API server. */
export async function readApiPlace(api: KubeApi): Promise<ApiPlace> {
  const [nodes, slices] = await Promise.all([listIfAny(api, 'Node'), listIfAny(api, 'EndpointSlice', API_SLICES)])
  return { server: api.server, nodes, ...apiPlace(slices) }
}

/** Where the API server answers, as its own endpoints say. */
export function apiPlace(slices: readonly Resource[]): { readonly apiAddresses: readonly Ip[]; readonly apiPort?: number } {
  const addresses = slices
    .flatMap((slice) => listAt(slice, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses')))
    .filter((address) => typeof address === 'string')
    .flatMap(ipOrNone)
  const port = slices.map((slice) => at(slice, 'ports', 0, 'port')).find((value) => typeof value === 'number')
  return { apiAddresses: [...new Set(addresses)].sort(), ...(port !== undefined && { apiPort: port }) }
}

async function listIfAny<K extends Kind>(api: KubeApi, kind: K, query: Query = {}): Promise<readonly Of<K>[]> {
  try {
    return (await api.list(kind, query)).items
  } catch (error) {
    if (error instanceof ApiError && (error.code === 404 || error.code === 403)) return []
    throw error
  }
}

/** One object of a kind that is read nowhere else. */
async function rawIfAny(api: KubeApi, path: string): Promise<unknown> {
  try {
    return JSON.parse(await api.raw(path))
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof ApiError && (error.code === 404 || error.code === 403))) return undefined
    throw error
  }
}

async function controlPods(api: KubeApi): Promise<Seen['controlPods']> {
  const namespace = 'kube-system'
  const found = await Promise.all([
    listIfAny(api, 'Pod', { namespace, labels: { component: 'kube-apiserver' } }),
    listIfAny(api, 'Pod', { namespace, labels: { component: 'kube-controller-manager' } }),
    listIfAny(api, 'Pod', { namespace, labels: { 'k8s-app': 'kube-proxy' } }),
    // A pod of the node's own, as on GKE.
    listIfAny(api, 'Pod', { namespace, labels: { component: 'kube-proxy' } }),
  ])
  return found.flat()
}

async function tellingConfigMaps(api: KubeApi): Promise<ReadonlyMap<string, ConfigMap>> {
  const found = await Promise.all(
    TELLING_CONFIGMAPS.map(async (path) => {
      const [namespace = '', name = ''] = path.split('/')
      const items = await listIfAny(api, 'ConfigMap', { namespace, name })
      return items.map((item) => [path, item] as const)
    }),
  )
  return new Map(found.flat())
}

/** Asks, by a dry run that stores nothing, for a Service with an address that no cluster gives; the refusal names the range. */
async function askServiceRange(api: KubeApi): Promise<string | undefined> {
  const probe = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'subctl-asks', namespace: 'default' },
    spec: { clusterIP: '1.1.1.1', ports: [{ port: 443 }] },
  }
  try {
    await api.create(probe, { dryRun: true })
    return undefined
  } catch (error) {
    if (error instanceof ApiError && error.code !== 0) return error.message
    throw error
  }
}
