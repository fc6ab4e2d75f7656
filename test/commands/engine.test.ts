import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { BROKER_UID, CLUSTER_LABEL, CLUSTER_UID, KEPT_UNTIL } from '../../src/model/names.ts'
import { PROBE_ANSWER, PROBE_REQUEST, readProbeRequest, writeProbeRequest } from '../../src/model/probe.ts'
import { type HandClock, handClock } from '../fakes/clock.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { type Clusterset, clusterset, type FakeGateway, type FakeMember } from '../fakes/clusterset.ts'

let clock: HandClock
let set: Clusterset
let west: FakeMember
let east: FakeMember
beforeEach(() => {
  clock = handClock()
  set = clusterset(clock)
  west = set.member('west', 1)
  east = set.member('east', 2)
})
afterEach(() => set.end())

const hosts = (member: FakeMember): string[] =>
  member.cluster
    .objects('Endpoint')
    .map(({ spec }) => spec.hostname)
    .sort()
const onBroker = (): string[] =>
  set.broker
    .objects('Endpoint')
    .map(({ spec }) => spec.hostname)
    .sort()
const remotes = (gateway: FakeGateway): string[] =>
  gateway
    .cables()
    .map(({ remote }) => remote.hostname)
    .sort()
const events = (member: FakeMember, gateway: string): unknown[] =>
  member.cluster
    .objects('Event')
    .filter(({ metadata }) => metadata.name.startsWith(`${gateway}.`))
    .map((event) => ('reason' in event ? event.reason : undefined))
/** Turns the clock until it holds; gives the time that it took. */
async function within(mostMs: number, holds: () => boolean): Promise<number> {
  const start = clock.now()
  while (!holds()) {
    if (clock.now() - start >= mostMs) throw new Error(`not so within ${mostMs} ms`)
    await clock.advance(50)
  }
  return clock.now() - start
}
/** Two clusters, west with two gateways of which the first leads, connected. */
async function pair(): Promise<{ w1: FakeGateway; w2: FakeGateway; e: FakeGateway }> {
  const w1 = west.start(1)
  await within(5_000, () => w1.observed?.isLeading === true)
  const [w2, e] = [west.start(2), east.start(1)]
  await within(5_000, () => set.isConnected(w1, e) && west.gateway('west-gw1')?.status.connections[0]?.status === 'connected')
  await clock.advance(5_000)
  return { w1, w2, e }
}

