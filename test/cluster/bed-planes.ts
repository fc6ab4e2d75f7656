// Control planes of a bed: etcd, API server, controller manager and scheduler of each cluster, in the place CLUSTER-api.
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exec } from '../../src/system/exec.ts'
import { apiFolder, apiOf, apiPlace, kubeconfigOf, saveAdmin, untilReady } from '../lab/access.ts'
import { adopt, daemonOf, endDaemon, startAgain, startAs } from '../lab/daemons.ts'
import { API_PORT, type ClusterLayout, type HostLayout } from '../lab/layout.ts'
import { nodeObject } from '../lab/objects.ts'
import { argvIn } from '../lab/places.ts'
import { isRunning } from '../lab/processes.ts'
import type { Bed } from './bed-state.ts'
import { kubeProgram, startControlPlane } from './control-plane.ts'
import { dnsIp } from './node-files.ts'

/** In the order in which they are started. */
export const PLANE_PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
export type PlaneProgram = (typeof PLANE_PROGRAMS)[number]

/** Starts a cluster's control plane and makes its nodes' objects, so that their networks are those of the layout. */
export async function startPlane(bed: Bed, cluster: ClusterLayout<HostLayout>): Promise<void> {
  const [folder, place] = [apiFolder(bed, cluster.name), apiPlace(cluster.name)]
  await mkdir(join(bed.folder, 'logs'), { recursive: true })
  const { server, ca, token, processes } = await startControlPlane({
    folder,
    logs: join(bed.folder, 'logs', `${place}.`),
    prefix: argvIn(bed, place, []),
    address: cluster.api.ip,
    port: API_PORT,
    serviceCidr: cluster.serviceCidr,
    names: [cluster.serviceCidr.replace(/\.0\/\d+$/, '.1')],
    podCidr: cluster.podCidr,
    nodes: cluster.nodes,
    controllers: ['*'],
    daemon: true,
    ...(bed.layout.options.restricted?.includes(cluster.name) === true && { podSecurity: 'restricted' }),
  })
  for (const [i, process_] of processes.entries()) await adopt(bed, `${place}.${PLANE_PROGRAMS[i]}`, place, process_)
  await startAs(bed, `${place}.kube-scheduler`, { place, argv: schedulerArgs(folder), env: {} })
  await saveAdmin(bed, cluster.name, { server, ca, token })
  const api = await apiOf(bed, cluster.name)
  await Promise.all(
    cluster.nodes.map((node) => {
      const { status: _, ...object } = nodeObject(node)
      return api.create(object)
    }),
  )
}

const schedulerArgs = (folder: string): readonly string[] => [
  kubeProgram('kube-scheduler'),
  ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
    (flag) => `--${flag}=${join(folder, 'kube-scheduler.kubeconfig')}`,
  ),
  '--bind-address=127.0.0.1',
  '--leader-elect=false',
  '--profiling=false',
]

/** What runs in every cluster: DNS, and the rights of its CNI. */
export async function applyAddons(bed: Bed, cluster: ClusterLayout<HostLayout>): Promise<void> {
  const { cni, policy = [] } = bed.layout.options
  const names = [
    'coredns',
    ...(cni[cluster.name] === 'flannel' ? ['flannel'] : []),
    ...(policy.includes(cluster.name) ? ['kube-router'] : []),
  ]
  const texts = await Promise.all(names.map((name) => readFile(join(import.meta.dirname, 'manifests', `${name}.yaml`), 'utf8')))
  const input = texts.join('---\n').replace('DNS_IP', dnsIp(cluster))
  await kubectl(bed, ['--context', cluster.name, 'apply', '--server-side', '-f', '-'], { input })
}

/** kubectl with all contexts of the bed. */
export const kubectl = async (
  bed: Bed,
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<string> =>
  (await exec([kubeProgram('kubectl'), `--kubeconfig=${kubeconfigOf(bed)}`, ...args], { timeoutMs: 180_000, ...options })).stdout

/** Kills programs of a control plane, by default all. Their data stay. */
export async function stopPlane(bed: Bed, cluster: string, programs: readonly PlaneProgram[] = PLANE_PROGRAMS): Promise<void> {
  for (const name of [...programs].reverse()) await endDaemon(bed, `${apiPlace(cluster)}.${name}`, 'SIGKILL')
}

/** Starts what does not run of a control plane, and waits until its API is ready. */
export async function startPlaneAgain(bed: Bed, cluster: string): Promise<void> {
  for (const name of PLANE_PROGRAMS) {
    const key = `${apiPlace(cluster)}.${name}`
    const daemon = await daemonOf(bed, key)
    if (daemon === undefined || !isRunning(daemon.process)) await startAgain(bed, key)
    if (name === 'kube-apiserver') await untilReady(bed, cluster)
  }
}
