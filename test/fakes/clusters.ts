// Objects of clusters as their engines write them.
import { CLUSTER_LABEL, cableName, endpointName, sanitise } from '../../src/model/names.ts'
import { parseIp } from '../../src/model/net.ts'
import type { Cluster, ClusterSpec, Endpoint, EndpointSpec, Meta } from '../../src/model/resources.ts'

export interface Made {
  /** Number of the cluster: pods 10.n.0.0/16, services 100.n.0.0/16, gateway 172.16.n.1. */
  readonly n?: number
  readonly meta?: Partial<Meta>
}

export function clusterOf(id: string, { n = 1, meta = {}, ...spec }: Made & Partial<ClusterSpec> = {}): Cluster {
  return {
    apiVersion: 'submariner.io/v1',
    kind: 'Cluster',
    metadata: { name: sanitise(id), creationTimestamp: '2026-01-01T00:00:00Z', labels: { [CLUSTER_LABEL]: id }, ...meta },
    spec: {
      cluster_id: id,
      color_codes: ['blue'],
      cluster_cidr: [`10.${n}.0.0/16`],
      service_cidr: [`100.${n}.0.0/16`],
      global_cidr: [],
      ...spec,
    },
  }
}

export function endpointOf(id: string, { n = 1, meta = {}, ...spec }: Made & Partial<EndpointSpec> = {}): Endpoint {
  const ip = spec.private_ip ?? `172.16.${n}.1`
  const cable = cableName(id, parseIp(ip))
  return {
    apiVersion: 'submariner.io/v1',
    kind: 'Endpoint',
    metadata: {
      name: endpointName(id, cable),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { [CLUSTER_LABEL]: id },
      ...meta,
    },
    spec: {
      cluster_id: id,
      cable_name: cable,
      hostname: `${sanitise(id)}-gw1`,
      subnets: [`100.${n}.0.0/16`, `10.${n}.0.0/16`],
      private_ip: ip,
      public_ip: '',
      nat_enabled: false,
      backend: 'libreswan',
      backend_config: { 'udp-port': '4500', 'preferred-server': 'false' },
      ...spec,
    },
  }
}
