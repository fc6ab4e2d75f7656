import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ApiError } from '../../src/k8s/api.ts'
import type { Resource, Service } from '../../src/model/resources.ts'
import { type HandClock, handClock } from '../fakes/clock.ts'
import { BROKER, type Site, type Sites, sites } from '../fakes/discovery.ts'
import { podOf } from '../fakes/services.ts'

let clock: HandClock
let set: Sites
let west: Site
let east: Site
let north: Site
beforeEach(() => {
  clock = handClock()
  set = sites(clock, ['west', 'east', 'north'])
  ;[west, east, north] = [set.site('west'), set.site('east'), set.site('north')]
})
afterEach(() => set.end())

const startAll = async (): Promise<void> => {
  for (const site of [west, east, north]) site.start()
  await set.turn(1_000)
}
const onBroker = (): readonly string[] =>
  [...set.broker.objects('ServiceImport'), ...set.broker.objects('EndpointSlice')].map(({ kind, metadata }) => `${kind} ${metadata.name}`)
const says = (site: Site, name: string, type: string, namespace?: string): string => {
  const condition = site.export(name, namespace)?.status?.conditions?.find((one) => one.type === type)
  return condition === undefined ? '' : `${condition.status} ${condition.reason}`
}
const exporting = async (site: Site, name: string): Promise<void> => {
  site.serve(name)
  site.wish(name)
  await set.within(2_000, () => says(site, name, 'Ready') === 'True Exported')
}

