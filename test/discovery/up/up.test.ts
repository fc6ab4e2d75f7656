import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type BrokerObjects, readShares } from '../../../src/discovery/down/read.ts'
import { servicesOf } from '../../../src/discovery/service/services.ts'
import { sayings, withConditions } from '../../../src/discovery/up/conditions.ts'
import { type OwnExport, ownExport } from '../../../src/discovery/up/export.ts'
import { planUp, type UpPlan } from '../../../src/discovery/up/plan.ts'
import type { EndpointSlice, ServiceExport, ServiceImport } from '../../../src/model/mcs.ts'
import type { Service } from '../../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../../fakes/services.ts'

const BROKER = 'submariner-k8s-broker'
const NOTHING: BrokerObjects = { imports: [], slices: [] }
const guard = { allowed: new Set<string>(), own: 'submariner' }

interface Wish {
  readonly service?: Service
  readonly wish?: ServiceExport
  readonly slices?: readonly EndpointSlice[]
}
const exporting = (
  clusterId: string,
  { service = serviceOf('web'), wish, slices = [podsOf('web', [podOf('10.1.0.5')])] }: Wish = {},
): OwnExport =>
  ownExport({
    clusterId,
    guard,
    wish: wish ?? exportOf(service.metadata.name, { uid: `uid-${clusterId}-${service.metadata.name}` }),
    service,
    slices,
  })
const plan = (clusterId: string, exports: readonly OwnExport[], broker: BrokerObjects): UpPlan =>
  planUp({ clusterId, brokerNamespace: BROKER, exports, broker, services: servicesOf(exports, readShares(clusterId, broker).shares) })

let version = 0
/** The broker after a plan. */
function after(broker: BrokerObjects, { imports, joins, slices, leaves }: UpPlan): BrokerObjects {
  const put = <T extends ServiceImport | EndpointSlice>(list: readonly T[], object: T): readonly T[] => [
    ...list.filter(({ metadata }) => metadata.name !== object.metadata.name),
    { ...object, metadata: { creationTimestamp: '2026-01-01T00:00:00Z', ...object.metadata, resourceVersion: String(++version) } },
  ]
  const drop = <T extends ServiceImport | EndpointSlice>(list: readonly T[], object: T): readonly T[] =>
    list.filter(({ metadata }) => metadata.name !== object.metadata.name)
  const joined = [...imports.put, ...joins.map(({ object }) => object)].reduce(put, broker.imports)
  const left = leaves.reduce(
    (list, { object, parts }) => (parts === 'remove' ? drop(list, object) : put(list, object)),
    imports.drop.reduce(drop, joined),
  )
  return { imports: left, slices: slices.drop.reduce(drop, slices.put.reduce(put, broker.slices)) }
}
const isQuiet = ({ imports, joins, slices, leaves }: UpPlan): boolean =>
  [imports.put, imports.drop, joins, slices.put, slices.drop, leaves].every((list) => list.length === 0)
/** Lets the clusters write in turn until nobody has anything to write. */
function settled(broker: BrokerObjects, clusters: Readonly<Record<string, readonly OwnExport[]>>): BrokerObjects {
  let now = broker
  for (let round = 0; round < 6; round += 1) {
    const plans = Object.entries(clusters).map(([id, exports]) => {
      const made = plan(id, exports, now)
      now = after(now, made)
      return made
    })
    if (plans.every(isQuiet)) return now
  }
  throw new Error('they never come to rest')
}
const shared = ({ imports }: BrokerObjects, name = 'web-shop'): ServiceImport | undefined =>
  imports.find(({ metadata }) => metadata.name === name)
const members = (object: ServiceImport | undefined): unknown => object?.status?.clusters?.map(({ cluster }) => cluster).sort()
const conditions = (clusterId: string, exports: readonly OwnExport[], broker: BrokerObjects): Readonly<Record<string, string>> =>
  Object.fromEntries(
    plan(clusterId, exports, broker)
      .verdicts.flatMap(sayings)
      .map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  )

