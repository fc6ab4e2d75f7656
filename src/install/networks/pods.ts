import { type Cidr, contains, hostCidr, type Ip, networkAddress, overlaps, parseCidr, prefixLength } from '../../model/net.ts'
import type { Node } from '../../model/resources.ts'
import { at, isRecord, listAt, textAt } from '../tree.ts'
import type { Cni } from './cni.ts'
import { distributionOf, flagOf, kubeadmOf, kubeProxyOf, type Told } from './control-plane.ts'
import { facts, parseOwn } from './parse.ts'
import { ciliumConfig, type Fact, type Seen } from './seen.ts'

/** What each source says about the pods' networks, the one to believe first. The CNI knows best, then those who hand out node networks. */
export function podNetworks(seen: Seen, cni: Cni, services: readonly Cidr[]): readonly Fact<readonly Cidr[]>[] {
  const told: readonly Told[] = [
    { text: openshiftPods(seen), source: 'Network.config.openshift.io cluster' },
    ...cniNetworks(seen, cni),
    flagOf(seen, 'kube-controller-manager', 'cluster-cidr'),
    kubeadmOf(seen, 'podSubnet'),
    kubeProxyOf(seen),
    flagOf(seen, 'kube-proxy', 'cluster-cidr'),
    distributionOf(seen, 'cluster-cidr'),
  ]
  const gathered = gather(nodeNetworks(seen.nodes), [...services, ...nodeAddresses(seen.nodes).map(hostCidr)])
  const fromNodes = gathered.length === 0 ? [] : [{ value: gathered, source: `the podCIDRs of ${count(seen.nodes.length, 'node')}` }]
  return [...facts(told), ...fromNodes]
}

/** The networks that nodes were given for their pods, IPv4 alone. */
export const nodeNetworks = (nodes: readonly Node[]): readonly Cidr[] =>
  nodes.flatMap((node) => parseOwn((node.spec?.podCIDRs ?? [node.spec?.podCIDR ?? '']).join(',')))

/** InternalIPs, and ExternalIPs too, of all nodes. */
export const nodeAddresses = (nodes: readonly Node[]): readonly Ip[] =>
  nodes.flatMap((node) =>
    (node.status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
      .flatMap(({ address }) => parseOwn(`${address}/32`).map(networkAddress)),
  )

/**
 * The networks of nodes, each widened by 8 bits as clusters are commonly laid out (10.42.3.0/24 is of 10.42.0.0/16), so that nodes
 * that come later are in it. One that would then hold something to avoid is not widened.
 */
export function gather(networks: readonly Cidr[], avoid: readonly Cidr[]): readonly Cidr[] {
  const widened = networks.map((network) => {
    const length = prefixLength(network)
    const wide = parseCidr(`${networkAddress(network)}/${Math.min(length, Math.max(8, length - 8))}`)
    return avoid.some((item) => overlaps(wide, item)) ? network : wide
  })
  const unique = [...new Set(widened)]
  return unique.filter((network) => !unique.some((other) => other !== network && contains(other, network))).sort()
}

function cniNetworks(seen: Seen, cni: Cni): readonly Told[] {
  const config = (name: string, key: string): string | undefined => seen.configMaps.get(name)?.data?.[key]
  switch (cni) {
    case 'calico':
      return [calicoPools(seen)]
    case 'canal':
    case 'flannel':
      return [
        'kube-flannel/kube-flannel-cfg',
        'kube-system/kube-flannel-cfg',
        'kube-system/canal-config',
        'kube-system/rke2-canal-config',
      ].map((name) => ({ text: flannelNetwork(config(name, 'net-conf.json')), source: `ConfigMap ${name}` }))
    case 'cilium':
      return [ciliumPool(seen)]
    case 'weave':
      return [
        {
          text: envOf(seen, 'weave-net', 'IPALLOC_RANGE') ?? '10.32.0.0/12',
          source: 'DaemonSet weave-net (IPALLOC_RANGE, or its default)',
        },
      ]
    case 'kindnet':
      return [{ text: envOf(seen, 'kindnet', 'POD_SUBNET'), source: 'DaemonSet kindnet (POD_SUBNET)' }]
    case 'ovn-kubernetes':
      return [{ text: ovnNetwork(config('ovn-kubernetes/ovn-config', 'net_cidr')), source: 'ConfigMap ovn-kubernetes/ovn-config' }]
    default:
      return []
  }
}

/** Where Cilium gives out what Kubernetes gave the nodes, its own pool says nothing. */
function ciliumPool(seen: Seen): Told {
  const map = ciliumConfig(seen)
  const text = map?.data?.ipam === 'kubernetes' ? undefined : map?.data?.['cluster-pool-ipv4-cidr']?.replaceAll(/\s+/g, ',')
  return { text, source: `ConfigMap ${map?.metadata.namespace ?? 'kube-system'}/cilium-config` }
}

/** Pools in use; those for node ranges of one node are in them already. */
function calicoPools(seen: Seen): Told {
  const pools = seen.ipPools.filter((pool) => at(pool, 'spec', 'disabled') !== true && !pool.metadata.name.startsWith('submariner-'))
  return {
    text: pools.map((pool) => textAt(pool, 'spec', 'cidr') ?? '').join(','),
    source: `Calico IPPool ${pools.map((pool) => pool.metadata.name).join(', ')}`,
  }
}

function flannelNetwork(json: string | undefined): string | undefined {
  try {
    return textAt(JSON.parse(json ?? '{}'), 'Network')
  } catch {
    return undefined
  }
}

const openshiftPods = (seen: Seen): string =>
  listAt(seen.openshift, 'status', 'clusterNetwork')
    .map((network) => textAt(network, 'cidr') ?? '')
    .join(',')

/** `10.244.0.0/16/24`: the network and the length of each node's part. */
const ovnNetwork = (text: string | undefined): string | undefined =>
  text
    ?.split(',')
    .map((item) => item.trim().split('/').slice(0, 2).join('/'))
    .join(',')

function envOf(seen: Seen, daemonSet: string, name: string): string | undefined {
  const set = seen.daemonSets.find((item) => item.metadata.name === daemonSet)
  return listAt(set, 'spec', 'template', 'spec', 'containers')
    .flatMap((container) => listAt(container, 'env'))
    .filter(isRecord)
    .map((variable) => (variable.name === name ? textAt(variable, 'value') : undefined))
    .find((value) => value !== undefined)
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
