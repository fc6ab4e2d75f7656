// Workloads as Calico makes them, on nodes of a bed whose CNI is another one, each with felix's own packet filter before it.
import type { Exec } from '../../src/system/exec.ts'
import { type FelixOptions, felixRefresh, WORKLOAD, workloadAddress, workloadLink } from '../dataplane/kernel/felix.ts'
import { clusterOf, type HostLayout } from '../lab/layout.ts'
import { type Bed, execOn, kubectl } from './bed.ts'

const PORT = 8080
const NS = 'workload'

export interface Workload {
  readonly name: string
  readonly node: string
  readonly ip: string
}

/** At the end of the node's network, where its IPAM has not come to. */
export const workloadOf = ({ name, podCidr }: HostLayout): Workload => ({
  name: `calico-${name}`,
  node: name,
  ip: podCidr.replace(/\.0\/24$/, '.250'),
})

export const execIn =
  (bed: Bed, node: string): Exec =>
  (argv, options) =>
    execOn(bed, node, argv, options)

/** Makes a node's workload: it serves its name by HTTP, and a Service leads to it. */
export async function startWorkload(bed: Bed, workload: Workload): Promise<void> {
  const { name, node, ip } = workload
  const batch = (lines: readonly string[]): string => `${lines.join('\n')}\n`
  await execOn(bed, node, ['ip', 'netns', 'add', NS])
  await execOn(bed, node, ['ip', '-batch', '-'], { input: batch(workloadLink(NS, ip)) })
  for (const setting of ['conf/DEV/proxy_arp=1', 'neigh/DEV/proxy_delay=0'])
    await execOn(bed, node, ['sysctl', '-qw', `net/ipv4/${setting.replace('DEV', WORKLOAD)}`])
  const inside = ['nsenter', `--net=/run/netns/${NS}`]
  await execOn(bed, node, [...inside, 'ip', '-batch', '-'], { input: batch(['link set lo up', ...workloadAddress(ip)]) })
  const serve = `mkdir -p /run/${NS} && echo ${name} >/run/${NS}/index.html && exec busybox httpd -p ${PORT} -h /run/${NS}`
  await execOn(bed, node, [...inside, 'sh', '-c', serve])
  await kubectl(bed, ['--context', contextOf(bed, node), 'apply', '-f', '-'], { input: JSON.stringify(serviceOf(workload)) })
}

const contextOf = (bed: Bed, node: string): string =>
  bed.layout.clusters.find(({ nodes }) => nodes.some(({ name }) => name === node))?.name ?? ''

const serviceOf = ({ name, ip }: Workload): object => ({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ name: 'http', port: 80, targetPort: PORT }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: PORT, protocol: 'TCP' }],
      endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    },
  ],
})

/** One turn of felix on every node of a cluster. Pools are the cluster's own and, as our gateway makes them, the other cluster's. */
export async function refreshAll(bed: Bed, context: string, options: Pick<FelixOptions, 'mode' | 'allowed'>): Promise<void> {
  const { nodes, podCidr } = clusterOf(bed.layout, context)
  const others = bed.layout.clusters.filter(({ name }) => name !== context).flatMap((other) => [other.podCidr, other.serviceCidr])
  for (const { name } of nodes) await felixRefresh(execIn(bed, name), { ...options, pools: [podCidr, ...others] })
}