describe('two clusters', () => {
  it('answer for themselves and their daemon when verify asks, those that stand by too', async () => {
    const { w2 } = await pair()
    const ask = (id: string): void => {
      const gateway = west.gateway('west-gw2')
      if (gateway === undefined) throw new Error('no gateway')
      const annotations = { ...gateway.metadata.annotations, [PROBE_REQUEST]: writeProbeRequest(id) }
      west.cluster.put({ ...gateway, metadata: { ...gateway.metadata, annotations } })
    }
    const answer = (): string | undefined => readProbeRequest(west.gateway('west-gw2')?.metadata.annotations?.[PROBE_ANSWER])
    ask('one')
    await within(3_000, () => answer() === 'one')
    const go = w2.hang()
    ask('two')
    await clock.advance(5_000)
    expect(answer()).toBe('one')
    go()
    await within(3_000, () => answer() === 'two')
  })
  it('find each other by the broker, connect, and say so', async () => {
    const [w, e] = [west.start(1), east.start(1)]
    await clock.advance(1_500)
    expect(set.isConnected(w, e)).toBe(true)
    expect(onBroker()).toEqual(['east-gw1', 'west-gw1'])
    expect(hosts(west)).toEqual(['east-gw1', 'west-gw1'])
    const { status, metadata } = west.gateway('west-gw1') ?? {}
    expect(status).toMatchObject({
      haStatus: 'active',
      statusFailure: '',
      connections: [{ status: 'connected', endpoint: { cluster_id: 'east' } }],
    })
    expect(JSON.parse(metadata?.annotations?.['submariner.io/connections-since'] ?? '')).toEqual({
      [e.cable]: expect.stringMatching(/^2026-01-01T/),
    })
    expect(set.broker.objects('Cluster').map((cluster) => cluster.metadata.labels)).toEqual([
      { [CLUSTER_LABEL]: 'west' },
      { [CLUSTER_LABEL]: 'east' },
    ])
    expect(w.owned()).toEqual(['100.1.0.0'])
    expect(events(west, 'west-gw1')).toEqual(['GatewayActive', 'ConnectionEstablished'])
  })

  it('are quiet once they are connected: no write but renewals of the lease and heartbeats, no change in charon', async () => {
    const { w1, w2 } = await pair()
    const before = { calls: w1.local.calls.length, broker: w1.broker.calls.length, changes: w1.work.changes, standby: w2.work.changes }
    await clock.advance(300_000)
    const writes = w1.local.calls.slice(before.calls).filter((call) => !call.includes('Lease') && !/^(list|watch)/.test(call))
    expect(writes.length).toBeLessThanOrEqual(11)
    expect(new Set(writes)).toEqual(new Set(['replace Gateway submariner/west-gw1']))
    expect(w1.broker.calls.slice(before.broker).filter((call) => !/^(list|watch)/.test(call))).toEqual([])
    expect([w1.work.changes, w2.work.changes]).toEqual([before.changes, before.standby])
  })

  it('make their own objects true again, here and on the broker', async () => {
    const { e } = await pair()
    const own = west.cluster.objects('Endpoint').find(({ spec }) => spec.cluster_id === 'west')
    if (own === undefined) throw new Error('no Endpoint')
    west.cluster.put({ ...own, spec: { ...own.spec, subnets: ['10.99.0.0/16'] } } as typeof own)
    west.cluster.put(endpointOf('west', { private_ip: '172.16.1.77', meta: { namespace: 'submariner', labels: {} } }))
    set.broker.put(endpointOf('west', { private_ip: '172.16.1.78', meta: { namespace: 'submariner-k8s-broker' } }))
    set.broker.drop('Cluster', 'west', 'submariner-k8s-broker')
    await clock.advance(1_000)
    expect(hosts(west)).toEqual(['east-gw1', 'west-gw1'])
    expect(onBroker()).toEqual(['east-gw1', 'west-gw1'])
    expect(set.broker.objects('Cluster')).toHaveLength(2)
    expect(set.broker.objects('Endpoint').find(({ spec }) => spec.cluster_id === 'west')?.spec.subnets).toEqual([
      '100.1.0.0/16',
      '10.1.0.0/16',
    ])
    expect(remotes(e)).toEqual(['west-gw1'])
  })

  it('part when one is gone for good: its objects go from the broker, copies and cables follow', async () => {
    const { w1, e } = await pair()
    await e.term()
    for (const kind of ['Cluster', 'Endpoint'] as const)
      for (const object of set.broker.objects(kind))
        if (object.spec.cluster_id === 'east') set.broker.drop(kind, object.metadata.name, object.metadata.namespace)
    await clock.advance(1_000)
    expect(hosts(west)).toEqual(['west-gw1'])
    expect(w1.cables()).toEqual([])
  })
})

