// What a lab consists of: clusters, nodes, pods and their addresses, as a pure function of its options.
import { type Cidr, type Ip, parseCidr, parseIp } from '../../src/model/net.ts'

/** What every site says: a lab, whose nodes run our agents alone, and a bed of real clusters. */
export interface SiteOptions {
  /** Lower-case letters, digits and dashes; at most 20. */
  readonly name: string
  readonly clusters: number
  /** Gateways of each cluster; a gateway without a standby is for machines that are slow. */
  readonly gateways: 1 | 2
  /** Workers of each cluster, beside its gateways. */
  readonly workers: number
  /** A central API server of its own, or a namespace on the first cluster. */
  readonly broker: 'central' | 'cluster'
  /** Clusters behind 1:1 NAT. All of them have the same private network. */
  readonly nat: readonly string[]
  readonly rpFilter: 0 | 1 | 2
  /** The routers know no pod network but their own cluster's: nothing that leaves a node in the clear arrives. */
  readonly strictRouters?: boolean
}
export interface LabOptions extends SiteOptions {
  readonly api: 'central' | 'kubernetes'
  /** Clusters whose nodes forward only what a rule accepts. */
  readonly forwardDrop: readonly string[]
}
export const DEFAULTS: LabOptions = {
  name: 'lab',
  clusters: 2,
  gateways: 2,
  workers: 1,
  api: 'central',
  broker: 'central',
  nat: [],
  rpFilter: 0,
  forwardDrop: [],
}

export interface PodLayout {
  readonly name: string
  readonly ns: string
  readonly ip: Ip
  /** A service with this pod alone behind it. */
  readonly vip: Ip
}
/** A node without what runs on it. */
export interface HostLayout {
  /** `west-gw1`: hostname, name of the Node object, and what the lab's commands take. */
  readonly name: string
  readonly cluster: string
  readonly role: 'gateway' | 'worker'
  readonly ns: string
  /** On the cluster's own network. */
  readonly ip: Ip
  /** What its address is translated to on the WAN. */
  readonly publicIp: Ip | undefined
  readonly podCidr: Cidr
  /** The node's own address on its pods' bridge. */
  readonly cniIp: Ip
}
export interface NodeLayout extends HostLayout {
  readonly pod: PodLayout
}
export interface ClusterLayout<N extends HostLayout = NodeLayout> {
  readonly name: string
  readonly number: number
  readonly lan: Cidr
  readonly podCidr: Cidr
  readonly serviceCidr: Cidr
  /** A service with the pods of all nodes behind it. */
  readonly vip: Ip
  readonly isNatted: boolean
  readonly router: { readonly ns: string; readonly ip: Ip; readonly lanIp: Ip }
  readonly api: { readonly ns: string; readonly ip: Ip }
  readonly nodes: readonly N[]
}
export interface Layout<N extends HostLayout = NodeLayout, O extends SiteOptions = LabOptions> {
  /** Lab name and run: part of every name that the machine sees. */
  readonly id: string
  readonly options: O
  readonly wan: { readonly ns: string; readonly cidr: Cidr; readonly ip: Ip }
  /** The leg of the machine's own network namespace on the WAN. */
  readonly root: { readonly link: string; readonly ip: Ip }
  readonly broker: { readonly ns: string; readonly ip: Ip }
  readonly clusters: readonly ClusterLayout<N>[]
}
/** Of a lab, or of a bed of real clusters. */
export type SiteLayout = Layout<HostLayout, SiteOptions>

const CLUSTER_NAMES = ['west', 'east', 'north', 'south'] as const
/** Where pods and nodes answer, by HTTP and UDP. */
export const ECHO_PORT = 8080
/** The port of services. */
export const SERVICE_PORT = 80
export const API_PORT = 6443
/** Every network namespace and link of a lab in the machine's own namespace starts with it. */
export const PREFIX = 'sl-'

export const clusterName = (index: number): string => CLUSTER_NAMES[index] ?? `c${index + 1}`

/** The whole lab; `third` is the third number of its WAN's network 172.30.x.0/24, which no other site on the machine has. */
export function layoutOf(options: LabOptions, run: string, third: number): Layout {
  const site = siteLayoutOf(options, run, third)
  const clusters = site.clusters.map((cluster) => ({ ...cluster, nodes: cluster.nodes.map((host) => withPod(cluster.number, host)) }))
  return { ...site, clusters }
}

