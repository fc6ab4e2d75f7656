// Clusters that are objects on a broker and nothing else: nobody answers at their gateways' addresses.
import type { KubeApi } from '../../src/k8s/api.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL, cableName, endpointName } from '../../src/model/names.ts'
import { parseIp } from '../../src/model/net.ts'
import type { Cluster, Endpoint } from '../../src/model/resources.ts'

export interface FakeCluster {
  readonly id: string
  readonly cluster: Cluster
  readonly endpoint: Endpoint
  readonly networks: readonly string[]
}

/** The `index`-th of up to 4096, with a pod and a service network as the others have none. */
export function fakeCluster(index: number): FakeCluster {
  const id = `fake-${index}`
  const [high, low] = [index >> 8, index & 255]
  const networks = [`10.${128 + high}.${low}.0/24`, `10.${64 + high}.${low}.0/24`]
  const [services = '', pods = ''] = networks
  // 198.18.0.0/15 is for benchmarks: no route leads there.
  const privateIp = parseIp(`198.18.${high}.${low}`)
  const cable = cableName(id, privateIp)
  const meta = { namespace: BROKER_NAMESPACE, labels: { [CLUSTER_LABEL]: id } }
  return {
    id,
    networks,
    cluster: {
      apiVersion: 'submariner.io/v1',
      kind: 'Cluster',
      metadata: { ...meta, name: id },
      spec: { cluster_id: id, color_codes: ['blue'], cluster_cidr: [pods], service_cidr: [services], global_cidr: [] },
    },
    endpoint: {
      apiVersion: 'submariner.io/v1',
      kind: 'Endpoint',
      metadata: { ...meta, name: endpointName(id, cable) },
      spec: {
        cluster_id: id,
        cable_name: cable,
        hostname: `${id}-gw`,
        subnets: networks,
        private_ip: privateIp,
        public_ip: '',
        nat_enabled: false,
        backend: 'libreswan',
        backend_config: { 'udp-port': '4500', 'preferred-server': 'false' },
      },
    },
  }
}

/** Puts them on the broker, 16 requests at a time. */
export async function publish(broker: KubeApi, fakes: readonly FakeCluster[], only?: 'endpoint'): Promise<void> {
  const objects = fakes.flatMap(({ cluster, endpoint }) => (only === undefined ? [cluster, endpoint] : [endpoint]))
  await inParallel(objects, (object: Cluster | Endpoint) => broker.create(object))
}

export async function withdraw(broker: KubeApi, fakes: readonly FakeCluster[]): Promise<void> {
  const objects: readonly (Cluster | Endpoint)[] = fakes.flatMap(({ cluster, endpoint }) => [endpoint, cluster])
  await inParallel(objects, ({ kind, metadata }) => broker.remove(kind as 'Cluster' | 'Endpoint', metadata.name, metadata.namespace))
}

/** Gives the Endpoint of a cluster without a Cluster object one network more, or takes it away, by turns. */
export async function changeNetworks(broker: KubeApi, { endpoint, networks }: FakeCluster, turn: number): Promise<void> {
  const subnets = turn % 2 === 0 ? [...networks, ...fakeCluster(4001).networks.slice(0, 1)] : networks
  await broker.patch('Endpoint', endpoint.metadata.name, BROKER_NAMESPACE, { spec: { subnets } })
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