describe('a gateway', () => {
  it('that is asked to end hands over at once: the successor connects, publishes itself, and only then the old one is cleared', async () => {
    const { w1, w2, e } = await pair()
    const start = clock.now()
    const ended = w1.term()
    await within(1_500, () => set.isConnected(w2, e))
    expect(set.isConnected(w1, e)).toBe(true)
    const publishedMs = await within(1_000, () => hosts(west).includes('west-gw2'))
    expect(clock.now() - start).toBeLessThan(1_000)
    expect(publishedMs).toBeLessThan(1_000)
    expect(hosts(west)).toEqual(['east-gw1', 'west-gw2'])
    // The peer has both until the old one goes, so that no packet finds no way.
    expect(remotes(e)).toEqual(['west-gw1', 'west-gw2'])
    await within(2_000, () => w1.cables().length === 0 && !w1.isRunning)
    await ended
    expect(w1.owned()).toEqual([])
    await within(2_000, () => onBroker().join() === 'east-gw1,west-gw2' && remotes(e).join() === 'west-gw2')
    expect(west.gateway('west-gw1')).toBeUndefined()
  })

  it('whose machine is gone is followed within five seconds', async () => {
    const { w1, w2, e } = await pair()
    w1.lose()
    const took = await within(5_000, () => set.isConnected(w2, e) && hosts(west).includes('west-gw2'))
    expect(took).toBeLessThan(5_000)
    await within(5_000, () => onBroker().join() === 'east-gw1,west-gw2' && remotes(e).join() === 'west-gw2')
    // The dead one's object says that it is active until the new leader takes it away.
    await within(15_000, () => west.gateway('west-gw1') === undefined)
  })

  it('publishes the public address that its Node names from the start, and another one as soon as the Node names it', async () => {
    const name = (ip: string): void => {
      const node = west.cluster.objects('Node').find(({ metadata }) => metadata.name === 'west-gw1')
      if (node === undefined) throw new Error('no node')
      west.cluster.put({ ...node, metadata: { ...node.metadata, annotations: { 'gateway.submariner.io/public-ip': `ipv4:${ip}` } } })
    }
    const published = (): string | undefined =>
      west.cluster.objects('Endpoint').find(({ spec }) => spec.cluster_id === 'west')?.spec.public_ip
    west.start(1)
    name('203.0.113.7')
    await within(5_000, () => published() === '203.0.113.7')
    name('203.0.113.8')
    await within(2_000, () => published() === '203.0.113.8')
  })

  it('forwards until its successor is connected, however slow that is', async () => {
    const { w1, w2, e } = await pair()
    const go = w2.hang()
    const ended = w1.term()
    await clock.advance(2_000)
    expect([hosts(west), set.isConnected(w1, e)]).toEqual([['east-gw1', 'west-gw1'], true])
    go()
    await within(1_000, () => hosts(west).includes('west-gw2'))
    expect([set.isConnected(w2, e), set.isConnected(w1, e)]).toEqual([true, true])
    await clock.advance(5_000)
    await ended
  })

  it('whose machine is gone is not waited for: the nodes are sent to the successor while it connects', async () => {
    const { w1, w2, e } = await pair()
    const go = w2.hang()
    w1.lose()
    const took = await within(5_000, () => hosts(west).includes('west-gw2'))
    expect([took < 3_500, set.isConnected(w2, e)]).toEqual([true, false])
    go()
    await within(2_000, () => set.isConnected(w2, e))
  })

  it('is followed here while the broker is away, and there once the broker is back', async () => {
    const { w1, w2, e } = await pair()
    for (const { broker } of [w2, e]) broker.link = 'refused'
    w1.lose()
    await within(6_000, () => hosts(west).includes('west-gw2') && !hosts(west).includes('west-gw1'))
    expect([set.isConnected(w2, e), remotes(w2)]).toEqual([false, ['east-gw1']])
    for (const { broker } of [w2, e]) broker.link = 'up'
    await within(10_000, () => set.isConnected(w2, e) && onBroker().join() === 'east-gw1,west-gw2')
  })

  it('says that it is active for as long as it forwards, so that its successor knows whom it has to reach', async () => {
    const { w1, w2, e } = await pair()
    const states: (string | undefined)[] = []
    const ended = w1.term()
    for (const end = clock.now() + 600; clock.now() < end && !hosts(west).includes('west-gw2'); await clock.advance(20))
      states.push(west.gateway('west-gw1')?.status.haStatus)
    expect(new Set(states)).toEqual(new Set(['active']))
    expect(set.isConnected(w2, e)).toBe(true)
    await clock.advance(5_000)
    await ended
  })

  it('that is alone and asked to end leaves its tunnels, and finds them when it is back', async () => {
    const w = west.start(1)
    const e = east.start(1)
    await within(3_000, () => set.isConnected(w, e))
    await clock.advance(5_000)
    await w.term()
    expect(set.isConnected(w, e)).toBe(true)
    const again = west.start(1)
    await clock.advance(5_000)
    expect([again.work.changes, set.isConnected(again, e), onBroker().length]).toEqual([0, true, 2])
  })

  it('that is killed and started again at once changes nothing', async () => {
    const { w1, w2, e } = await pair()
    w1.kill()
    const said = events(west, 'west-gw1').length
    const again = west.start(1)
    await clock.advance(20_000)
    expect(events(west, 'west-gw1')).toHaveLength(said)
    expect([again.observed?.isLeading, w2.observed?.isLeading]).toEqual([true, false])
    expect([again.work.changes, set.isConnected(again, e)]).toEqual([0, true])
  })

  it('keeps its tunnels and leads on when its API is away for a minute', async () => {
    const { w1, w2, e } = await pair()
    for (const { local } of [w1, w2]) local.link = 'refused'
    await clock.advance(60_000)
    expect(set.isConnected(w1, e)).toBe(true)
    for (const { local } of [w1, w2]) local.link = 'up'
    await clock.advance(20_000)
    expect([w1.observed?.isLeading, w2.observed?.isLeading, set.isConnected(w1, e)]).toEqual([true, false, true])
  })

  it('that alone has lost the API keeps its tunnels until it sees the one that took over, then clears itself', async () => {
    const { w1, w2, e } = await pair()
    w1.local.link = 'silent'
    await within(6_000, () => set.isConnected(w2, e) && hosts(west).includes('west-gw2'))
    expect(w1.cables()).toHaveLength(1)
    await clock.advance(30_000)
    expect(w1.cables()).toHaveLength(1)
    const before = [w1.local.calls.length, w1.broker.calls.length]
    w1.local.link = 'up'
    await within(20_000, () => w1.cables().length === 0)
    await within(5_000, () => west.gateway('west-gw1')?.status.haStatus === 'passive')
    // Until it has seen the other it thinks that it leads: it must not undo what the other has done.
    const writes = [...w1.local.calls.slice(before[0]), ...w1.broker.calls.slice(before[1])].filter((call) => /Endpoint|Cluster/.test(call))
    expect(writes.filter((call) => !/^(list|watch)/.test(call))).toEqual([])
    expect([w1.observed?.isLeading, w2.observed?.isLeading]).toEqual([false, true])
  })

  it('whose charon fails hands over to a healthy one, once', async () => {
    const { w1, w2, e } = await pair()
    w1.engine.failing = true
    await within(15_000, () => set.isConnected(w2, e) && hosts(west).includes('west-gw2'))
    await within(5_000, () => west.gateway('west-gw1')?.status.haStatus === 'passive')
    expect(west.gateway('west-gw1')?.status.statusFailure).toContain('charon does not answer')
    expect(west.gateway('west-gw1')?.metadata.annotations?.['submariner.io/failure']).toBe('SUB0501')
    w2.engine.failing = true
    await clock.advance(30_000)
    // The other is no better: nobody gains by handing over.
    expect(w2.observed?.isLeading).toBe(true)
    w1.engine.failing = false
    await within(30_000, () => set.isConnected(w1, e))
    expect(w1.cables()).toHaveLength(1)
  })

  it('whose node is drained hands over at once to one that is not, and stays where all are', async () => {
    const { w1, w2, e } = await pair()
    const cordon = (name: string): void => {
      const [node] = west.cluster.objects('Node').filter(({ metadata }) => metadata.name === name)
      west.cluster.put({ ...node, spec: { unschedulable: true } } as never)
    }
    cordon('west-gw1')
    expect(await within(5_000, () => set.isConnected(w2, e) && hosts(west).join() === 'east-gw1,west-gw2')).toBeLessThan(3_000)
    await within(5_000, () => remotes(w1).length === 0)
    cordon('west-gw2')
    await clock.advance(30_000)
    expect(hosts(west)).toEqual(['east-gw1', 'west-gw2'])
    expect(w2.observed?.isLeading).toBe(true)
  })
  it('whose node is no gateway any more hands over to one that is, and stays where none is', async () => {
    const { w2, e } = await pair()
    const unlabel = (name: string): void => {
      const [node] = west.cluster.objects('Node').filter(({ metadata }) => metadata.name === name)
      west.cluster.put({ ...node, metadata: { name } } as never)
    }
    unlabel('west-gw1')
    expect(await within(5_000, () => set.isConnected(w2, e) && hosts(west).join() === 'east-gw1,west-gw2')).toBeLessThan(3_000)
    unlabel('west-gw2')
    await clock.advance(30_000)
    expect(hosts(west)).toEqual(['east-gw1', 'west-gw2'])
  })
  it('whose charon fails stays where nobody else is there', async () => {
    const w = west.start(1)
    await clock.advance(2_000)
    w.engine.failing = true
    await clock.advance(60_000)
    expect(w.observed?.isLeading).toBe(true)
    w.engine.failing = false
    await within(5_000, () => west.gateway('west-gw1')?.status.statusFailure === '')
  })

  it('does not start over what it was told: settings of its Node are published, unknown ones are no fault', async () => {
    const w = west.start(1)
    await clock.advance(2_000)
    const [node] = west.cluster.objects('Node')
    if (node === undefined) throw new Error('no Node')
    const annotations = { 'gateway.submariner.io/udp-port': '4501', 'gateway.submariner.io/what': 'x' }
    west.cluster.put({ ...node, metadata: { ...node.metadata, annotations } })
    w.engine.publicIp = '203.0.113.5' as typeof w.privateIp
    await clock.advance(70_000)
    expect(set.broker.objects('Endpoint')[0]?.spec).toMatchObject({
      public_ip: '203.0.113.5',
      backend_config: { 'udp-port': '4501', 'preferred-server': 'false' },
    })
    expect(west.gateway('west-gw1')?.status.statusFailure).toBe('')
  })

  it('says what packets do: a tunnel that carries nothing is an error, with its round-trip time where it carries', async () => {
    const { w1 } = await pair()
    w1.engine.pulse = { state: 'dead' }
    await within(5_000, () => west.gateway('west-gw1')?.status.connections[0]?.status === 'error')
    expect(west.gateway('west-gw1')?.status.connections[0]?.statusMessage).toContain('10.2.1.1 does not answer')
    const rtt = { last: '1ms', min: '1ms', average: '1ms', max: '1ms', stdDev: '0s' }
    w1.engine.pulse = { state: 'alive', rtt }
    await within(5_000, () => west.gateway('west-gw1')?.status.connections[0]?.status === 'connected')
    expect(west.gateway('west-gw1')?.status.connections[0]?.latencyRTT).toEqual(rtt)
    expect(events(west, 'west-gw1')).toEqual(['GatewayActive', 'ConnectionEstablished', 'ConnectionFailed', 'ConnectionEstablished'])
  })
})

