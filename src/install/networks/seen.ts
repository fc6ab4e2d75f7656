import type { Ip } from '../../model/net.ts'
import type { ConfigMap, Node, Pod, Resource, ServiceCidr } from '../../model/resources.ts'

/** What a cluster's API says that bears on its networks. Lists are empty where a kind is not served or may not be read. */
export interface Seen {
  /** uid of the namespace kube-system: tells clusters apart. */
  readonly uid: string
  /** Such as `v1.34.4`. */
  readonly version: string
  readonly nodes: readonly Node[]
  readonly daemonSets: readonly Resource[]
  /** Pods of kube-apiserver, kube-controller-manager and kube-proxy. */
  readonly controlPods: readonly Pod[]
  /** By `namespace/name`. */
  readonly configMaps: ReadonlyMap<string, ConfigMap>
  readonly serviceCidrs: readonly ServiceCidr[]
  /** Calico's. */
  readonly ipPools: readonly Resource[]
  /** Calico's FelixConfiguration `default`. */
  readonly felix?: unknown
  /** OpenShift's networks.config.openshift.io `cluster`. */
  readonly openshift?: Resource
  /** Where the API server answers, from the endpoints of the Service `kubernetes`. */
  readonly apiAddresses: readonly Ip[]
  readonly apiPort?: number
  /** What the server said to a Service with an address that cannot be: it names the range. Asked for where nothing else says it. */
  readonly serviceHint?: string
}

/** Something found out, and where. */
export interface Fact<T> {
  readonly value: T
  readonly source: string
}

/** ConfigMaps that tell networks, by `namespace/name`. */
export const TELLING_CONFIGMAPS: readonly string[] = [
  'kube-system/kubeadm-config',
  'kube-system/kube-proxy',
  // Of EKS.
  'kube-system/kube-proxy-config',
  'kube-flannel/kube-flannel-cfg',
  'kube-system/kube-flannel-cfg',
  'kube-system/canal-config',
  'kube-system/rke2-canal-config',
  'kube-system/cilium-config',
  'cilium/cilium-config',
  'ovn-kubernetes/ovn-config',
]

/** Cilium's own settings, of the namespace that it runs in; undefined where no Cilium runs, whatever an older one has left. */
export function ciliumConfig({ daemonSets, configMaps }: Pick<Seen, 'daemonSets' | 'configMaps'>): ConfigMap | undefined {
  const agent = daemonSets.find(({ metadata }) => /^(rke2-)?cilium$/.test(metadata.name))
  return agent && configMaps.get(`${agent.metadata.namespace ?? 'kube-system'}/cilium-config`)
}
