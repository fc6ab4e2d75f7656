// Services of a cluster as people, and its Kubernetes, write them.
import type { Backend, EndpointSlice, ServiceExport } from '../../src/model/mcs.ts'
import type { Meta, Service } from '../../src/model/resources.ts'

export const exportOf = (name: string, meta: Partial<Meta> = {}, spec?: ServiceExport['spec']): ServiceExport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceExport',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, creationTimestamp: '2026-01-01T00:00:00Z', ...meta },
  ...(spec !== undefined && { spec }),
})

export const serviceOf = (name: string, spec: Service['spec'] = {}, meta: Partial<Meta> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', ...meta },
  spec: {
    type: 'ClusterIP',
    clusterIP: '100.1.0.10',
    clusterIPs: ['100.1.0.10'],
    ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    ...spec,
  },
})

export const podOf = (address: string, more: Partial<Backend> = {}): Backend => ({
  addresses: [address],
  conditions: { ready: true, serving: true, terminating: false },
  nodeName: 'node-1',
  targetRef: { kind: 'Pod', name: `pod-${address.replaceAll('.', '-')}`, namespace: 'shop' },
  ...more,
})

/** One that Kubernetes has made; the pods listen on 8080. */
export const podsOf = (
  service: string,
  endpoints: readonly Backend[],
  more: Partial<EndpointSlice> = {},
  meta: Partial<Meta> = {},
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${service}-abcde`,
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': service, 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
    ...meta,
  },
  addressType: 'IPv4',
  endpoints,
  ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  ...more,
})