describe('three clusters', () => {
  it('know a service within half a second of its export, each with an address of its own, and say so', async () => {
    await startAll()
    east.serve('web')
    east.wish('web')
    await set.within(500, () => [west, east, north].every((site) => (site.import('web')?.spec.ips?.length ?? 0) > 0))
    await set.within(500, () => west.backends('web').length > 0 && says(east, 'web', 'Ready') === 'True Exported')
    expect([west.backends('web'), north.backends('web'), east.backends('web')]).toEqual([['100.2.0.10'], ['100.2.0.10'], ['10.2.0.5']])
    expect(west.import('web')?.spec.ips).not.toEqual(east.import('web')?.spec.ips)
    expect([says(east, 'web', 'Valid'), says(east, 'web', 'Conflict')]).toEqual(['True Valid', ''])
    await set.turn(1_000)
    for (const site of [west, east, north])
      expect(site.import('web')?.status).toMatchObject({ clusters: [{ cluster: 'east' }], conditions: [{ type: 'Ready', status: 'True' }] })
  })

  it('are quiet once they are done: nothing is written but the lease', async () => {
    const agents = [west, east, north].map((site) => site.start())
    await set.turn(1_000)
    await exporting(east, 'web')
    await exporting(west, 'web')
    await set.turn(2_000)
    const before = agents.map(({ local, broker }) => [local.calls.length, broker.calls.length])
    await set.turn(120_000)
    const writes = agents.flatMap(({ local, broker }, i) => [...local.calls.slice(before[i]?.[0]), ...broker.calls.slice(before[i]?.[1])])
    expect(writes.filter((call) => !call.includes('Lease') && !/^(list|watch)/.test(call))).toEqual([])
  }, 60_000)

  it('put a service together, prefer their own pods, and take the others’ when these are not ready', async () => {
    await startAll()
    for (const site of [west, east]) await exporting(site, 'web')
    await set.within(1_000, () => west.import('web')?.status?.clusters?.length === 2)
    expect([west.backends('web'), north.backends('web')]).toEqual([['10.1.0.5'], ['100.1.0.10', '100.2.0.10']])
    west.serve('web', {}, [podOf('10.1.0.5', { conditions: { ready: false } })])
    await set.within(1_000, () => west.backends('web').join() === '100.2.0.10' && north.backends('web').join() === '100.2.0.10')
    west.serve('web')
    await set.within(1_000, () => west.backends('web').join() === '10.1.0.5')
  })

  it('see the pods of a headless service everywhere, by their names', async () => {
    await startAll()
    for (const site of [west, east]) {
      site.serve(
        'db',
        { clusterIP: 'None' },
        [0, 1].map((i) => podOf(`10.${site.n}.0.${5 + i}`, { hostname: `db-${i}` })),
      )
      site.wish('db')
    }
    await set.within(2_000, () => north.backends('db').length === 4)
    await set.within(2_000, () => west.backends('db').length === 4)
    expect(west.backends('db')).toEqual(['10.1.0.5', '10.1.0.6', '10.2.0.5', '10.2.0.6'])
    expect(west.import('db')).toMatchObject({ spec: { type: 'Headless' } })
    expect(west.import('db')?.spec.ips).toBeUndefined()
  })

  it.each<[string, () => void]>([
    ['is taken back', () => east.api.drop('ServiceExport', 'web', 'shop')],
    ['has no Service any more', () => east.api.drop('Service', 'web', 'shop')],
    ['goes with its namespace', () => east.dropNamespace('shop')],
  ])('forget an export that %s, and know it again when it is back', async (_, remove) => {
    await startAll()
    await exporting(east, 'web')
    await set.within(1_000, () => west.backends('web').length === 1)
    remove()
    await set.within(1_000, () => west.import('web') === undefined && north.import('web') === undefined && onBroker().length === 0)
    expect([...west.api.objects('Service'), ...west.api.objects('EndpointSlice')]).toEqual([])
    east.namespace('shop')
    if (east.export('web') !== undefined) expect(says(east, 'web', 'Valid')).toBe('False NoService')
    await set.turn(2_000)
    await exporting(east, 'web')
    await set.within(1_000, () => west.backends('web').length === 1)
  })

  it('import into a namespace that comes later, or again', async () => {
    west.dropNamespace('shop')
    await startAll()
    await exporting(east, 'web')
    await set.turn(1_000)
    expect(west.import('web')).toBeUndefined()
    west.namespace('shop')
    await set.within(1_000, () => west.backends('web').length === 1)
    west.dropNamespace('shop')
    await set.turn(1_000)
    west.namespace('shop')
    await set.within(1_000, () => west.backends('web').length === 1)
  })

  it('give imports what belongs to them before they begin with more, where hundreds are exported at once', async () => {
    east.start()
    const agent = west.start()
    await set.turn(1_000)
    const names = Array.from({ length: 160 }, (_, i) => `web-${i}`)
    for (const name of names) {
      east.serve(name)
      east.wish(name)
    }
    agent.local.delayMs = 5
    const bare = (): number => west.api.objects('ServiceImport').length - west.api.objects('Service').length
    let most = 0
    await set.within(60_000, () => {
      most = Math.max(most, bare())
      return west.api.objects('ServiceImport').length === 160 && bare() === 0
    })
    // Those of one round.
    expect(most).toBeLessThanOrEqual(64)
    await set.within(10_000, () => names.every((name) => (west.import(name)?.spec.ips?.length ?? 0) > 0))
  }, 60_000)

  it('never export what an import has made', async () => {
    await startAll()
    await exporting(east, 'web')
    await set.within(1_000, () => (west.import('web')?.spec.ips?.length ?? 0) > 0)
    const derived = west.api.objects('Service')[0]?.metadata.name ?? ''
    west.wish(derived)
    await set.within(1_000, () => says(west, derived, 'Valid') === 'False InvalidServiceType')
    // Nor do the copies of east's backends count for a Service of that name here.
    west.serve('web', {}, [])
    west.wish('web')
    await set.turn(1_000)
    expect(
      set.broker.objects('EndpointSlice').find(({ metadata }) => metadata.labels?.['submariner-io/clusterID'] === 'west')?.endpoints,
    ).toMatchObject([{ conditions: { ready: false } }])
    expect(onBroker().filter((line) => line.includes('derived'))).toEqual([])
  })

  it('agree on who wins, tell every exporter, and change with the oldest export', async () => {
    await startAll()
    await exporting(east, 'web')
    await set.turn(2_000)
    west.serve('web', { sessionAffinity: 'ClientIP' })
    west.wish('web')
    const reasons = (): string[] => [west, east].map((site) => says(site, 'web', 'Conflict'))
    await set.within(2_000, () => reasons().every((reason) => reason === 'True SessionAffinityConflict'))
    expect(north.import('web')?.spec.sessionAffinity).toBe('None')
    east.api.drop('ServiceExport', 'web', 'shop')
    await set.within(
      2_000,
      () => north.import('web')?.spec.sessionAffinity === 'ClientIP' && says(west, 'web', 'Conflict') === 'False NoConflicts',
    )
    expect(set.broker.objects('ServiceImport').find(({ metadata }) => metadata.name === 'web-shop')?.spec.sessionAffinity).toBe('ClientIP')
  })
})

