import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { refusalText } from '../../src/model/decode.ts'
import { refusedOf } from '../../src/model/gateway-status.ts'
import { CLUSTER_LABEL } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { type HandClock, handClock } from '../fakes/clock.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { type Clusterset, clusterset, type FakeGateway, type FakeMember } from '../fakes/clusterset.ts'
import { make } from '../fakes/kube.ts'

const BROKER = 'submariner-k8s-broker'
let clock: HandClock
let set: Clusterset
let west: FakeMember
let w: FakeGateway
let e: FakeGateway
beforeEach(async () => {
  clock = handClock()
  set = clusterset(clock)
  west = set.member('west', 1)
  const slice = { addressType: 'IPv4' as const, endpoints: [{ addresses: ['192.0.2.7'] }] }
  const labels = { 'kubernetes.io/service-name': 'kubernetes' }
  west.cluster.put(make('EndpointSlice', 'kubernetes', slice, { namespace: 'default', labels }))
  w = west.start(1)
  e = set.member('east', 2).start(1)
  for (let i = 0; i < 100 && !set.isConnected(w, e); i += 1) await clock.advance(50)
})
afterEach(() => set.end())

const meta = (id: string) => ({ namespace: BROKER, creationTimestamp: '2026-02-01T00:00:00Z', labels: { [CLUSTER_LABEL]: id } })
const rejoin = (id: string, n: number): void => {
  set.broker.put(clusterOf(id, { n, meta: meta(id) }))
  set.broker.put(endpointOf(id, { n, meta: meta(id) }))
}
/** Everything of West that hostile text could have got into, but for annotations, which are read by people alone. */
const traces = (): string =>
  JSON.stringify(
    [w.cables(), west.gateway('west-gw1'), ...[...west.cluster.objects('Endpoint'), ...west.cluster.objects('Cluster')]],
    (key, value) => (key === 'annotations' ? undefined : value),
  )

const PAYLOADS = [
  '$(reboot)',
  '`reboot`',
  "x'; reboot; '",
  'a\nconnections { x { } }',
  'a } secrets { ike { secret = x } }',
  'include /etc/shadow',
  '../../etc/passwd',
  '-j ACCEPT',
  'a\u0000b',
  '\u001b[2Jx',
  'x'.repeat(300),
]

describe('text of another cluster that is a shell’s, charon’s, iptables’ or a terminal’s', () => {
  const fields: readonly (readonly [string, (text: string) => Resource])[] = [
    ['Endpoint.metadata.name', (text) => endpointOf('evil', { n: 7, meta: { ...meta('evil'), name: text } })],
    ['Endpoint label', (text) => endpointOf('evil', { n: 7, meta: { ...meta('evil'), labels: { [CLUSTER_LABEL]: text } } })],
    ['Endpoint.spec.cluster_id', (text) => endpointOf('evil', { n: 7, cluster_id: text, meta: meta('evil') })],
    ['Endpoint.spec.cable_name', (text) => endpointOf('evil', { n: 7, cable_name: text, meta: meta('evil') })],
    ['Endpoint.spec.hostname', (text) => endpointOf('evil', { n: 7, hostname: text, meta: meta('evil') })],
    ['Endpoint.spec.subnets', (text) => endpointOf('evil', { n: 7, subnets: ['10.7.0.0/16', text], meta: meta('evil') })],
    ['Endpoint.spec.private_ip', (text) => ({ ...endpointOf('evil', { n: 7, meta: meta('evil') }), ...spec({ private_ip: text }) })],
    ['Endpoint.spec.public_ip', (text) => endpointOf('evil', { n: 7, public_ip: text, nat_enabled: true, meta: meta('evil') })],
    ['Endpoint.spec.healthCheckIP', (text) => endpointOf('evil', { n: 7, healthCheckIP: text, meta: meta('evil') })],
    ['Endpoint.spec.backend', (text) => endpointOf('evil', { n: 7, backend: text, meta: meta('evil') })],
    [
      'Endpoint.spec.backend_config value',
      (text) => endpointOf('evil', { n: 7, backend_config: { 'udp-port': text }, meta: meta('evil') }),
    ],
    ['Endpoint.spec.backend_config key', (text) => endpointOf('evil', { n: 7, backend_config: { [text]: 'x' }, meta: meta('evil') })],
    ['Cluster.spec.cluster_id', (text) => clusterOf('evil', { n: 7, cluster_id: text, meta: meta('evil') })],
    ['Cluster.spec.cluster_cidr', (text) => clusterOf('evil', { n: 7, cluster_cidr: [text], meta: meta('evil') })],
    ['Cluster.spec.service_cidr', (text) => clusterOf('evil', { n: 7, service_cidr: [text], meta: meta('evil') })],
    ['Cluster.spec.global_cidr', (text) => clusterOf('evil', { n: 7, global_cidr: [text], meta: meta('evil') })],
    ['Cluster.spec.color_codes', (text) => clusterOf('evil', { n: 7, color_codes: [text], meta: meta('evil') })],
  ]
  function spec(more: object): { spec: unknown } {
    return { spec: { ...endpointOf('evil', { n: 7 }).spec, ...more } }
  }

  it.each(fields)('in %s reaches neither charon nor an object here, and disturbs nobody', async (field, make) => {
    rejoin('good', 5)
    // Settings of a cable driver may be words and paths: none that this driver knows is one.
    for (const text of PAYLOADS.filter((one) => field !== 'Endpoint.spec.backend_config value' || !/^[\w/. -]{1,99}$/.test(one))) {
      set.broker.put(make(text))
      await clock.advance(300)
      for (const piece of ['reboot', 'secrets', 'shadow', 'passwd', 'ACCEPT', '\\u0000', '\\u001b', 'xxxxxxxxxx'])
        expect(traces()).not.toContain(piece)
    }
    expect(w.cables().map(({ remote }) => remote.cluster_id)).toEqual(expect.arrayContaining(['east', 'good']))
    expect([set.isConnected(w, e), west.gateway('west-gw1')?.status.statusFailure]).toEqual([true, ''])
  })
})