describe('planUp()', () => {
  it('brings an export to the broker and is then done', () => {
    const east = [exporting('east')]
    const first = plan('east', east, NOTHING)
    expect([first.imports.put.length, first.joins.length, first.slices.put.length, first.leaves.length]).toEqual([1, 1, 1, 0])
    const broker = after(NOTHING, first)
    expect(isQuiet(plan('east', east, broker))).toBe(true)
    expect(shared(broker)).toMatchObject({ spec: { type: 'ClusterSetIP', ports: [{ name: 'http', protocol: 'TCP', port: 80 }] } })
    expect(conditions('east', east, NOTHING)).toEqual({ Valid: 'True Valid', Ready: 'False Pending', Conflict: 'False NoConflicts' })
    expect(conditions('east', east, broker)).toEqual({ Valid: 'True Valid', Ready: 'True Exported', Conflict: 'False NoConflicts' })
  })

  it('shares one object among three clusters: each with its own entry and time, ports of all, the rest of the oldest', () => {
    const at = (second: number): Partial<ServiceExport['metadata']> => ({ creationTimestamp: `2026-01-01T00:00:0${second}Z` })
    const clusters = {
      east: [
        exporting('east', { wish: exportOf('web', { ...at(2), uid: 'e' }), service: serviceOf('web', { sessionAffinity: 'ClientIP' }) }),
      ],
      north: [
        exporting('north', {
          wish: exportOf('web', { ...at(3), uid: 'n' }),
          service: serviceOf('web', { ports: [{ name: 'admin', port: 81 }] }),
        }),
      ],
      west: [exporting('west', { wish: exportOf('web', { ...at(1), uid: 'w' }) })],
    }
    const broker = settled(NOTHING, clusters)
    expect(members(shared(broker))).toEqual(['east', 'north', 'west'])
    expect(shared(broker)?.metadata.annotations).toMatchObject({
      'timestamp.submariner.io/east': '1767225602000000000',
      'timestamp.submariner.io/north': '1767225603000000000',
      'timestamp.submariner.io/west': '1767225601000000000',
    })
    expect(shared(broker)?.spec).toMatchObject({ sessionAffinity: 'None', ports: [{ name: 'http' }, { name: 'admin' }] })
    for (const id of ['east', 'north', 'west'] as const)
      expect(conditions(id, clusters[id], broker)).toMatchObject({
        Ready: 'True Exported',
        Conflict: 'True PortConflict,SessionAffinityConflict',
      })
  })

  it('takes an export back: its slices, its entry, its time, and with the last one the object', () => {
    const [east, west] = [[exporting('east')], [exporting('west')]]
    const both = settled(NOTHING, { east, west })
    const first = plan('east', [], both)
    expect([first.slices.drop.length, first.imports.drop.length, first.leaves.map(({ parts }) => parts)]).toEqual([1, 1, ['all']])
    const one = settled(both, { east: [], west })
    expect(members(shared(one))).toEqual(['west'])
    expect(Object.keys(shared(one)?.metadata.annotations ?? {})).not.toContain('timestamp.submariner.io/east')
    expect(one.slices.map(({ metadata }) => metadata.labels?.['submariner-io/clusterID'])).toEqual(['west'])
    expect(settled(one, { east: [], west: [] })).toEqual(NOTHING)
  })

  it('does not remove the shared object while another stands in it by entry or time alone', () => {
    const east = [exporting('east')]
    const broker = settled(NOTHING, { east })
    const withOther = (change: (object: ServiceImport) => ServiceImport): BrokerObjects => ({
      ...broker,
      imports: broker.imports.map((object) => (object.metadata.name === 'web-shop' ? change(object) : object)),
    })
    const byEntry = withOther((object) => ({ ...object, status: { clusters: [{ cluster: 'west' }, { cluster: 'east' }] } }))
    const byTime = withOther((object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, 'timestamp.submariner.io/west': '1' } },
    }))
    for (const there of [byEntry, byTime]) expect(plan('east', [], there).leaves.map(({ parts }) => parts)).toEqual(['all'])
  })

  it('an export of the other type is told, puts no backends there, and gets its turn when the older one goes', () => {
    const older = [exporting('west', { wish: exportOf('web', { creationTimestamp: '2025-01-01T00:00:00Z', uid: 'w' }) })]
    const headless = [exporting('east', { service: serviceOf('web', { clusterIP: 'None' }) })]
    const broker = settled(NOTHING, { west: older, east: headless })
    expect(members(shared(broker))).toEqual(['west'])
    expect(broker.slices.map(({ metadata }) => metadata.labels?.['submariner-io/clusterID'])).toEqual(['west'])
    expect(conditions('east', headless, broker)).toEqual({ Valid: 'True Valid', Ready: 'False Failed', Conflict: 'True TypeConflict' })
    expect(conditions('west', older, broker)).toMatchObject({ Ready: 'True Exported', Conflict: 'True TypeConflict' })
    const later = settled(broker, { west: [], east: headless })
    expect([members(shared(later)), shared(later)?.spec.type]).toEqual([['east'], 'Headless'])
    expect(conditions('east', headless, later)).toMatchObject({ Ready: 'True Exported', Conflict: 'False NoConflicts' })
  })

  it.each([
    ['of one cluster', { east: ['a-b/c', 'a/b-c'] }],
    ['of two clusters', { east: ['a-b/c'], west: ['a/b-c'] }],
  ])('never merges two services whose names on the broker are one, %s', (_, wishes) => {
    const clusters = Object.fromEntries(
      Object.entries(wishes).map(([id, keys]) => [
        id,
        keys.map((key) => {
          const [name = '', namespace = ''] = key.split('/')
          return exporting(id, {
            service: serviceOf(name, {}, { namespace }),
            wish: exportOf(name, { namespace, uid: `${id}-${name.length}` }),
            slices: [],
          })
        }),
      ]),
    )
    const broker = settled(NOTHING, clusters)
    expect(broker.imports.filter(({ metadata }) => metadata.labels === undefined)).toHaveLength(1)
    expect(members(shared(broker, 'a-b-c'))).toHaveLength(1)
    const seen = readShares('north', broker).shares
    expect([...seen.keys()].sort()).toEqual(['b-c/a', 'c/a-b'])
    const said = Object.entries(clusters).flatMap(([id, exports]) => plan(id, exports, broker).verdicts)
    expect(said.map(({ state }) => state)).toEqual(['exported', 'exported'])
    expect(said.filter(({ note }) => /Lighthouse do not see it/.test(note))).toHaveLength(1)
    expect(settled(broker, Object.fromEntries(Object.keys(clusters).map((id) => [id, []])))).toEqual(NOTHING)
  })

  it('leaves what another has written under its names, and what upstream’s agents have put into the shared object', () => {
    const upstreams: ServiceImport = {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: {
        name: 'web-shop',
        namespace: BROKER,
        resourceVersion: '7',
        annotations: {
          'multicluster.kubernetes.io/service-name': 'web',
          'lighthouse.submariner.io/sourceNamespace': 'shop',
          'timestamp.submariner.io/west': '1600000000000000000',
          'lighthouse.submariner.io/use-clusterset-ip': 'true',
          'lighthouse.submariner.io/clusterset-ip-allocated-by': 'west',
        },
      },
      spec: { type: 'ClusterSetIP', ips: ['243.0.0.1'], ports: [{ name: 'web', port: 8000 }], sessionAffinity: 'None' },
      status: { clusters: [{ cluster: 'west' }] },
    }
    const slice: EndpointSlice = {
      ...podsOf('web', [{ addresses: ['100.2.0.1'] }], { ports: [{ name: 'web', protocol: 'TCP', port: 8000 }] }),
      metadata: {
        name: 'web-qwert',
        namespace: BROKER,
        labels: {
          'submariner-io/clusterID': 'west',
          'multicluster.kubernetes.io/source-cluster': 'west',
          'multicluster.kubernetes.io/service-name': 'web',
          'lighthouse.submariner.io/sourceNamespace': 'shop',
          'lighthouse.submariner.io/is-headless': 'false',
        },
      },
    }
    const east = [exporting('east')]
    const broker = settled({ imports: [upstreams], slices: [slice] }, { east })
    expect(shared(broker)?.spec).toMatchObject({
      ips: ['243.0.0.1'],
      ports: [
        { name: 'web', port: 8000 },
        { name: 'http', port: 80 },
      ],
    })
    expect(shared(broker)?.metadata.annotations).toMatchObject({
      ...upstreams.metadata.annotations,
      'timestamp.submariner.io/east': '1767225600000000000',
    })
    expect(shared(settled(broker, { east: [] }))).toMatchObject({
      metadata: { annotations: upstreams.metadata.annotations },
      status: upstreams.status,
    })
  })

  it('puts right what somebody has changed or removed of its own, and drops what it knows nothing of', () => {
    const east = [exporting('east')]
    const broker = settled(NOTHING, { east })
    const broken: BrokerObjects = {
      imports: broker.imports.filter(({ metadata }) => metadata.labels !== undefined),
      slices: broker.slices.flatMap((slice) => [
        { ...slice, endpoints: [] },
        { ...slice, metadata: { ...slice.metadata, name: 'web-old' } },
      ]),
    }
    const bare = ({ imports, slices }: BrokerObjects): unknown =>
      [...imports, ...slices].map((object) => ({ ...object, metadata: { ...object.metadata, resourceVersion: '', creationTimestamp: '' } }))
    expect(bare(settled(broken, { east }))).toEqual(expect.arrayContaining(bare(broker) as unknown[]))
    expect(settled(broken, { east }).slices).toHaveLength(1)
  })

  it('ends where a fresh start would, after any walk of exports', () => {
    const ids = ['east', 'north', 'west'] as const
    const services = [serviceOf('web'), serviceOf('web', { clusterIP: 'None' }), serviceOf('web', { ports: [{ name: 'x', port: 81 }] })]
    const state = fc.tuple(
      ...ids.map(() => fc.option(fc.record({ service: fc.constantFrom(...services), day: fc.integer({ min: 1, max: 3 }) }))),
    )
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 4 }), (walk) => {
        const clustersOf = (step: (typeof walk)[number]): Record<string, readonly OwnExport[]> =>
          Object.fromEntries(
            ids.map((id, i) => {
              const one = step[i]
              if (one === null || one === undefined) return [id, []]
              const wish = exportOf('web', { creationTimestamp: `2026-01-0${one.day}T00:00:00Z`, uid: `${id}-${one.day}` })
              return [id, [exporting(id, { service: one.service, wish })]]
            }),
          )
        const walked = walk.reduce((broker, step) => settled(broker, clustersOf(step)), NOTHING)
        const last = walk.at(-1)
        const fresh = last === undefined ? NOTHING : settled(NOTHING, clustersOf(last))
        const bare = ({ imports, slices }: BrokerObjects): unknown =>
          [...imports, ...slices]
            .map(({ metadata, ...rest }) => ({
              ...rest,
              name: metadata.name,
              labels: metadata.labels,
              status: 'status' in rest && rest.kind === 'ServiceImport' ? members(rest as ServiceImport) : undefined,
            }))
            .sort((a, b) => (a.name < b.name ? -1 : 1))
        expect(bare(walked)).toEqual(bare(fresh))
      }),
      { numRuns: 60 },
    )
  })
})