describe('the broker', () => {
  it('may be away for an hour: nothing changes, also for an engine that starts meanwhile', async () => {
    const { w1, w2, e } = await pair()
    for (const { broker } of [w1, w2, e]) broker.link = 'silent'
    await clock.advance(600_000)
    expect([set.isConnected(w1, e), hosts(west).length]).toEqual([true, 2])
    w1.kill()
    const again = west.start(1)
    again.broker.link = 'refused'
    await clock.advance(10_000)
    expect([again.observed?.isLeading, set.isConnected(again, e), again.cables().length]).toEqual([true, true, 1])
  })

  it('may come back with empty data: everything is published again, and no tunnel goes down in between', async () => {
    const { w1, w2, e } = await pair()
    e.broker.link = 'refused'
    set.broker.wipe()
    await clock.advance(30_000)
    // West is back, east is not yet: its copies stay.
    expect(onBroker()).toEqual(['west-gw1'])
    expect([hosts(west), remotes(w1), set.isConnected(w1, e)]).toEqual([['east-gw1', 'west-gw1'], ['east-gw1'], true])
    // Not even a leader that starts in the middle drops them.
    const ended = w1.term()
    await clock.advance(10_000)
    await ended
    expect(hosts(west)).toEqual(['east-gw1', 'west-gw2'])
    e.broker.link = 'up'
    await clock.advance(10_000)
    expect(onBroker()).toEqual(['east-gw1', 'west-gw2'])
    expect(set.isConnected(w2, e)).toBe(true)
  })

  it('that lost its data and has not heard of a cluster for ten minutes is believed', async () => {
    const { w1, e } = await pair()
    e.kill()
    set.broker.wipe()
    await clock.advance(590_000)
    expect(remotes(w1)).toEqual(['east-gw1'])
    await clock.advance(30_000)
    expect(remotes(w1)).toEqual([])
  })

  const broker = { namespace: 'submariner-k8s-broker' }
  const own = () => west.cluster.objects('Cluster').find(({ spec }) => spec.cluster_id === 'west')?.metadata.annotations ?? {}
  const uidThere = () => set.broker.objects('Cluster').find(({ spec }) => spec.cluster_id === 'west')?.metadata.uid
  const forget = (id: string) => {
    for (const kind of ['Cluster', 'Endpoint'] as const)
      for (const object of set.broker.objects(kind))
        if (object.spec.cluster_id === id) set.broker.drop(kind, object.metadata.name, broker.namespace)
  }

  it('that lost this cluster’s objects alone is believed soon after they are back, and a cluster that departs is let go', async () => {
    const { w1, e } = await pair()
    const before = own()[BROKER_UID]
    forget('west')
    await clock.advance(2_000)
    expect([remotes(w1), own()[BROKER_UID], own()[KEPT_UNTIL]]).toEqual([['east-gw1'], before, expect.stringMatching(/^\d{4}-.*Z$/)])
    await clock.advance(30_000)
    expect([own()[BROKER_UID], own()[KEPT_UNTIL]]).toEqual([uidThere(), undefined])
    expect(own()[BROKER_UID]).not.toBe(before)
    e.kill()
    forget('east')
    await clock.advance(2_000)
    expect([remotes(w1), set.broker.objects('Cluster').length]).toEqual([[], 1])
  })

  it('that lost its data is believed ten minutes after, however often the engine starts meanwhile', async () => {
    const { w1, w2, e } = await pair()
    e.kill()
    set.broker.wipe()
    await clock.advance(300_000)
    const until = own()[KEPT_UNTIL]
    const ended = w1.term()
    await clock.advance(10_000)
    await ended
    expect([own()[KEPT_UNTIL], remotes(w2)]).toEqual([until, ['east-gw1']])
    await clock.advance(250_000)
    expect(remotes(w2)).toEqual(['east-gw1'])
    await clock.advance(60_000)
    expect([remotes(w2), own()[BROKER_UID], own()[KEPT_UNTIL]]).toEqual([[], uidThere(), undefined])
  })

  it('brings a change from one cluster’s API to the other’s without waiting for a timer', async () => {
    const { w1 } = await pair()
    const [own] = west.cluster.objects('Endpoint').filter(({ spec }) => spec.cluster_id === 'west')
    if (own === undefined) throw new Error('no Endpoint')
    west.cluster.put({ ...own, metadata: { ...own.metadata, annotations: { note: 'changed' } } })
    await clock.advance(0)
    await clock.advance(0)
    await clock.advance(0)
    expect(east.cluster.objects('Endpoint').find(({ spec }) => spec.cluster_id === 'west')?.metadata.annotations).toMatchObject({
      note: 'changed',
    })
    expect(w1.observed?.isLeading).toBe(true)
  })
})

