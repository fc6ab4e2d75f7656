// Clusters that exchange services in one process: fake APIs, real discovery agents, and as much of Kubernetes' controllers as they count on.
import { runDiscovery } from '../../src/commands/discovery/run.ts'
import type { DiscoverySeen, DiscoverySettings } from '../../src/commands/discovery/world.ts'
import type { Kind } from '../../src/model/kinds.ts'
import type { Backend, EndpointSlice, ServiceExport, ServiceImport } from '../../src/model/mcs.ts'
import { BROKER_UID, CLUSTER_LABEL, CLUSTER_UID, GATEWAY_LEASE } from '../../src/model/names.ts'
import type { Connection, ConnectionStatus, Meta, Resource, Service } from '../../src/model/resources.ts'
import { silentLog } from '../../src/system/log.ts'
import type { HandClock } from './clock.ts'
import { clusterOf, endpointOf } from './clusters.ts'
import { type FakeApi, type FakeCluster, fakeCluster, make } from './kube.ts'
import { exportOf, podOf, podsOf, serviceOf } from './services.ts'

export const AGENTS = 'submariner'
export const BROKER = 'submariner-k8s-broker'

export interface FakeAgent {
  readonly local: FakeApi
  readonly broker: FakeApi
  readonly seen: DiscoverySeen | undefined
  /** SIGTERM; settles when it has ended. */
  term(): Promise<void>
  /** Gone at once: it says and hears nothing any more. */
  kill(): void
}

export interface Site {
  readonly id: string
  readonly n: number
  readonly api: FakeCluster
  start(more?: Partial<DiscoverySettings>): FakeAgent
  /** A Service of the namespace shop with one pod, 10.n.0.5, unless told otherwise. */
  serve(name: string, spec?: Service['spec'], pods?: readonly Backend[], namespace?: string): void
  wish(name: string, meta?: Partial<Meta>, spec?: ServiceExport['spec']): void
  /** What the active gateway says of its connections; clusters that are not named are connected. */
  connections(states: Readonly<Record<string, ConnectionStatus>>): void
  /** A second gateway that waits. */
  standby(name: string): void
  /** What the route agent of a node says of other clusters. */
  node(name: string, states: Readonly<Record<string, ConnectionStatus>>): void
  /** The leading gateway renews its lease. */
  renew(holder?: string): void
  import(name: string, namespace?: string): ServiceImport | undefined
  export(name: string, namespace?: string): ServiceExport | undefined
  /** Addresses behind an import, ready ones, as kube-proxy or, for a headless one, DNS see them. */
  backends(name: string, namespace?: string): readonly string[]
  namespace(name: string): void
  /** With all that is in it. */
  dropNamespace(name: string): void
}

export interface Sites {
  readonly broker: FakeCluster
  site(id: string): Site
  /** Turns the clock, and lets Kubernetes' controllers work. */
  turn(ms: number): Promise<void>
  /** Turns it until it holds; gives the milliseconds that it took. Throws when it takes longer than so many. */
  within(mostMs: number, holds: () => boolean): Promise<number>
  /** Ends every agent. */
  end(): Promise<void>
}

const STEP_MS = 20
const LONG_STEP_MS = 500