describe('reachability', () => {
  it('takes a cluster out of every answer within 3 s, and brings it back at once', async () => {
    await startAll()
    await exporting(east, 'web')
    await set.within(1_000, () => west.backends('web').length === 1)
    west.connections({ east: 'error' })
    await set.within(3_000, () => west.backends('web').length === 0)
    expect([north.backends('web'), west.import('web')?.status?.clusters]).toEqual([['100.2.0.10'], [{ cluster: 'east' }]])
    west.connections({})
    await set.within(2_000, () => west.backends('web').length === 1)
  })

  it('does not mind a hand-over of the gateway', async () => {
    await startAll()
    await exporting(east, 'web')
    await set.within(1_000, () => west.backends('web').length === 1)
    west.connections({ east: 'connecting' })
    for (let i = 0; i < 30; i += 1) {
      await set.turn(30)
      expect(west.backends('web')).toEqual(['100.2.0.10'])
    }
    west.connections({})
    await set.turn(5_000)
    expect(west.backends('web')).toEqual(['100.2.0.10'])
  })
})

describe('an agent', () => {
  it('that is killed is followed by another, which puts right what happened in between', async () => {
    const first = west.start()
    east.start()
    await set.turn(1_000)
    const second = west.start()
    await exporting(east, 'web')
    await exporting(west, 'api')
    await set.within(1_000, () => west.backends('web').length === 1)
    first.kill()
    east.api.drop('ServiceExport', 'web', 'shop')
    west.api.drop('ServiceExport', 'api', 'shop')
    await set.within(15_000, () => second.seen?.isLeading === true)
    await set.within(5_000, () => west.import('web') === undefined && onBroker().length === 0)
    await set.within(1_000, () => east.import('api') === undefined)
  })

  it('that ends hands over at once and leaves everything as it is', async () => {
    const first = west.start()
    east.start()
    await set.turn(1_000)
    const second = west.start()
    await exporting(east, 'web')
    await set.within(1_000, () => west.backends('web').length === 1)
    await first.term()
    expect(west.backends('web')).toEqual(['100.2.0.10'])
    await set.within(2_000, () => second.seen?.isLeading === true && second.seen.passes > 0)
    expect(west.backends('web')).toEqual(['100.2.0.10'])
  })

  it('says of an export what is wrong with it', async () => {
    await startAll()
    west.wish('nothing')
    await set.within(1_000, () => says(west, 'nothing', 'Valid') === 'False NoService')
    west.serve('ext', { type: 'ExternalName', clusterIP: '' })
    west.wish('ext')
    await set.within(1_000, () => says(west, 'ext', 'Valid') === 'False InvalidServiceType')
    expect(says(west, 'ext', 'Ready')).toBe('False Failed')
  })

  it('says that no other cluster takes backends outside of its networks, and takes it back when the networks have them', async () => {
    await startAll()
    east.serve('db', { clusterIP: 'None' }, [podOf('172.16.2.9')])
    east.wish('db')
    await set.within(2_000, () => says(east, 'db', 'Ready') === 'False Failed')
    await set.within(2_000, () => west.import('db') !== undefined)
    expect(west.backends('db')).toEqual([])
    const mine = east.api.objects('Cluster').find(({ spec }) => spec.cluster_id === 'east')
    if (mine === undefined) throw new Error('no Cluster')
    const wider = { ...mine.spec, cluster_cidr: [...mine.spec.cluster_cidr, '172.16.2.8/30'] }
    east.api.put({ ...mine, spec: wider } as typeof mine)
    await set.within(2_000, () => says(east, 'db', 'Ready') === 'True Exported')
  })

  it('publishes nothing while another cluster holds its id, and says so', async () => {
    const other = set.broker.objects('Cluster').find(({ spec }) => spec.cluster_id === 'west')
    if (other === undefined) throw new Error('no Cluster')
    set.broker.put({ ...other, metadata: { ...other.metadata, annotations: { 'submariner.io/cluster-uid': 'another' } } })
    const agent = west.start()
    west.serve('web')
    west.wish('web')
    await set.turn(2_000)
    expect(onBroker()).toEqual([])
    expect(agent.seen?.trouble).toMatch(/another cluster holds/)
    expect(west.export('web')?.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      message: expect.stringMatching(/SUB0304/),
    })
  })
})

