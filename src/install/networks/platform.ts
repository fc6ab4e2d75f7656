// What follows from a cluster's CNI and from the way its services work: a line for people, or why it cannot be connected. docs/platforms.md has the table.
import { UserError } from '../../model/errors.ts'
import type { Cni } from './cni.ts'
import { isCalicoBpf, isCiliumReplacing, type ProxyMode } from './kube-proxy.ts'
import type { Fact, Seen } from './seen.ts'

export interface Platform {
  readonly cni: Fact<Cni>
  readonly proxy: Fact<ProxyMode>
  /** What a user has to know, a line each. */
  readonly notes: readonly string[]
  /** Why it cannot work; undefined where it can, or where nobody knows better. */
  readonly refusal?: string
}

const UNTRIED = 'is not among the CNIs this program is tested with; subctl verify proves the paths of every node'

const CNI_NOTES: Partial<Record<Cni, string>> = {
  calico:
    'Calico: the leading gateway keeps a disabled IPPool for each remote network (natOutgoing false, disableBGPExport), so that Calico does not rewrite the source of packets for other clusters',
  cilium: `Cilium with kube-proxy: routes and packet filters of the node are passed; it ${UNTRIED}. Set ipv4-native-routing-cidr or nonMasqueradeCIDRs so that it does not rewrite the source of packets for other clusters`,
  weave: `Weave ${UNTRIED}`,
  antrea: `Antrea ${UNTRIED}; its Egress and noSNAT settings decide whether sources are kept`,
  'kube-ovn': `Kube-OVN ${UNTRIED}`,
  'kube-router': `kube-router’s network ${UNTRIED}`,
  gke: `GKE’s network ${UNTRIED}; firewall rules of the VPC must let 4800/udp pass between nodes`,
  aws: 'AWS VPC CNI: pods in the network named by --pod-cidr alone are connected',
  azure: `Azure’s CNI with overlay ${UNTRIED}`,
  generic: 'no CNI that is known by name: pods’ packets must pass the routes and packet filters of their node; subctl verify proves it',
}

const PROXY_NOTES: Readonly<Record<ProxyMode, string | undefined>> = {
  iptables: undefined,
  nftables: 'kube-proxy in nftables mode: works; its tables and ours do not touch each other',
  ipvs: 'kube-proxy in ipvs mode: pods are reached as ever; services of this cluster from other clusters are not tested in this mode, subctl verify proves them',
  none: 'something else than kube-proxy serves this cluster’s services; subctl verify proves that other clusters reach them',
  unknown: 'kube-proxy’s mode is not known from here: iptables and nftables work, subctl verify proves it',
}

export function platformOf(seen: Seen, cni: Fact<Cni>, proxy: Fact<ProxyMode>): Platform {
  const refusal = refusalOf(seen, cni.value)
  const notes = [CNI_NOTES[cni.value], PROXY_NOTES[proxy.value], ...awsNotes(seen)].filter((note) => note !== undefined)
  return { cni, proxy, notes, ...(refusal !== undefined && { refusal }) }
}

/** Data paths in which packets of pods pass neither the routes nor the packet filters of their node. */
function refusalOf(seen: Seen, cni: Cni): string | undefined {
  if (cni === 'ovn-kubernetes')
    return 'OVN-Kubernetes routes pods inside Open vSwitch: their packets see the node’s routes only where its northbound database is given policies for it, which this program does not write'
  if (seen.daemonSets.some(({ metadata }) => metadata.name === 'anetd'))
    return 'GKE Dataplane V2 forwards pods by eBPF, past the node’s packet filters, and answers for services itself'
  // On whichever CNI gives the addresses: Azure's and AWS's can have Cilium as their data path.
  if (isCiliumReplacing(seen))
    return 'Cilium in place of kube-proxy forwards pods by eBPF, past the node’s packet filters (and past its routing rules unless enable-host-legacy-routing is set), and rewrites their source'
  if (seen.daemonSets.some(({ metadata }) => metadata.name === 'calico-vpp-node'))
    return 'Calico’s VPP data path forwards pods outside the node’s kernel'
  if (isCalicoBpf(seen)) return 'Calico’s eBPF data path forwards pods past the node’s packet filters and answers for services itself'
  return undefined
}

/** Throws where it cannot work, unless the user accepts that. */
export function checkPlatform(platform: Platform, accepted: { readonly anything: boolean }): void {
  if (platform.refusal === undefined || accepted.anything) return
  throw new UserError('SUB0422', `Cannot join: ${platform.refusal} (${platform.cni.source}). Not supported yet`, {
    hint: 'To try it all the same: --ignore-requirements; then look at every path with subctl verify.',
  })
}

/** Instances drop what does not carry their own address, which is what a gateway forwards. */
function awsNotes({ nodes }: Seen): readonly string[] {
  const isAws = nodes.some(({ spec }) => spec?.providerID?.startsWith('aws://') === true)
  return isAws
    ? [
        'AWS: switch off the source/destination check of the gateway nodes (aws ec2 modify-instance-attribute --no-source-dest-check --instance-id ID), or what they forward is dropped',
      ]
    : []
}