export function sites(clock: HandClock, ids: readonly string[]): Sites {
  const broker = fakeCluster({ clock, server: 'https://198.51.100.1:6443' })
  const agents = new Set<FakeAgent>()
  const all = new Map(ids.map((id, i) => [id, openSite({ id, n: i + 1, ids, clock, broker, agents })]))
  for (const [i, id] of ids.entries()) {
    const meta = { namespace: BROKER, uid: `broker-${id}`, labels: { [CLUSTER_LABEL]: id }, annotations: { [CLUSTER_UID]: `uid-${id}` } }
    broker.put(clusterOf(id, { n: i + 1, meta }))
    broker.put(endpointOf(id, { n: i + 1, meta: { ...meta, uid: `broker-endpoint-${id}` } }))
  }
  const turn = async (ms: number): Promise<void> => {
    const step = ms > 10_000 ? LONG_STEP_MS : STEP_MS
    for (let left = ms; left > 0; left -= step) {
      await clock.advance(Math.min(left, step))
      for (const { api, n } of all.values()) control(api, n)
    }
  }
  return {
    broker,
    site(id) {
      const site = all.get(id)
      if (site === undefined) throw new Error(`no cluster ${id}`)
      return site
    },
    turn,
    async within(mostMs, holds) {
      const start = clock.now()
      while (!holds()) {
        if (clock.now() - start >= mostMs) throw new Error(`not so within ${mostMs} ms`)
        await turn(STEP_MS)
      }
      return clock.now() - start
    },
    async end() {
      for (const agent of [...agents]) agent.kill()
      await clock.advance(120_000)
    },
  }
}

/** Service addresses, and what goes with its owner. */
function control(api: FakeCluster, n: number): void {
  for (const service of api.objects('Service'))
    if (service.spec?.type === 'ClusterIP' && (service.spec.clusterIP ?? '') === '') {
      const k = api.objects('Service').length
      api.put({ ...service, spec: { ...service.spec, clusterIP: `100.${n}.9.${k}`, clusterIPs: [`100.${n}.9.${k}`] } } as Service)
    }
  const uids = new Set(api.objects('ServiceImport').map(({ metadata }) => metadata.uid))
  for (const kind of ['Service', 'EndpointSlice'] as const)
    for (const { metadata } of api.objects(kind)) {
      const owner: unknown = metadata.ownerReferences?.[0]
      const uid = typeof owner === 'object' && owner !== null ? Reflect.get(owner, 'uid') : undefined
      if (uid !== undefined && !uids.has(String(uid))) api.drop(kind, metadata.name, metadata.namespace)
    }
}

interface Ground {
  readonly id: string
  readonly n: number
  readonly ids: readonly string[]
  readonly clock: HandClock
  readonly broker: FakeCluster
  readonly agents: Set<FakeAgent>
}

