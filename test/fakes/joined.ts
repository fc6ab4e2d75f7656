// Two joined clusters and their broker as `verify` and `show` find them when all is well; a test breaks what it wants.
import { environmentOf } from '../../src/install/objects/settings.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { parseCidr } from '../../src/model/net.ts'
import { PROBE_ANSWER, PROBE_REQUEST, type ProbeAnswer, readProbeRequest } from '../../src/model/probe.ts'
import type { Connection, Endpoint, Gateway, Lease, RouteAgent } from '../../src/model/resources.ts'
import type { Clock } from '../../src/system/clock.ts'
import { clusterOf, endpointOf } from './clusters.ts'
import { PLAIN_JOIN } from './join-settings.ts'
import { type FakeApi, type FakeCluster, fakeCluster, make } from './kube.ts'

export const NAMESPACE = 'submariner'
const BROKER = 'submariner-k8s-broker'
const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const IDS = ['west', 'east'] as const
type Id = (typeof IDS)[number]

export interface Joined {
  readonly clusters: Readonly<Record<Id, FakeCluster>>
  readonly broker: FakeCluster
  /** For fakeWorld: contexts west and east, "" is the broker. */
  readonly apis: Readonly<Record<string, FakeApi>>
  /** Each sleep ends at once; meanwhile leases are renewed and route agents answer. */
  readonly clock: Clock
  /** What a node's route agent answers; undefined: nothing. */
  readonly answers: (node: string, id: Id) => Omit<ProbeAnswer, 'id' | 'at'> | undefined
  set(answers: Joined['answers']): void
  /** Names of gateways whose engines do not answer. */
  readonly dead: Set<string>
}

const other = (id: Id): Id => (id === 'west' ? 'east' : 'west')
const numberOf = (id: Id): number => IDS.indexOf(id) + 1
const own = (id: Id): Endpoint =>
  endpointOf(id, { n: numberOf(id), healthCheckIP: `10.${numberOf(id)}.0.1`, meta: { namespace: NAMESPACE, labels: {} } })
const copy = (id: Id): Endpoint =>
  endpointOf(id, { n: numberOf(id), healthCheckIP: `10.${numberOf(id)}.0.1`, meta: { namespace: NAMESPACE } })
const RTT = { last: '1ms', min: '1ms', average: '1.2ms', max: '2ms', stdDev: '100µs' }
export const connectionTo = (id: Id, more: Partial<Connection> = {}): Connection => ({
  status: 'connected',
  statusMessage: '',
  endpoint: copy(id).spec,
  usingIP: `172.16.${numberOf(id)}.1`,
  usingNAT: false,
  latencyRTT: RTT,
  ...more,
})

export const goodAnswer = (_: string, id: Id): Omit<ProbeAnswer, 'id' | 'at'> => {
  const ip = `10.${numberOf(other(id))}.0.1`
  return {
    results: [56, 1400].map((sizeBytes) => ({ cluster: other(id), ip, ok: true, sizeBytes, rttMs: 1.2 })),
    unguarded: [],
    leaks: [],
  }
}

export function joined(version = '1.2.3+abcdef12'): Joined {
  let now = Date.UTC(2026, 0, 1)
  let answers: Joined['answers'] = goodAnswer
  const dead = new Set<string>()
  const clusters = { west: fakeCluster({ server: 'https://west:6443' }), east: fakeCluster({ server: 'https://east:6443' }) }
  const broker = fakeCluster({ server: 'https://broker:6443' })
  for (const id of IDS) furnish(id, clusters[id], broker, version)
  const tick = (): void => {
    for (const id of IDS) {
      for (const lease of clusters[id].objects('Lease')) {
        const renewed: Lease = { ...lease, spec: { ...lease.spec, renewTime: new Date(now).toISOString() } }
        clusters[id].put(renewed)
      }
      for (const gateway of clusters[id].objects('Gateway')) if (!dead.has(gateway.metadata.name)) giveSign(clusters[id], gateway)
      for (const agent of clusters[id].objects('RouteAgent')) answerIfAsked(clusters[id], agent, answers(agent.metadata.name, id))
    }
  }
  const brokerApi = broker.api('member')
  // Rights as the policy has them.
  brokerApi.failNext(new ApiError(403, 'Forbidden', 'a credential of another cluster'), (call) => call.startsWith('create Cluster'), 1_000)
  return {
    clusters,
    broker,
    apis: { west: clusters.west.api('laptop'), east: clusters.east.api('laptop'), '': brokerApi },
    clock: {
      now: () => now,
      sleep: async (ms) => {
        now += ms
        tick()
      },
    },
    get answers() {
      return answers
    },
    dead,
    set(next) {
      answers = next
    },
  }
}

