// Nodes of a bed: boot, power loss, and the programs that make a machine a node of Kubernetes.
import { resolve } from 'node:path'
import { exec } from '../../src/system/exec.ts'
import { apiFolder } from '../lab/access.ts'
import { endDaemon, listDaemons, logOf, startAgain, startAs } from '../lab/daemons.ts'
import { type ClusterLayout, clusterOf, type HostLayout, nodeOf, nodesOf } from '../lab/layout.ts'
import { type Contents, hostContents, podRoutes, rebuildHost, setCable } from '../lab/network.ts'
import { argvIn, run } from '../lab/places.ts'
import { isRunning, waitEnded } from '../lab/processes.ts'
import { cniRules } from '../lab/rules.ts'
import { until } from '../lab/until.ts'
import type { Bed } from './bed-state.ts'
import { endBox, startBox } from './box.ts'
import { kubeFolder } from './control-plane.ts'
import { componentsOf, type NodeSetting, nodeFiles } from './node-files.ts'

/** A program that ends is started again, as a service manager would; all of it ends with the process that is started here. */
const KEEP = `for procs in /sys/fs/cgroup/*/cgroup.procs; do echo $$ >"$procs"; done # the node's own: nsenter changes the view alone
while :; do setpriv --pdeathsig KILL "$@"; echo "bed: $1 has ended with $?" >&2; sleep 1; done`
const KEEP_ALL = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', KEEP, 'keep']

/** The part of a node's network that is there before anything runs on it. flannel makes routes and hides pods itself. */
export function bedHost(bed: Bed, cluster: ClusterLayout<HostLayout>, node: HostLayout): readonly Contents[] {
  const host = hostContents(bed.layout.options, cluster, node)
  if (cniOf(bed, cluster.name) === 'flannel') return [host]
  return [{ ...host, ip: [...host.ip, ...podRoutes(cluster, node)], rules: cniRules(cluster) }]
}

const cniOf = (bed: Bed, cluster: string) => bed.layout.options.cni[cluster] ?? 'bridge'

function settingOf(bed: Bed, node: HostLayout): NodeSetting {
  const cluster = clusterOf(bed.layout, node.cluster)
  return {
    cluster,
    node,
    cni: cniOf(bed, cluster.name),
    proxy: bed.layout.options.proxy[cluster.name] ?? 'iptables',
    hasPolicy: bed.layout.options.policy?.includes(cluster.name) === true,
    pki: apiFolder(bed, cluster.name),
  }
}

/** Boots a node as far as it goes without its API: its containers run again from here on, if it had any. */
export async function bootNode(bed: Bed, node: HostLayout): Promise<void> {
  await startBox(bed, node, nodeFiles(settingOf(bed, node)))
  await startComponents(bed, node, ['containerd'])
  await until(`${node.name}: containerd answers (${logOf(bed, `${node.name}.containerd`)})`, async () => {
    await run(bed, node.name, ['ctr', 'version'])
    return true
  })
}

/** The programs of a node that want its API. */
export const startAgents = (bed: Bed, node: HostLayout): Promise<void> => {
  const names = Object.keys(componentsOf(settingOf(bed, node)))
  return startComponents(
    bed,
    node,
    names.filter((name) => name !== 'containerd'),
  )
}

async function startComponents(bed: Bed, node: HostLayout, names: readonly string[]): Promise<void> {
  const components = componentsOf(settingOf(bed, node))
  const env = { PATH: `${kubeFolder()}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`, NODE_NAME: node.name }
  for (const name of names)
    await startAs(bed, `${node.name}.${name}`, { place: node.name, argv: [...KEEP_ALL, ...(components[name] ?? [])], env })
}

/** A node loses its power: all on it ends at once, and it is off the network. Its disk stays. */
export async function stopNode(bed: Bed, name: string): Promise<void> {
  const node = nodeOf(bed.layout, name)
  await setCable(bed.layout, node, 'down')
  await endBox(bed, name)
  for (const { spec, process } of await listDaemons(bed)) if (spec.place === name) await waitEnded(process)
}

/** The node boots: an empty kernel, an empty /run, and what was on its disk. */
export async function startNode(bed: Bed, name: string): Promise<void> {
  const node = nodeOf(bed.layout, name)
  const cluster = clusterOf(bed.layout, node.cluster)
  await rebuildHost(cluster, node, bedHost(bed, cluster, node))
  await bootNode(bed, node)
  await startAgents(bed, node)
}

/** Kills one program of a node, which stays so: kubelet, kube-proxy, containerd or flanneld. Containers run on. */
export const stopComponent = (bed: Bed, node: string, name: string): Promise<void> => endDaemon(bed, `${node}.${name}`, 'SIGKILL')

export async function startComponent(bed: Bed, node: string, name: string): Promise<void> {
  await startAgain(bed, `${node}.${name}`)
}

/** Loads an image into all nodes that are on. */
export async function loadImage(bed: Bed, tar: string): Promise<void> {
  await Promise.all(nodesOf(bed.layout).map((node) => importImage(bed, node.name, tar)))
}

/** Loads an image into one node; a node that is off stays without. */
export async function importImage(bed: Bed, node: string, tar: string): Promise<void> {
  const daemons = await listDaemons(bed)
  if (!daemons.some(({ key, process }) => key === `${node}.containerd` && isRunning(process))) return
  const ctr = argvIn(bed, node, ['ctr', '--namespace', 'k8s.io', 'images', 'import', '-'])
  await exec(['sh', '-c', 'file=$1; shift; exec "$@" <"$file"', 'sh', resolve(tar), ...ctr], { timeoutMs: 300_000 })
}