function openSite(ground: Ground): Site {
  const { id, n, ids, clock } = ground
  const api = fakeCluster({ clock, server: `https://10.255.${n}.1:6443` })
  const namespace = (name: string): void =>
    api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, uid: name === 'kube-system' ? `uid-${id}` : `${id}-${name}` } })
  for (const name of ['kube-system', AGENTS, 'default', 'shop']) namespace(name)
  for (const [i, other] of ids.entries()) {
    const labels: Record<string, string> = other === id ? {} : { [CLUSTER_LABEL]: other }
    const annotations = { [BROKER_UID]: `broker-${other}` }
    api.put(
      clusterOf(other, {
        n: i + 1,
        meta: { namespace: AGENTS, labels, annotations, ...(other === id && { labels: undefined }) } as Partial<Meta>,
      }),
    )
    api.put(endpointOf(other, { n: i + 1, meta: { namespace: AGENTS, labels } }))
  }
  const gateway = (name: string, haStatus: 'active' | 'passive', connections: readonly Connection[]): void => {
    const status = { version: '', haStatus, localEndpoint: endpointOf(id).spec, statusFailure: '', connections }
    api.put(make('Gateway', name, { status }, { namespace: AGENTS }))
  }
  const connections: Site['connections'] = (states) =>
    gateway(
      `${id}-gw1`,
      'active',
      ids
        .filter((other) => other !== id)
        .map((other) => ({ status: states[other] ?? ('connected' as const), statusMessage: '', endpoint: endpointOf(other).spec })),
    )
  connections({})
  const find = <K extends Kind>(kind: K, name: string, where = 'shop'): Resource | undefined =>
    api.objects(kind).find(({ metadata }) => metadata.name === name && metadata.namespace === where)
  return {
    id,
    n,
    api,
    start: (more) => start(ground, api, more),
    serve(name, spec = {}, pods = [podOf(`10.${n}.0.5`)], where = 'shop') {
      api.put(serviceOf(name, { clusterIP: `100.${n}.0.10`, clusterIPs: [`100.${n}.0.10`], ...spec }, { namespace: where }))
      api.put(podsOf(name, pods, {}, { namespace: where }))
    },
    wish: (name, meta, spec) =>
      api.put({ ...exportOf(name, { uid: `${id}-${name}-${clock.now()}`, creationTimestamp: isoOf(clock), ...meta }, spec) }),
    connections,
    standby: (name) => gateway(name, 'passive', []),
    node: (name, states) => api.put(routeAgentOf(name, states)),
    renew(holder = `${id}-gw1`) {
      const spec = { holderIdentity: holder, leaseDurationSeconds: 3, renewTime: new Date(clock.now()).toISOString() }
      api.put(make('Lease', GATEWAY_LEASE, { spec }, { namespace: AGENTS }))
    },
    import: (name, where) => find('ServiceImport', name, where) as ServiceImport | undefined,
    export: (name, where) => find('ServiceExport', name, where) as ServiceExport | undefined,
    backends: (name, where = 'shop') => backendsOf(api, name, where),
    namespace,
    dropNamespace(name) {
      for (const kind of ['ServiceExport', 'ServiceImport', 'EndpointSlice', 'Service'] as const)
        for (const { metadata } of api.objects(kind)) if (metadata.namespace === name) api.drop(kind, metadata.name, name)
      api.drop('Namespace', name)
    },
  }
}
const routeAgentOf = (name: string, states: Readonly<Record<string, ConnectionStatus>>): Resource => {
  const remoteEndpoints = Object.entries(states).map(([id, status]) => ({ status, statusMessage: '', spec: endpointOf(id).spec }))
  return make('RouteAgent', name, { status: { version: '', statusFailure: '', remoteEndpoints } }, { namespace: AGENTS })
}
const isoOf = (clock: HandClock): string => new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')

function backendsOf(api: FakeCluster, name: string, namespace: string): readonly string[] {
  const derived = new Set(api.objects('Service').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
  const ofImport = api
    .objects('EndpointSlice')
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.['multicluster.kubernetes.io/service-name'] === name)
  const isUsed = ({ metadata }: EndpointSlice): boolean =>
    metadata.labels?.['lighthouse.submariner.io/is-headless'] === 'true' ||
    derived.has(`${namespace}/${metadata.labels?.['kubernetes.io/service-name']}`)
  return ofImport
    .filter(isUsed)
    .flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready ?? true).map(({ addresses }) => addresses[0] ?? ''))
    .sort()
}

let started = 0
function start({ id, clock, broker, agents }: Ground, cluster: FakeCluster, more: Partial<DiscoverySettings> = {}): FakeAgent {
  const hostname = `${id}-discovery-${++started}`
  const local = cluster.api(hostname)
  const there = broker.api(hostname)
  const term = new AbortController()
  let seen: DiscoverySeen | undefined
  const settings: DiscoverySettings = {
    clusterId: id,
    namespace: AGENTS,
    brokerNamespace: BROKER,
    allowed: new Set(),
    isLocalFirst: true,
    leaseTermMs: 3_000,
    ...more,
  }
  const done = runDiscovery({
    settings,
    hostname,
    clock,
    log: silentLog,
    signal: term.signal,
    local,
    broker: there,
    observe(now) {
      seen = now
    },
  })
  const agent: FakeAgent = {
    local,
    broker: there,
    get seen() {
      return seen
    },
    async term() {
      term.abort()
      await done
      agents.delete(agent)
    },
    kill() {
      local.link = 'silent'
      there.link = 'silent'
      term.abort()
      agents.delete(agent)
    },
  }
  agents.add(agent)
  return agent
}
