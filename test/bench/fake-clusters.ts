// Clusters that are objects on a broker and nothing else: nobody answers at their gateways' addresses.
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
