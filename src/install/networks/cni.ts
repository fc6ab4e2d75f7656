import type { Node } from '../../model/resources.ts'
import { ciliumConfig, type Fact, type Seen } from './seen.ts'

/** How a cluster gives its pods addresses and a way to each other. */
export type Cni =
  | 'flannel'
  | 'calico'
  | 'canal'
  | 'kindnet'
  | 'cilium'
  | 'weave'
  | 'ovn-kubernetes'
  | 'kube-ovn'
  | 'aws'
  | 'azure'
  | 'gke'
  | 'antrea'
  | 'kube-router'
  | 'generic'

/** The names that agents get in SUBMARINER_NETWORKPLUGIN, which are upstream's where it has one. */
export const PLUGIN_NAMES: Readonly<Record<Cni, string>> = {
  flannel: 'flannel',
  calico: 'calico',
  canal: 'canal-flannel',
  kindnet: 'kindnet',
  cilium: 'cilium',
  weave: 'weave-net',
  'ovn-kubernetes': 'OVNKubernetes',
  'kube-ovn': 'kube-ovn',
  aws: 'aws',
  azure: 'azure',
  gke: 'gke',
  antrea: 'antrea',
  'kube-router': 'kube-router',
  generic: 'generic',
}

/** DaemonSets that give a CNI away. A cloud's own stands first: Calico or Cilium beside it only enforce policies. */
const BY_DAEMONSET: readonly (readonly [name: RegExp, cni: Cni])[] = [
  [/^aws-node$/, 'aws'],
  [/^azure-cns(-.*)?$|^azure-cni-networkmonitor$/, 'azure'],
  [/^(rke2-)?canal$/, 'canal'],
  [/^calico-node$/, 'calico'],
  [/^(rke2-)?cilium$/, 'cilium'],
  [/^ovnkube-node(-.*)?$|^ovnkube-single-node-zone$/, 'ovn-kubernetes'],
  [/^kube-ovn-cni$|^ovs-ovn$/, 'kube-ovn'],
  [/^weave-net$/, 'weave'],
  [/^kindnet$/, 'kindnet'],
  [/^kube-flannel(-ds.*)?$/, 'flannel'],
  [/^antrea-agent$/, 'antrea'],
  [/^kube-router$/, 'kube-router'],
]

/** The CNI of a cluster, and what it was told by. */
export function cniOf(seen: Seen): Fact<Cni> {
  if (seen.nodes.some(hasLabel('cloud.google.com/gke-nodepool')))
    return { value: 'gke', source: 'node label cloud.google.com/gke-nodepool' }
  for (const [pattern, cni] of BY_DAEMONSET) {
    const found = seen.daemonSets.find((set) => pattern.test(set.metadata.name))
    if (found !== undefined) return { value: cni, source: `DaemonSet ${found.metadata.namespace}/${found.metadata.name}` }
  }
  if (seen.nodes.some((node) => node.metadata.annotations?.['flannel.alpha.coreos.com/backend-type'] !== undefined))
    return { value: 'flannel', source: 'node annotation flannel.alpha.coreos.com/backend-type' }
  return { value: 'generic', source: 'no CNI that is known by name' }
}

/** Why the CNI gives pods addresses of the nodes' own network; undefined where it does not. */
export function sharedNetwork(seen: Seen, cni: Cni): string | undefined {
  if (cni === 'aws') return 'the AWS CNI gives pods addresses of the nodes’ own network (the VPC)'
  const overlay = seen.nodes.some((node) => node.metadata.labels?.['kubernetes.azure.com/podnetwork-type'] === 'overlay')
  if (cni === 'azure' && !overlay) return 'the Azure CNI without overlay gives pods addresses of the nodes’ own network (the VNet)'
  const ipam = ciliumConfig(seen)?.data?.ipam
  if (cni === 'cilium' && (ipam === 'eni' || ipam === 'azure'))
    return `Cilium with ipam "${ipam}" gives pods addresses of the nodes’ own network`
  return undefined
}

const hasLabel =
  (label: string) =>
  (node: Node): boolean =>
    node.metadata.labels?.[label] !== undefined
