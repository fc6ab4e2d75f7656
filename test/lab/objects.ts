// What a cluster's API holds before anybody joins: its nodes and what tells its networks, as kubeadm leaves them.
import type { KubeApi } from '../../src/k8s/api.ts'
import { GATEWAY_SETTING_PREFIX } from '../../src/model/names.ts'
import type { Node, Resource } from '../../src/model/resources.ts'
import { API_PORT, type ClusterLayout, type HostLayout, type NodeLayout } from './layout.ts'

/** Puts what is missing. A real API server makes most of it by itself. */
export async function putClusterObjects(api: KubeApi, cluster: ClusterLayout): Promise<void> {
  for (const object of baseObjects(cluster)) if (!(await isThere(api, object))) await api.create(object)
  for (const node of cluster.nodes) await putNode(api, cluster, node)
}

/** Makes a Node, and says of it what a kubelet would. Not by apply: these are no fields of the program's own. */
export async function putNode(api: KubeApi, cluster: ClusterLayout, node: NodeLayout): Promise<void> {
  const { status, ...object } = nodeObject(node)
  if (!(await isThere(api, object))) await api.create(object)
  const there = await api.get('Node', node.name)
  if (there === undefined) throw new Error(`cluster ${cluster.name} lost its node ${node.name}`)
  await api.replaceStatus({ ...there, status: { ...there.status, ...status } })
}

async function isThere(api: KubeApi, { kind, metadata }: Resource): Promise<boolean> {
  return (await api.get(kind as Parameters<KubeApi['get']>[0], metadata.name, metadata.namespace)) !== undefined
}

const baseObjects = ({ api, serviceCidr }: ClusterLayout): readonly Resource[] => [
  ...['default', 'kube-system'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'kubernetes' }, spec: { cidrs: [serviceCidr] } } as Resource,
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [api.ip], conditions: { ready: true } }],
    ports: [{ name: 'https', port: API_PORT, protocol: 'TCP' }],
  } as Resource,
]

/** Behind NAT a gateway's Node says by which address others see it. */
export const nodeObject = ({ name, ip, publicIp, podCidr }: HostLayout): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' },
    ...(publicIp !== undefined && { annotations: { [`${GATEWAY_SETTING_PREFIX}public-ip`]: `ipv4:${publicIp}` } }),
  },
  spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
  status: {
    addresses: [
      { type: 'InternalIP', address: ip },
      { type: 'Hostname', address: name },
    ],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
})