describe('others', () => {
  it('that use this cluster’s id are noticed: the second publishes nothing and says so, the first is not disturbed', async () => {
    const { w1, e } = await pair()
    const rival = set.member('west', 9)
    const r = rival.start(1)
    await clock.advance(5_000)
    expect(onBroker()).toEqual(['east-gw1', 'west-gw1'])
    expect(rival.gateway('west-gw1')?.status.statusFailure).toContain('SUB0304')
    expect(set.broker.objects('Cluster').find(({ spec }) => spec.cluster_id === 'west')?.metadata.annotations?.[CLUSTER_UID]).toBe(
      'uid-west-1',
    )
    expect([set.isConnected(w1, e), r.observed?.isLeading]).toEqual([true, true])
    expect(west.gateway('west-gw1')?.status.statusFailure).toBe('')
  })

  it('whose Endpoint is put under this cluster’s id keep their tunnel, and this cluster goes on publishing', async () => {
    const { w1, w2, e } = await pair()
    e.broker.link = 'refused'
    const [theirs] = set.broker.objects('Endpoint').filter(({ spec }) => spec.cluster_id === 'east')
    if (theirs === undefined) throw new Error('no Endpoint')
    set.broker.put({ ...theirs, metadata: { ...theirs.metadata, labels: { [CLUSTER_LABEL]: 'west' } } })
    await clock.advance(20_000)
    expect([set.isConnected(w1, e), west.gateway('west-gw1')?.status.statusFailure]).toEqual([true, ''])
    const ended = w1.term()
    await clock.advance(10_000)
    await ended
    expect([onBroker(), remotes(w2)]).toEqual([['east-gw1', 'west-gw2'], ['east-gw1']])
    e.broker.link = 'up'
    await clock.advance(10_000)
    expect(set.isConnected(w2, e)).toBe(true)
    expect(set.broker.objects('Endpoint').find(({ spec }) => spec.cluster_id === 'east')?.metadata.labels?.[CLUSTER_LABEL]).toBe('east')
  })

  it('that claim what is not theirs are refused, and harm nobody', async () => {
    const { w1, e } = await pair()
    const broker = { namespace: 'submariner-k8s-broker' }
    const late = { creationTimestamp: '2026-02-01T00:00:00Z', ...broker }
    const meta = (id: string) => ({ ...late, labels: { [CLUSTER_LABEL]: id } })
    set.broker.put(clusterOf('evil', { cluster_cidr: ['0.0.0.0/0', '10.1.0.0/16', '10.2.0.0/16'], service_cidr: [], meta: meta('evil') }))
    set.broker.put(endpointOf('evil', { subnets: ['10.2.0.0/16'], meta: meta('evil') }))
    set.broker.put(endpointOf('worse', { hostname: '$(reboot)', meta: meta('worse') }))
    set.broker.put(endpointOf('bad', { private_ip: '172.16.1.1', subnets: ['10.66.0.0/16'], meta: meta('bad') }))
    set.broker.put({ apiVersion: 'submariner.io/v1', kind: 'Endpoint', metadata: { name: 'junk', ...meta('junk') } })
    await clock.advance(20_000)
    expect([remotes(w1), remotes(e), set.isConnected(w1, e)]).toEqual([['east-gw1'], ['west-gw1'], true])
    expect(west.gateway('west-gw1')?.status.statusFailure).toBe('')
  })
})

it('twenty clusters connect to each other, all of them, and a failover of one is seen by all', async () => {
  const members = Array.from({ length: 18 }, (_, i) => set.member(`c${i}`, i + 3))
  const gateways = [west.start(1), east.start(1), ...members.map((member) => member.start(1))]
  const standby = west.start(2)
  await within(20_000, () => gateways.every((a) => gateways.every((b) => a === b || set.isConnected(a, b))))
  await within(20_000, () =>
    members.every(
      (member) => member.gateway(`${member.id}-gw1`)?.status.connections.every(({ status }) => status === 'connected') === true,
    ),
  )
  gateways[0]?.lose()
  await within(10_000, () =>
    gateways
      .slice(1)
      .every((other) => set.isConnected(standby, other) && remotes(other).includes('west-gw2') && !remotes(other).includes('west-gw1')),
  )
}, 60_000)
