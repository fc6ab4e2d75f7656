// A cluster whose DNS is CoreDNS, as kubeadm installs it, on an API in memory.
import type { Resource } from '../../src/model/resources.ts'
import { KUBEADM } from '../install/names/corefiles.ts'
import { type FakeCluster, fakeCluster, make } from './kube.ts'

const place = (name: string) => ({ name, namespace: 'kube-system' })

/** `version` stands in the tag of its image; `text` is its Corefile. */
export function coreDns(version: string, text = KUBEADM): FakeCluster {
  const cluster = fakeCluster()
  const pod = {
    volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
    serviceAccountName: 'coredns',
    containers: [{ name: 'coredns', image: `coredns:${version}`, volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }] }],
  }
  const deployment: Resource & { readonly spec: unknown } = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...place('coredns'), labels: { 'k8s-app': 'kube-dns' } } },
    spec: { template: { spec: pod } },
  }
  cluster.put(deployment)
  cluster.put(make('ConfigMap', 'coredns', { data: { Corefile: text } }, place('coredns')))
  return cluster
}