describe('a broker', () => {
  /** Objects of an export as the agent of a cluster with another id would have written them. */
  const copied = <K extends 'ServiceImport' | 'EndpointSlice'>(kind: K, labels: Readonly<Record<string, string>>, name: string) => {
    const one = set.broker.objects(kind).find(({ metadata }) => metadata.labels?.['submariner-io/clusterID'] === 'east')
    if (one === undefined) throw new Error('nothing exported')
    const { uid: _, resourceVersion: __, creationTimestamp: ___, ...meta } = one.metadata
    const { annotations = {} } = meta
    const aged = Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith('timestamp.')))
    const older = { ...aged, 'timestamp.submariner.io/ghost': '1' }
    set.broker.put({ ...one, metadata: { ...meta, name, annotations: older, labels: { ...meta.labels, ...labels } } } as typeof one)
  }

  it('that has services of a cluster which never joined makes no import of them, and gives that cluster no say', async () => {
    const agents = [west, east].map((site) => site.start())
    await set.turn(1_000)
    await exporting(east, 'web')
    const ghost = { 'submariner-io/clusterID': 'ghost', 'multicluster.kubernetes.io/source-cluster': 'ghost' }
    copied('EndpointSlice', ghost, 'web-ghost1')
    copied('ServiceImport', ghost, 'web-shop-ghost-1')
    const other = { ...ghost, 'multicluster.kubernetes.io/service-name': 'other' }
    copied('EndpointSlice', other, 'other-ghost1')
    copied('ServiceImport', other, 'other-shop-ghost-1')
    await set.turn(2_000)
    expect([west.import('other'), east.import('other')]).toEqual([undefined, undefined])
    expect([west.import('web')?.status?.clusters, west.backends('web')]).toEqual([[{ cluster: 'east' }], ['100.2.0.10']])
    expect(agents.map(({ seen }) => [seen?.refused, seen?.trouble])).toEqual([
      [2, undefined],
      [2, undefined],
    ])
  })

  it('that has an object of one cluster by its label and of another by its source keeps no agent from its work', async () => {
    const agents = [west, east].map((site) => site.start())
    await set.turn(1_000)
    await exporting(east, 'web')
    // As admission answers a member.
    for (const { broker } of agents)
      broker.failNext(
        new ApiError(403, 'Forbidden', 'a credential of cluster west may change objects of that cluster only'),
        (call) => call.startsWith('remove') && call.includes('mixed'),
        1_000,
      )
    const mixed = { 'submariner-io/clusterID': 'west', 'multicluster.kubernetes.io/source-cluster': 'east' }
    copied('EndpointSlice', mixed, 'web-mixed')
    copied('ServiceImport', mixed, 'web-shop-mixed')
    await set.turn(2_000)
    expect(agents.map(({ seen }) => [seen?.refused, seen?.trouble])).toEqual([
      [2, undefined],
      [2, undefined],
    ])
    await exporting(west, 'api')
    expect(onBroker().filter((line) => line.includes('mixed'))).toHaveLength(2)
    expect([west.import('web')?.status?.clusters, west.backends('web')]).toEqual([[{ cluster: 'east' }], ['100.2.0.10']])
  })

  it('that is away takes nothing with it, and gets all that happened when it is back', async () => {
    const agents = [west, east, north].map((site) => site.start())
    await set.turn(1_000)
    await exporting(east, 'web')
    await set.within(1_000, () => west.backends('web').length === 1)
    for (const { broker } of agents) broker.link = 'refused'
    await set.turn(60_000)
    expect(west.backends('web')).toEqual(['100.2.0.10'])
    west.connections({ east: 'error' })
    await set.within(3_000, () => west.backends('web').length === 0)
    west.connections({})
    await set.within(3_000, () => west.backends('web').length === 1)
    east.api.drop('ServiceExport', 'web', 'shop')
    west.serve('api')
    west.wish('api')
    await set.turn(2_000)
    expect(says(west, 'api', 'Ready')).not.toBe('True Exported')
    for (const { broker } of agents) broker.link = 'up'
    await set.within(15_000, () => west.import('web') === undefined && north.backends('api').length === 1)
  }, 60_000)

  it('that is away when an agent starts takes nothing with it either', async () => {
    const first = west.start()
    east.start()
    await set.turn(1_000)
    await exporting(east, 'web')
    await set.within(1_000, () => west.backends('web').length === 1)
    await first.term()
    const second = west.start()
    second.broker.link = 'refused'
    await set.turn(30_000)
    expect([second.seen?.isLeading, second.seen?.trouble]).toEqual([true, 'the broker has not been heard yet'])
    expect(west.backends('web')).toEqual(['100.2.0.10'])
    second.broker.link = 'up'
    east.api.drop('ServiceExport', 'web', 'shop')
    await set.within(15_000, () => west.import('web') === undefined)
  }, 60_000)

  it('that has lost its data gets our exports again, and nothing of the others is withdrawn for ten minutes', async () => {
    const [w, e] = [west.start(), east.start()]
    await set.turn(1_000)
    for (const site of [west, east]) await exporting(site, 'web')
    await set.within(1_000, () => north.import('web') === undefined && west.import('web')?.status?.clusters?.length === 2)
    e.kill()
    set.broker.wipe()
    await set.turn(5_000)
    expect(west.import('web')?.status?.clusters).toEqual([{ cluster: 'east' }, { cluster: 'west' }])
    expect(onBroker().filter((line) => line.startsWith('EndpointSlice'))).toHaveLength(1)
    expect(w.seen?.trouble).toBeUndefined()
    // West's engine publishes again; east never does.
    for (const kind of ['Cluster', 'Endpoint'] as const) {
      const object = west.api.objects(kind).find(({ spec }) => spec.cluster_id === 'west')
      if (object === undefined) throw new Error('nothing published')
      const labels = { 'submariner-io/clusterID': 'west' }
      set.broker.put({
        ...object,
        metadata: { name: object.metadata.name, namespace: BROKER, uid: `new-${kind}`, labels },
      } as typeof object)
    }
    await set.turn(500_000)
    expect(west.import('web')?.status?.clusters).toEqual([{ cluster: 'east' }, { cluster: 'west' }])
    await set.turn(100_000)
    // So does west's engine, after ten minutes.
    const mine = west.api.objects('Cluster').find(({ spec }) => spec.cluster_id === 'west')
    if (mine === undefined) throw new Error('no Cluster')
    west.api.put({ ...mine, metadata: { ...mine.metadata, annotations: { 'submariner.io/broker-uid': 'new-Cluster' } } })
    await set.within(2_000, () => JSON.stringify(west.import('web')?.status?.clusters) === '[{"cluster":"west"}]')
  }, 120_000)
})