describe('networks of another cluster that are not its own', () => {
  it.each([
    ['everything', '0.0.0.0/0'],
    ['half of everything', '0.0.0.0/1'],
    ['more than anybody needs', '64.0.0.0/7'],
    ['our pods', '10.1.0.0/16'],
    ['some of our pods', '10.1.7.0/24'],
    ['our services', '100.1.0.0/16'],
    ['more than our services', '100.0.0.0/9'],
    ['another cluster’s pods', '10.2.3.0/24'],
    ['the networks of our nodes', '172.16.1.0/24'],
    ['one of our nodes', '172.16.1.1/32'],
    ['our API', '10.255.1.0/24'],
    ['what stands behind our API’s Service', '192.0.2.0/28'],
    ['the broker', '198.51.100.0/24'],
    ['loopback', '127.0.0.0/8'],
    ['link-local', '169.254.169.254/32'],
    ['multicast', '224.0.0.0/8'],
    ['our nodes’ VXLAN', '240.16.0.0/16'],
    ['no network', '10.9.0.0/33'],
    ['no address', '10.9.0/24'],
  ])('%s (%s): refused, in a Cluster as in an Endpoint', async (_, network) => {
    set.broker.put(clusterOf('evil', { n: 7, cluster_cidr: [network], service_cidr: [], meta: meta('evil') }))
    set.broker.put(endpointOf('evil', { n: 7, subnets: [network], meta: meta('evil') }))
    set.broker.put(endpointOf('worse', { n: 8, subnets: [network], meta: meta('worse') }))
    await clock.advance(2_000)
    expect(w.cables().map(({ remote }) => remote.cluster_id)).toEqual(['east'])
    expect(e.cables().map(({ remote }) => remote.cluster_id)).toEqual(expect.arrayContaining(['west']))
    expect([set.isConnected(w, e), west.gateway('west-gw1')?.status.statusFailure]).toEqual([true, ''])
  })
})

it('what is refused stands on the Gateway object and in an Event, once, and is forgotten when it is gone', async () => {
  set.broker.put(endpointOf('evil', { n: 7, subnets: ['0.0.0.0/0'], meta: meta('evil') }))
  await clock.advance(40_000)
  const refused = refusedOf(west.gateway('west-gw1')?.metadata.annotations)
  expect(refused).toEqual([
    { object: expect.stringMatching(/^Endpoint "evil-.*"$/), field: 'spec.subnets[0]', reason: expect.stringMatching(/./) },
  ])
  const events = () => west.cluster.objects('Event').filter((event) => 'reason' in event && event.reason === 'ObjectRefused')
  expect(events()).toEqual([expect.objectContaining({ type: 'Warning', message: refused.map(refusalText)[0] })])
  set.broker.drop('Endpoint', endpointOf('evil', { n: 7, meta: meta('evil') }).metadata.name, BROKER)
  await clock.advance(40_000)
  expect(refusedOf(west.gateway('west-gw1')?.metadata.annotations)).toEqual([])
  expect(events()).toHaveLength(1)
})

it('one more change among a hundred clusters asks no more of the APIs and charon than one among two', async () => {
  const costOfChange = async (): Promise<Record<string, number>> => {
    await clock.advance(30_000)
    const before = { local: w.local.calls.length, broker: w.broker.calls.length, changes: w.work.changes }
    set.broker.put(endpointOf('good', { n: 5, hostname: `good-gw${before.local}`, meta: meta('good') }))
    await clock.advance(200)
    return {
      local: w.local.calls.length - before.local,
      broker: w.broker.calls.length - before.broker,
      changes: w.work.changes - before.changes,
    }
  }
  rejoin('good', 5)
  const few = await costOfChange()
  for (let n = 10; n < 110; n += 1) rejoin(`c${n}`, n)
  await clock.advance(1_000)
  expect(w.cables()).toHaveLength(102)
  const many = await costOfChange()
  expect(few).toMatchObject({ changes: 1 })
  for (const key of ['local', 'broker', 'changes'] as const) expect(many[key]).toBeLessThanOrEqual((few[key] ?? 0) + 2)
})
