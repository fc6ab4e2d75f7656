// Network of a lab: what stands in each namespace, as a pure function of the layout, and putting it there.
import { bytesOf, type Ip } from '../../src/model/net.ts'
import { exec } from '../../src/system/exec.ts'
import {
  type ClusterLayout,
  clusterOf,
  type HostLayout,
  type Layout,
  type NodeLayout,
  namespacesOf,
  type SiteLayout,
  type SiteOptions,
} from './layout.ts'
import { nodeRules, routerRules } from './rules.ts'

/** What a namespace gets, in this order. */
export interface Contents {
  readonly ns: string
  readonly sysctls?: readonly string[]
  /** Lines of `ip -batch`. */
  readonly ip: readonly string[]
  /** Text for iptables-restore. */
  readonly rules?: string
}

/** Makes all namespaces, links, addresses, routes and rules of the lab. */
export const buildNetwork = (layout: Layout): Promise<void> =>
  buildSite(layout, (cluster, node) => [nodeContents(layout, cluster, node), podContents(node)])

/** The same for any site: what its nodes get is the caller's. */
export async function buildSite<N extends HostLayout>(
  layout: Layout<N, SiteOptions>,
  contentsOf: (cluster: ClusterLayout<N>, node: N) => readonly Contents[],
): Promise<void> {
  for (const ns of namespacesOf(layout)) await exec(['ip', 'netns', 'add', ns])
  const nodes = layout.clusters.flatMap((cluster) => cluster.nodes.flatMap((node) => contentsOf(cluster, node)))
  for (const contents of [...planSite(layout), ...nodes, ...planPorts(layout)]) await fill(contents)
  const { link, ip } = layout.root
  const lines = [`link add ${link} type veth peer name host netns ${layout.wan.ns}`, `addr add ${ip}/24 dev ${link}`, `link set ${link} up`]
  await exec(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
  await exec(['ip', '-n', layout.wan.ns, 'link', 'set', 'host', 'master', 'br0', 'up'])
}

async function fill({ ns, sysctls = [], ip, rules }: Contents): Promise<void> {
  if (sysctls.length > 0) await exec(['ip', 'netns', 'exec', ns, 'sysctl', '-qw', ...sysctls])
  await exec(['ip', '-n', ns, '-batch', '-'], { input: `${ip.join('\n')}\n` })
  if (rules !== undefined) await exec(['ip', 'netns', 'exec', ns, 'iptables-restore', '--noflush'], { input: rules })
}

/** Makes a node and its pod anew, as after a reboot: nothing that anyone put into its kernel is there any more. Their processes must have ended. */
export async function rebuildNode(layout: Layout, node: NodeLayout): Promise<void> {
  const cluster = clusterOf(layout, node.cluster)
  await rebuildHost(cluster, node, [nodeContents(layout, cluster, node), podContents(node)])
}

/** The same for a node of any site. */
export async function rebuildHost(cluster: ClusterLayout<HostLayout>, { name }: HostLayout, all: readonly Contents[]): Promise<void> {
  // A namespace goes some time after its name; the ends of its links are to go now.
  await exec(['ip', '-n', cluster.router.ns, 'link', 'delete', name], { okCodes: [0, 1] })
  for (const { ns } of all) {
    await exec(['ip', 'netns', 'delete', ns])
    await exec(['ip', 'netns', 'add', ns])
  }
  for (const contents of all) await fill(contents)
  await exec(['ip', '-n', cluster.router.ns, 'link', 'set', name, 'master', 'br-lan', 'up'])
}

/** In an order in which each namespace's links find the other end's namespace furnished. Nodes come after it. */
const planSite = (layout: SiteLayout): readonly Contents[] => [
  {
    ns: layout.wan.ns,
    ip: [
      'link set lo up',
      `link add br0 address ${mac(layout.wan.ip)} type bridge`,
      `addr add ${layout.wan.ip}/24 dev br0`,
      'link set br0 up',
    ],
  },
  ...layout.clusters.flatMap((cluster) => [
    routerContents(layout, cluster),
    wanMember(layout, cluster.api, { port: `a-${cluster.name}`, of: cluster }),
  ]),
  wanMember(layout, layout.broker, { port: 'broker' }),
]

/** The other ends of all links. */
const planPorts = (layout: SiteLayout): readonly Contents[] => [
  { ns: layout.wan.ns, ip: wanPorts(layout).map((port) => `link set ${port} master br0 up`) },
  ...layout.clusters.map(({ router, nodes }) => ({ ns: router.ns, ip: nodes.map(({ name }) => `link set ${name} master br-lan up`) })),
]

const wanPorts = ({ clusters }: SiteLayout): readonly string[] => ['broker', ...clusters.flatMap(({ name }) => [`r-${name}`, `a-${name}`])]

/** The routers of a lab know where every pod network is: what leaves a node in the clear does arrive. */
function routerContents(layout: SiteLayout, cluster: ClusterLayout<HostLayout>): Contents {
  const others = layout.clusters.filter(({ name }) => name !== cluster.name)
  return {
    ns: cluster.router.ns,
    sysctls: ['net.ipv4.ip_forward=1'],
    ip: [
      'link set lo up',
      // Given, or it changes with the bridge's ports.
      `link add br-lan address ${mac(cluster.router.lanIp)} type bridge`,
      `addr add ${cluster.router.lanIp}/24 dev br-lan`,
      'link set br-lan up',
      `link add wan0 type veth peer name r-${cluster.name} netns ${layout.wan.ns}`,
      `addr add ${cluster.router.ip}/24 dev wan0`,
      ...cluster.nodes.flatMap(({ publicIp }) => (publicIp === undefined ? [] : [`addr add ${publicIp}/32 dev wan0`])),
      'link set wan0 up',
      `route add default via ${layout.wan.ip}`,
      ...cluster.nodes.map(({ podCidr, ip }) => `route add ${podCidr} via ${ip}`),
      ...cluster.nodes.slice(0, 1).map(({ ip }) => `route add ${cluster.serviceCidr} via ${ip}`),
      ...others.flatMap(({ router, podCidr, serviceCidr, lan, isNatted }) =>
        [...(layout.options.strictRouters === true ? [] : [podCidr, serviceCidr]), ...(isNatted ? [] : [lan])].map(
          (cidr) => `route add ${cidr} via ${router.ip}`,
        ),
      ),
    ],
    ...(cluster.isNatted && { rules: routerRules(cluster) }),
  }
}

/** An API server reaches its own cluster's nodes and pods, whatever is between. */
function wanMember(
  layout: SiteLayout,
  { ns, ip }: { readonly ns: string; readonly ip: string },
  { port, of }: { readonly port: string; readonly of?: ClusterLayout<HostLayout> },
): Contents {
  const open = layout.clusters.filter(({ name, isNatted }) => !isNatted && name !== of?.name)
  return {
    ns,
    ip: [
      'link set lo up',
      `link add eth0 type veth peer name ${port} netns ${layout.wan.ns}`,
      `addr add ${ip}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${layout.wan.ip}`,
      ...open.map(({ lan, router }) => `route add ${lan} via ${router.ip}`),
      ...(of === undefined ? [] : [of.lan, of.podCidr].map((cidr) => `route add ${cidr} via ${of.router.ip}`)),
    ],
  }
}

/** A CNI of the kind "bridge and routes to the other nodes", and kube-proxy's rules. */
function nodeContents({ options }: Layout, cluster: ClusterLayout, node: NodeLayout): Contents {
  const host = hostContents(options, cluster, node)
  return {
    ...host,
    ip: [
      ...host.ip,
      `link add cni0 address ${mac(node.cniIp)} type bridge`,
      `addr add ${node.cniIp}/24 dev cni0`,
      `link add pod0 type veth peer name eth0 address ${mac(node.pod.ip)} netns ${node.pod.ns}`,
      'link set pod0 master cni0 up',
      'link set cni0 up',
      ...podRoutes(cluster, node),
    ],
    rules: nodeRules(cluster, options.forwardDrop.includes(cluster.name)),
  }
}

/** A node on its cluster's network. */
export function hostContents(options: SiteOptions, cluster: ClusterLayout<HostLayout>, node: HostLayout): Contents {
  return {
    ns: node.ns,
    sysctls: [
      'net.ipv4.ip_forward=1',
      `net.ipv4.conf.all.rp_filter=${options.rpFilter}`,
      `net.ipv4.conf.default.rp_filter=${options.rpFilter}`,
    ],
    ip: [
      'link set lo up',
      `link add eth0 address ${mac(node.ip)} type veth peer name ${node.name} netns ${cluster.router.ns}`,
      `addr add ${node.ip}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${cluster.router.lanIp}`,
    ],
  }
}

/** Routes to the pods of a cluster's other nodes. */
export const podRoutes = (cluster: ClusterLayout<HostLayout>, node: HostLayout): readonly string[] =>
  cluster.nodes.filter(({ name }) => name !== node.name).map(({ podCidr, ip }) => `route add ${podCidr} via ${ip}`)

/** The same after a reboot, so that neighbours need not learn another. */
const mac = (ip: Ip): string => ['02', '00', ...bytesOf(ip).map((byte) => byte.toString(16).padStart(2, '0'))].join(':')

const podContents = ({ pod, cniIp }: NodeLayout): Contents => ({
  ns: pod.ns,
  ip: ['link set lo up', `addr add ${pod.ip}/24 dev eth0`, 'link set eth0 up', `route add default via ${cniIp}`],
})

/** Pulls the node's network cable, or plugs it in again: the node keeps its addresses and routes. */
export async function setCable(layout: SiteLayout, node: HostLayout, state: 'up' | 'down'): Promise<void> {
  await exec(['ip', '-n', clusterOf(layout, node.cluster).router.ns, 'link', 'set', node.name, state])
}

/** Removes what is left of the lab's namespaces and links. Its processes must have ended. */
export async function removeNetwork(layout: SiteLayout): Promise<void> {
  const { stdout } = await exec(['ip', 'netns', 'list'])
  const there = new Set(stdout.split('\n').map((line) => line.split(' ')[0]))
  await exec(['ip', 'link', 'delete', layout.root.link], { okCodes: [0, 1] })
  for (const ns of namespacesOf(layout)) if (there.has(ns)) await exec(['ip', 'netns', 'delete', ns])
}

/** Every process in one of the lab's namespaces. */
export async function processesIn(layout: SiteLayout, only?: string): Promise<readonly number[]> {
  const all = only === undefined ? namespacesOf(layout) : [only]
  const lists = await Promise.all(all.map((ns) => exec(['ip', 'netns', 'pids', ns], { okCodes: [0, 1, 255], timeoutMs: 60_000 })))
  return lists.flatMap(({ stdout }) => stdout.trim().split(/\s+/).filter(Boolean).map(Number))
}