describe('a namespace that takes none of what services need', () => {
  it.each(['Service', 'EndpointSlice'])(
    'holds up no other one, and says what is refused, until it takes %ss again',
    async (kind) => {
      const agents = [west, east].map((site) => site.start())
      // What was written is known from the answer, and its event is no news.
      for (const { local } of agents) Object.assign(local, { eventDelayMs: 200, delayMs: 100 })
      for (const site of [west, east]) site.namespace('full')
      await set.turn(1_000)
      let isFull = true
      const isRefused = (call: string): boolean => isFull && call.startsWith(`create ${kind} full/`)
      agents[0]?.local.failNext(new ApiError(403, 'Forbidden', 'exceeded quota: none'), isRefused, Number.MAX_SAFE_INTEGER)
      for (const name of ['a', 'b', 'c']) {
        east.serve(name, {}, undefined, 'full')
        east.wish(name, { namespace: 'full' })
      }
      await set.turn(7_000)
      for (let i = 0; i < 18; i += 1) {
        east.serve(`web-${i}`)
        east.wish(`web-${i}`)
        await set.within(1_500, () => (west.import(`web-${i}`)?.spec.ips ?? []).length > 0 && west.backends(`web-${i}`).length > 0)
        await set.turn(300)
      }
      const ready = (): string => {
        const condition = west.import('a', 'full')?.status?.conditions?.find(({ type }) => type === 'Ready')
        return `${condition?.status} ${condition?.message}`
      }
      expect(ready()).toMatch(/^False .*exceeded quota: none/)
      isFull = false
      await set.within(16_000, () => ready() === 'True the service can be used in this cluster' && west.backends('a', 'full').length > 0)
    },
    60_000,
  )
})