function answerIfAsked(cluster: FakeCluster, agent: RouteAgent, answer: Omit<ProbeAnswer, 'id' | 'at'> | undefined): void {
  const id = readProbeRequest(agent.metadata.annotations?.[PROBE_REQUEST])
  if (id === undefined || answer === undefined) return
  const annotations = { ...agent.metadata.annotations, [PROBE_ANSWER]: JSON.stringify({ id, at: '2026-01-01T00:00:00Z', ...answer }) }
  cluster.put({ ...agent, metadata: { ...agent.metadata, annotations } })
}

function giveSign(cluster: FakeCluster, gateway: Gateway): void {
  const request = gateway.metadata.annotations?.[PROBE_REQUEST]
  if (request === undefined) return
  const annotations = { ...gateway.metadata.annotations, [PROBE_ANSWER]: request }
  cluster.put({ ...gateway, metadata: { ...gateway.metadata, annotations } })
}

function furnish(id: Id, cluster: FakeCluster, broker: FakeCluster, version: string): void {
  const n = numberOf(id)
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  for (const [i, name] of [`${id}-gw1`, `${id}-gw2`, `${id}-w1`].entries()) {
    const labels: Record<string, string> = name.includes('gw') ? { 'submariner.io/gateway': 'true' } : {}
    cluster.put(make('Node', name, { status: { addresses: [{ type: 'InternalIP', address: `172.16.${n}.${i + 1}` }] } }, { labels }))
    const remote = {
      status: 'connected' as const,
      statusMessage: '',
      spec: copy(other(id)).spec,
      latencyRTT: RTT,
    }
    cluster.put(make('RouteAgent', name, { status: { version, statusFailure: '', remoteEndpoints: [remote] } }, { namespace: NAMESPACE }))
  }
  // As of a join from before there were services.
  const { SUBMARINER_SERVICEDISCOVERY: _, ...settings } = environmentOf({
    ...PLAIN_JOIN,
    ...{ clusterId: id, podCidrs: [parseCidr(`10.${n}.0.0/16`)], serviceCidrs: [parseCidr(`100.${n}.0.0/16`)], serviceDiscovery: false },
    broker: { server: 'broker:6443', namespace: BROKER, secret: 'submariner-broker-secret' },
  })
  cluster.put(make('ConfigMap', 'submariner-settings', { data: settings }, { namespace: NAMESPACE }))
  cluster.put(
    make('Secret', 'submariner-broker-secret', { data: { token: base64(`token-${id}`), 'ca.crt': base64(CA) } }, { namespace: NAMESPACE }),
  )
  cluster.put(make('Secret', 'submariner-ipsec-psk', { data: { psk: base64('p'.repeat(48)) } }, { namespace: NAMESPACE }))
  const lease: Lease['spec'] = {
    holderIdentity: `${id}-gw1-submariner-gateway`,
    leaseDurationSeconds: 3,
    renewTime: '2026-01-01T00:00:00Z',
  }
  cluster.put(make('Lease', 'submariner-gateway-lock', { spec: lease }, { namespace: NAMESPACE }))
  for (const [name, haStatus] of [
    [`${id}-gw1`, 'active'],
    [`${id}-gw2`, 'passive'],
  ] as const) {
    const connections = haStatus === 'active' ? [connectionTo(other(id))] : []
    const status = { version, haStatus, localEndpoint: own(id).spec, statusFailure: '', connections }
    cluster.put(make('Gateway', name, { status }, { namespace: NAMESPACE }))
  }
  cluster.put(own(id))
  cluster.put(clusterOf(id, { n, meta: { namespace: NAMESPACE, labels: {} } }))
  cluster.put(copy(other(id)))
  cluster.put(clusterOf(other(id), { n: numberOf(other(id)), meta: { namespace: NAMESPACE } }))
  broker.put(clusterOf(id, { n, meta: { namespace: BROKER } }))
  broker.put(endpointOf(id, { n, healthCheckIP: `10.${n}.0.1`, meta: { namespace: BROKER } }))
}