/** A lab without what runs on its nodes. */
export function siteLayoutOf<O extends SiteOptions>(options: O, run: string, third: number): Layout<HostLayout, O> {
  const id = `${options.name}-${run}`
  const wanIp = (last: number): Ip => parseIp(`172.30.${third}.${last}`)
  const ns = (name: string): string => `${PREFIX}${id}-${name}`
  return {
    id,
    options,
    wan: { ns: ns('wan'), cidr: parseCidr(`172.30.${third}.0/24`), ip: wanIp(254) },
    root: { link: `${PREFIX}${run}`, ip: wanIp(253) },
    broker: { ns: ns('broker'), ip: wanIp(250) },
    clusters: Array.from({ length: options.clusters }, (_, i) => clusterLayout(options, i + 1, { ns, wanIp })),
  }
}

function withPod(number: number, host: HostLayout): NodeLayout {
  const place = Number(host.podCidr.split('.')[2])
  const pod = {
    name: `${host.name}-pod`,
    ns: `${host.ns}-pod`,
    ip: parseIp(`10.${number}.${place}.10`),
    vip: parseIp(`100.${number}.0.${10 + place}`),
  }
  return { ...host, pod }
}

interface Naming {
  ns(name: string): string
  wanIp(last: number): Ip
}

function clusterLayout(options: SiteOptions, number: number, { ns, wanIp }: Naming): ClusterLayout<HostLayout> {
  const name = clusterName(number - 1)
  const isNatted = options.nat.includes(name)
  const lan = `172.31.${isNatted ? 0 : number}`
  const node = (role: 'gateway' | 'worker', index: number): HostLayout => {
    const title = `${name}-${role === 'gateway' ? 'gw' : 'w'}${index}`
    const place = role === 'gateway' ? index : index + MOST_GATEWAYS
    return {
      name: title,
      cluster: name,
      role,
      ns: ns(title),
      ip: parseIp(`${lan}.${10 + place}`),
      publicIp: isNatted && role === 'gateway' ? wanIp(number * 10 + index) : undefined,
      podCidr: parseCidr(`10.${number}.${place}.0/24`),
      cniIp: parseIp(`10.${number}.${place}.1`),
    }
  }
  const nodes = (role: 'gateway' | 'worker', count: number): HostLayout[] => Array.from({ length: count }, (_, i) => node(role, i + 1))
  return {
    name,
    number,
    lan: parseCidr(`${lan}.0/24`),
    podCidr: parseCidr(`10.${number}.0.0/16`),
    serviceCidr: parseCidr(`100.${number}.0.0/16`),
    vip: parseIp(`100.${number}.0.80`),
    isNatted,
    router: { ns: ns(`${name}-router`), ip: wanIp(number), lanIp: parseIp(`${lan}.1`) },
    api: { ns: ns(`${name}-api`), ip: wanIp(200 + number) },
    nodes: [...nodes('gateway', options.gateways), ...nodes('worker', options.workers)],
  }
}

/** Workers have the addresses after them, however many gateways there are. */
const MOST_GATEWAYS = 2

export const nodesOf = <N extends HostLayout>(layout: Layout<N, SiteOptions>): readonly N[] =>
  layout.clusters.flatMap((cluster) => cluster.nodes)

/** The node of that name. Throws where there is none. */
export function nodeOf<N extends HostLayout>(layout: Layout<N, SiteOptions>, name: string): N {
  const all = nodesOf(layout)
  const found = all.find((node) => node.name === name)
  if (found === undefined) throw new Error(`there is no node "${name}"; there are ${all.map((node) => node.name).join(', ')}`)
  return found
}

/** The cluster of that name. Throws where there is none. */
export function clusterOf<N extends HostLayout>(layout: Layout<N, SiteOptions>, name: string): ClusterLayout<N> {
  const found = layout.clusters.find((cluster) => cluster.name === name)
  if (found === undefined) throw new Error(`there is no cluster "${name}"`)
  return found
}

/** Every place of the lab by its short name (west-gw1, west-gw1-pod, west-router, west-api, broker, wan), and its network namespace. */
export const placesOf = (layout: SiteLayout): ReadonlyMap<string, string> =>
  new Map(namespacesOf(layout).map((ns) => [ns.slice(PREFIX.length + layout.id.length + 1), ns]))

/** Every network namespace of the lab. */
export const namespacesOf = (layout: SiteLayout): readonly string[] => [
  layout.wan.ns,
  layout.broker.ns,
  ...layout.clusters.flatMap((cluster) => [cluster.router.ns, cluster.api.ns]),
  ...nodesOf(layout).flatMap((node) => [node.ns, ...podNs(node)]),
]

const podNs = (node: HostLayout | NodeLayout): readonly string[] => ('pod' in node ? [node.pod.ns] : [])
