// What a discovery agent has written, for those that take it away: imports in a cluster, and on a broker what one cluster has exported and what it shares.
import type { KubeApi } from '../../src/k8s/api.ts'
import { IMPORTED, SERVICE_NAME, type ServiceImport, SOURCE_CLUSTER, SOURCE_NAMESPACE, TIMESTAMP_PREFIX } from '../../src/model/mcs.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL } from '../../src/model/names.ts'

const API_VERSION = 'multicluster.x-k8s.io/v1beta1'
const imported = (name: string, namespace: string, meta: Partial<ServiceImport['metadata']>): ServiceImport => ({
  apiVersion: API_VERSION,
  kind: 'ServiceImport',
  metadata: { name, namespace, ...meta },
  spec: { type: 'ClusterSetIP', ports: [{ port: 80 }] },
})

/** Namespace shop with an import of a service, and with a user's own export. */
export async function putImports(api: KubeApi): Promise<void> {
  const labels = { [IMPORTED]: 'true' }
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  await api.apply({ apiVersion: API_VERSION, kind: 'ServiceExport', metadata: { name: 'web', namespace: 'shop' } })
  await api.apply(imported('api', 'shop', { labels }))
  await api.apply({
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'api-x', namespace: 'shop', labels } },
    ...{ addressType: 'IPv4', endpoints: [], ports: [] },
  })
}

/** West's export of shop/web, which east exports too. */
export async function putShared(broker: KubeApi): Promise<void> {
  const own = { [CLUSTER_LABEL]: 'west', [SOURCE_CLUSTER]: 'west', [SERVICE_NAME]: 'web' }
  await broker.apply(imported('web-shop-west-x', BROKER_NAMESPACE, { labels: own }))
  const annotations = {
    [SERVICE_NAME]: 'web',
    [SOURCE_NAMESPACE]: 'shop',
    [`${TIMESTAMP_PREFIX}west`]: '1',
    [`${TIMESTAMP_PREFIX}east`]: '2',
  }
  const made = await broker.apply(imported('web-shop', BROKER_NAMESPACE, { annotations }))
  await broker.replaceStatus({ ...made, status: { clusters: [{ cluster: 'east' }, { cluster: 'west' }] } })
}

/** What is left of it: names of ServiceImports, each with the clusters that it is of. */
export async function sharedOn(broker: KubeApi): Promise<readonly string[]> {
  const { items } = await broker.list('ServiceImport', { namespace: BROKER_NAMESPACE })
  return items.map(({ metadata, status }) => {
    const times = Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith(TIMESTAMP_PREFIX))
    return [metadata.name, ...(status?.clusters ?? []).map(({ cluster }) => cluster), ...times].join(' ')
  })
}