it('an export that is made while the broker has not been heard says so, and is there once it is heard', async () => {
  const agent = west.start()
  agent.broker.link = 'refused'
  west.serve('web')
  west.wish('web')
  await set.within(5_000, () => says(west, 'web', 'Ready') === 'False Pending')
  const message = west.export('web')?.status?.conditions?.find(({ type }) => type === 'Ready')?.message
  expect(message).toContain('the broker has not been heard yet')
  agent.broker.link = 'up'
  await set.within(20_000, () => says(west, 'web', 'Ready') === 'True Exported')
})

it('what an import has made gets back the labels and fields that somebody took or gave', async () => {
  await startAll()
  for (const site of [west, east]) site.serve('db', { clusterIP: 'None' }, [podOf(`10.${site.n}.0.5`, { hostname: 'db-0' })])
  for (const site of [west, east]) site.wish('db')
  await exporting(east, 'web')
  await set.within(
    2_000,
    () => (west.import('web')?.spec.ips ?? []).length > 0 && west.backends('web').length > 0 && west.backends('db').length === 2,
  )
  const made = (): readonly Resource[] =>
    [...west.api.objects('Service'), ...west.api.objects('EndpointSlice')].filter(({ metadata }) => metadata.ownerReferences !== undefined)
  const before = made()
  const address = west.import('web')?.spec.ips
  for (const object of before) west.api.put({ ...object, metadata: { ...object.metadata, labels: {} } })
  await set.within(1_000, () => made().every(({ metadata }) => metadata.labels?.['submariner.io/imported'] === 'true'))
  expect(made().map(({ metadata }) => [metadata.name, metadata.labels])).toEqual(
    before.map(({ metadata }) => [metadata.name, metadata.labels]),
  )
  const derived = west.api.objects('Service').find(({ metadata }) => metadata.name.startsWith('derived-'))
  const odd = { externalIPs: ['9.9.9.9'], publishNotReadyAddresses: true, externalTrafficPolicy: 'Local', type: 'NodePort' }
  west.api.put({ ...derived, spec: { ...derived?.spec, ...odd } } as Service)
  await set.within(1_000, () => {
    const { spec } = west.api.objects('Service').find(({ metadata }) => metadata.name === derived?.metadata.name) ?? {}
    return spec?.type === 'ClusterIP' && !Object.keys(spec).some((field) => field in odd && field !== 'type')
  })
  expect([west.import('web')?.spec.ips, west.backends('web').length]).toEqual([address, 1])
}, 30_000)

it('an export of a cluster whose credential the broker does not take any more is not ready, and says so, until it is taken again', async () => {
  const agent = west.start()
  await set.turn(1_000)
  await exporting(west, 'web')
  let isForgotten = true
  agent.broker.failNext(new ApiError(401, 'Unauthorized', 'Unauthorized'), () => isForgotten, Number.MAX_SAFE_INTEGER)
  set.broker.restart()
  await set.turn(5_000)
  expect(says(west, 'web', 'Ready')).toBe('True Exported')
  await set.within(40_000, () => says(west, 'web', 'Ready') === 'False Pending')
  expect(west.export('web')?.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toContain(
    'does not take this cluster’s credential',
  )
  isForgotten = false
  await set.within(40_000, () => says(west, 'web', 'Ready') === 'True Exported')
}, 30_000)
