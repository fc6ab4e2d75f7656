// A cluster and a broker for a discovery agent: two central API servers, and services of three clusters as objects that nobody else cares for.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Share } from '../../src/discovery/service/share.ts'
import { ownExport } from '../../src/discovery/up/export.ts'
import { clusterImport, sharedImport, wireSlices } from '../../src/discovery/up/wire.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL } from '../../src/model/names.ts'
import type { Resource, Service } from '../../src/model/resources.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { make } from '../fakes/kube.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../fakes/services.ts'
import { isRunning, type ProcessId, signal, startDaemon, waitEnded } from '../lab/processes.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type CentralServer, freePort, openCentral } from './central.ts'
import { AS_IN_POD } from './cost.ts'

const IDS = ['west', 'east', 'north'] as const
const AGENTS = 'submariner'
const NAMESPACE = 'shop'
const WRITERS = 16
const START_LIMIT_MS = 900_000
const TELL_MS = 15_000

export interface Bed extends AsyncDisposable {
  /** So many services that all three clusters export; those of the other two are on the broker. */
  serve(count: number): Promise<void>
  /** West exports the i-th service as well, which no other cluster has; gives the milliseconds until the export says that the broker has it. */
  exportOneMore(i: number): Promise<number>
  /** Starts the packaged agent of west. */
  startAgent(): Promise<Agent>
}
export interface Agent extends AsyncDisposable {
  readonly process: ProcessId
  /** Settles when it says that so many services are exported and imported, and that nothing is left to do. */
  untilDone(services: number): Promise<void>
}

/** `say` is told now and then how far it is. */
export async function openBed(say: (what: string) => void): Promise<Bed> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'subctl-bench-discovery-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const [west, central] = [stack.use(await openCentral('cluster')), stack.use(await openCentral('broker'))]
  const [cluster, broker] = [openApi(west.access), openApi(central.access)]
  await prepare(cluster, broker)
  const stop = new AbortController()
  const controlling = giveAddresses(cluster, stop.signal)
  stack.defer(async () => {
    stop.abort()
    await controlling
  })
  await writePlace(folder, west, central)
  // Whatever fails before this ends what was started.
  const end = stack.move()
  return {
    serve: (count) => serve({ cluster, broker, count, say }),
    exportOneMore: (i) => exportOneMore(cluster, i),
    startAgent: () => startAgent(folder, west.access.server, central.access.server, say),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  }
}

async function prepare(cluster: KubeApi, broker: KubeApi): Promise<void> {
  const namespace = (name: string): Resource => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const name of [AGENTS, NAMESPACE]) await create(cluster, namespace(name))
  await broker.apply(namespace(BROKER_NAMESPACE))
  for (const [i, id] of IDS.entries()) {
    const labels: Record<string, string> = id === 'west' ? {} : { [CLUSTER_LABEL]: id }
    for (const object of [clusterOf, endpointOf].map((of) => of(id, { n: i + 1, meta: { namespace: AGENTS, labels } })))
      await create(cluster, object)
  }
  const connections = IDS.slice(1).map((id) => ({ status: 'connected' as const, statusMessage: '', endpoint: endpointOf(id).spec }))
  const status = { version: '', haStatus: 'active' as const, localEndpoint: endpointOf('west').spec, statusFailure: '', connections }
  await create(cluster, make('Gateway', 'west-gw1', { status }, { namespace: AGENTS }))
}
const create = async (api: KubeApi, object: Resource): Promise<void> =>
  void (await api.create({ ...object, metadata: { ...object.metadata, uid: undefined, creationTimestamp: undefined } as never }))

/** As much of a service controller as imports count on. */
async function giveAddresses(cluster: KubeApi, stop: AbortSignal): Promise<void> {
  let count = 0
  const { version } = await cluster.list('Service', {})
  const due: Promise<unknown>[] = []
  try {
    for await (const event of cluster.watch('Service', version, {}, stop)) {
      if (event.type !== 'put' || (event.object.spec?.clusterIP ?? '') !== '') continue
      const { name, namespace } = event.object.metadata
      count += 1
      const clusterIP = `100.1.${128 + (count >> 8)}.${count & 255}`
      due.push(cluster.patch('Service', name, namespace, { spec: { clusterIP, clusterIPs: [clusterIP] } }).catch(() => undefined))
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
  await Promise.all(due)
}

/** The Service and EndpointSlice `service-i` of the n-th cluster, and what its agent shares of it. */
function partsOf(
  i: number,
  n: number,
): { readonly service: Service; readonly pods: ReturnType<typeof podsOf>; readonly share: Share | undefined } {
  const name = `service-${i}`
  const address = `100.${n}.${i >> 8}.${i & 255}`
  const service = serviceOf(name, { clusterIP: address, clusterIPs: [address] })
  const pods = podsOf(
    name,
    [0, 1].map((pod) => podOf(`10.${n}.${(2 * i + pod) >> 8}.${(2 * i + pod) & 255}`)),
  )
  const guard = { allowed: new Set<string>(), own: AGENTS }
  const { share } = ownExport({ clusterId: IDS[n - 1] ?? '', guard, wish: exportOf(name), service, slices: [pods] })
  return { service, pods, share }
}

interface Serving {
  readonly cluster: KubeApi
  readonly broker: KubeApi
  readonly count: number
  readonly say: (what: string) => void
}
async function serve({ cluster, broker, count, say }: Serving): Promise<void> {
  const tell = openTeller(say)
  const one = async (i: number): Promise<void> => {
    const { service, pods } = partsOf(i, 1)
    for (const object of [service, pods, exportOf(service.metadata.name)]) await create(cluster, object)
    for (const n of [2, 3]) {
      const { share } = partsOf(i, n)
      if (share === undefined) throw new Error('not exported')
      const writer = { brokerNamespace: BROKER_NAMESPACE, salt: `${n}-${i}` }
      for (const object of [clusterImport(share, writer), ...wireSlices(share, writer)]) await create(broker, object)
      if (n === 2) await create(broker, sharedImport(share, BROKER_NAMESPACE))
    }
  }
  const queue = Array.from({ length: count }, (_, i) => i).values()
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      for (const i of queue) {
        tell(() => `${i} of ${count} services are on the API servers`)
        await one(i)
      }
    }),
  )
}