describe('withConditions()', () => {
  const ready = { type: 'Ready', status: 'True', reason: 'Exported', message: 'm' } as const
  const none = { type: 'Conflict', status: 'False', reason: 'NoConflicts', message: 'n' } as const
  it('writes what is new, keeps the time of what is the same, and conditions of others', () => {
    const first = withConditions(exportOf('web'), [ready, none], 0)
    expect(first?.status?.conditions).toEqual([{ ...ready, lastTransitionTime: '1970-01-01T00:00:00Z' }])
    if (first === undefined) throw new Error('nothing to write')
    expect(withConditions(first, [ready, none], 5_000)).toBeUndefined()
    const theirs = { type: 'Theirs', status: 'True', reason: 'x', message: '', lastTransitionTime: '2020-01-01T00:00:00Z' } as const
    const both = { ...first, status: { conditions: [theirs, ...(first.status?.conditions ?? [])] } }
    expect(withConditions(both, [{ ...ready, message: 'other' }, none], 5_000)?.status?.conditions).toEqual([
      theirs,
      { ...ready, message: 'other', lastTransitionTime: '1970-01-01T00:00:00Z' },
    ])
  })

  it('says that there is no conflict only where there was one', () => {
    const had = { ...none, status: 'True' as const, reason: 'TypeConflict' }
    const before = withConditions(exportOf('web'), [had], 0)
    expect(before && withConditions(before, [none], 9_000)?.status?.conditions).toEqual([
      { ...none, lastTransitionTime: '1970-01-01T00:00:09Z' },
    ])
  })
})
