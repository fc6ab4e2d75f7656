// Services across the clusters of a lab: an agent and a DNS server of each, a service to export, and what its name comes to.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeApi } from '../../src/k8s/api.ts'
import { BROKER_SECRET, NAMESPACE } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../fakes/services.ts'
import { apiIp, apiOf, kubeconfigOf } from './access.ts'
import { type DaemonSpec, endDaemon, startAs } from './daemons.ts'
import { API_PORT, clusterOf } from './layout.ts'
import { argvIn } from './places.ts'
import type { Lab } from './state.ts'
import { SUBCTL } from './subctl.ts'

export const SHOP = 'shop'
const DNS_PORT = 5353
const LIMIT_MS = 60_000

/** Where a cluster's agent and DNS server run: its last node. */
export const placeOf = (lab: Lab, cluster: string): string => clusterOf(lab.layout, cluster).nodes.at(-1)?.name ?? cluster

/** A program of a lab, by its key. */
type Program = Omit<DaemonSpec, 'env'> & { readonly key: string }

function programsOf(lab: Lab, cluster: string): readonly Program[] {
  const place = placeOf(lab, cluster)
  const access = ['--kubeconfig', kubeconfigOf(lab), '--context', cluster, '--cluster-id', cluster]
  const quiet = ['--metrics-listen', 'off', '--namespace', NAMESPACE]
  const secrets = join(lab.folder, 'secrets', cluster, 'engine', 'submariner.io', BROKER_SECRET)
  const broker = ['--broker-url', `${apiIp(lab, 'broker')}:${API_PORT}`, '--broker-secrets-dir', secrets]
  const listen = ['--listen', `127.0.0.1:${DNS_PORT}`, '--grace', '0ms', '--most-per-client', '1000000']
  return [
    { key: discoveryKey(cluster), place, argv: [SUBCTL, 'discovery', ...access, ...quiet, ...broker] },
    { key: `${cluster}.dns`, place, argv: [SUBCTL, 'dns', ...access, ...quiet, ...listen] },
  ]
}
export const discoveryKey = (cluster: string): string => `${cluster}.discovery`
const allPrograms = (lab: Lab): readonly Program[] => lab.layout.clusters.flatMap(({ name }) => programsOf(lab, name))

/** Starts the agents and DNS servers of all clusters, which have the namespace then. */
export async function startServices(lab: Lab): Promise<void> {
  for (const { name } of lab.layout.clusters)
    await (await apiOf(lab, name)).apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP } })
  await startAll(lab)
}
const startAll = async (lab: Lab): Promise<void> =>
  void (await Promise.all(allPrograms(lab).map(({ key, ...spec }) => startAs(lab, key, { ...spec, env: {} }))))

/** The same again: what the agents remember of earlier losses goes with them. */
export async function restartServices(lab: Lab): Promise<void> {
  await Promise.all(allPrograms(lab).map(({ key }) => endDaemon(lab, key, 'SIGTERM')))
  await startAll(lab)
}

const create = async (api: KubeApi, object: Resource): Promise<void> =>
  void (await api.create({ ...object, metadata: { ...object.metadata, uid: undefined, creationTimestamp: undefined } as never }))

/** A service of one cluster with one pod, not exported yet. */
export async function serve(
  api: KubeApi,
  name: string,
  { address, pod }: { readonly address: string; readonly pod: string },
): Promise<void> {
  await create(api, serviceOf(name, { clusterIP: address, clusterIPs: [address] }))
  await create(api, podsOf(name, [podOf(pod)]))
}
export const wish = (api: KubeApi, name: string): Promise<void> => create(api, exportOf(name))

export interface Names extends AsyncDisposable {
  /** From now on the name of this service is asked for. */
  follow(service: string): void
  /** Milliseconds since the epoch at which the answer came to be so; `none` stands for no address. */
  until(isWanted: (addresses: string) => boolean): Promise<number>
  /** How often a name that was there went. */
  losses(): number
}
export const none = (addresses: string): boolean => addresses === 'none'
export const some = (addresses: string): boolean => addresses !== 'none'

/** Asks a cluster's DNS server again and again, on its own node. */
export function watchNames(lab: Lab, cluster: string, everyMs = 5): Names {
  const watcher = join(import.meta.dirname, 'programs', 'dns-watch.ts')
  const [program, ...args] = argvIn(lab, placeOf(lab, cluster), [
    ...[process.execPath, '--no-warnings', watcher],
    ...[String(DNS_PORT), String(everyMs)],
  ])
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let [followed, lost] = ['', 0]
  let last = { atMs: 0, addresses: '' }
  createInterface(child.stdout).on('line', (line) => {
    const [at = '', name, addresses = ''] = line.split(' ')
    if (name !== followed) return
    if (none(addresses) && last.addresses !== '' && some(last.addresses)) lost += 1
    last = { atMs: Number(at), addresses }
  })
  return {
    follow(service) {
      followed = `${service}.${SHOP}.svc.clusterset.local`
      last = { atMs: 0, addresses: '' }
      child.stdin.write(`${followed}\n`)
    },
    async until(isWanted) {
      for (const end = Date.now() + LIMIT_MS; Date.now() < end; await wait(2))
        if (last.addresses !== '' && isWanted(last.addresses)) return last.atMs
      throw new Error(`${followed} is ${last.addresses} in ${cluster}`)
    },
    losses: () => lost,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await new Promise((settle) => child.once('exit', settle))
    },
  }
}