/** Says what is so, but not again within a quarter of a minute. */
function openTeller(say: (what: string) => void): (what: () => string) => void {
  let last = Date.now()
  return (what) => {
    if (Date.now() - last < TELL_MS) return
    last = Date.now()
    say(what())
  }
}

async function exportOneMore(cluster: KubeApi, i: number): Promise<number> {
  const { service, pods } = partsOf(i, 1)
  const { name } = service.metadata
  for (const object of [service, pods]) await create(cluster, object)
  await wait(300)
  const query = { namespace: NAMESPACE, name }
  const { version } = await cluster.list('ServiceExport', query)
  const stop = new AbortController()
  const began = performance.now()
  await create(cluster, exportOf(name))
  for await (const event of cluster.watch('ServiceExport', version, query, AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)])))
    if (event.type === 'put' && event.object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) {
      const ms = performance.now() - began
      stop.abort()
      return ms
    }
  throw new Error(`${name} is not exported within a minute`)
}

async function writePlace(folder: string, west: CentralServer, central: CentralServer): Promise<void> {
  for (const [name, { access }] of [
    ['account', west],
    ['broker', central],
  ] as const) {
    const { token = '', ca = '' } = await access.credentials()
    await mkdir(join(folder, name), { mode: 0o700 })
    await writeFile(join(folder, name, 'token'), token)
    await writeFile(join(folder, name, 'ca.crt'), ca)
  }
}

/** Has a process find its ServiceAccount where a pod's is, without a trace on the machine: what reads kubeconfigs weighs too, and is in no pod. */
const AS_POD =
  'mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io && ln -s "$1" /run/secrets/kubernetes.io/serviceaccount && shift && exec "$@"'

/** How far an agent is, by its metrics. */
function said(text: string): string {
  const number = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? 'none'
  const exported = number(/^submariner_service_export\{state="exported"\} (\d+)$/m)
  return `${exported} are exported and ${number(/^submariner_service_import (\d+)$/m)} imported`
}

async function startAgent(folder: string, clusterUrl: string, brokerUrl: string, say: (what: string) => void): Promise<Agent> {
  const listen = `127.0.0.1:${await freePort()}`
  const { hostname, port } = new URL(clusterUrl)
  const environment = [
    'env',
    ...AS_IN_POD,
    'MALLOC_MMAP_THRESHOLD_=32768',
    `KUBERNETES_SERVICE_HOST=${hostname}`,
    `KUBERNETES_SERVICE_PORT=${port}`,
  ]
  const flags = ['--cluster-id', 'west', '--namespace', AGENTS, '--metrics-listen', listen]
  const place = ['--broker-url', new URL(brokerUrl).host, '--broker-secrets-dir', join(folder, 'broker')]
  const inPod = ['unshare', '--mount', 'sh', '-c', AS_POD, 'sh', join(folder, 'account'), ...environment]
  const process_ = startDaemon([...inPod, SUBCTL, 'discovery', ...flags, ...place], join(folder, 'agent.log'), { PATH: '/usr/bin:/bin' })
  const get = (path: string): Promise<Response> => fetch(`http://${listen}${path}`)
  const isReady = (): Promise<boolean> =>
    get('/readyz').then(
      ({ ok }) => ok,
      () => false,
    )
  return {
    process: process_,
    async untilDone(services) {
      const lines = [`submariner_service_export{state="exported"} ${services}`, `submariner_service_import ${services}`]
      const tell = openTeller(say)
      for (const until = Date.now() + START_LIMIT_MS; Date.now() < until && isRunning(process_); await wait(20)) {
        const text = await get('/metrics').then(
          (answer) => answer.text(),
          () => '',
        )
        if (lines.every((line) => text.includes(`${line}\n`)) && (await isReady())) return
        tell(() => `of ${services} ${said(text)}`)
      }
      throw new Error('the agent does not get done')
    },
    async [Symbol.asyncDispose]() {
      signal(process_, 'SIGTERM')
      await waitEnded(process_)
    },
  }
}
