import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { planOwn } from '../../src/broker/own.ts'
import { keyOf, planSync, type Shared, type SyncView } from '../../src/broker/sync.ts'
import type { Diff } from '../../src/model/diff.ts'
import { CLUSTER_LABEL, CLUSTER_UID, SINCE_ANNOTATION } from '../../src/model/names.ts'
import type { Meta } from '../../src/model/resources.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'

const LOCAL = { namespace: 'submariner' }
const BROKER = { namespace: 'submariner-k8s-broker' }
const bare = { labels: {}, annotations: {} }
const own = (object: Shared, meta: Partial<Meta> = {}): Shared =>
  ({ ...object, metadata: { ...object.metadata, ...LOCAL, ...bare, ...meta } }) as Shared
const at = (object: Shared, meta: Partial<Meta>): Shared => ({ ...object, metadata: { ...object.metadata, ...meta } }) as Shared
const names = (diff: Diff<Shared>): { put: string[]; drop: string[] } => ({ put: diff.put.map(keyOf), drop: diff.drop.map(keyOf) })

const WEST = [own(clusterOf('west', { n: 1 })), own(endpointOf('west', { n: 1 }))]
const EAST = [at(clusterOf('east', { n: 2 }), BROKER), at(endpointOf('east', { n: 2 }), BROKER)]
const view = (more: Partial<SyncView> = {}): SyncView => ({
  clusterId: 'west',
  clusterUid: 'uid-west',
  namespace: LOCAL.namespace,
  brokerNamespace: BROKER.namespace,
  local: WEST,
  broker: EAST,
  settled: true,
  brokerLost: false,
  ...more,
})
/** What a side has after a diff. */
const after = (side: readonly Shared[], diff: Diff<Shared>): readonly Shared[] => {
  const keys = new Set([...diff.put, ...diff.drop].map(keyOf))
  return [...side.filter((object) => !keys.has(keyOf(object))), ...diff.put]
}

describe('planSync()', () => {
  it('sends own objects up with the label and the uid, fetches the others’ down with theirs, and is then done', () => {
    const first = planSync(view())
    expect(first.up.put.map(({ metadata }) => metadata)).toMatchObject([
      { namespace: 'submariner-k8s-broker', labels: { [CLUSTER_LABEL]: 'west' }, annotations: { [CLUSTER_UID]: 'uid-west' } },
      { namespace: 'submariner-k8s-broker', labels: { [CLUSTER_LABEL]: 'west' } },
    ])
    expect(first.down.put.map(({ metadata }) => metadata)).toMatchObject([
      { namespace: 'submariner', labels: { [CLUSTER_LABEL]: 'east' }, annotations: { [SINCE_ANNOTATION]: '2026-01-01T00:00:00Z' } },
      { namespace: 'submariner', labels: { [CLUSTER_LABEL]: 'east' } },
    ])
    expect([first.up.drop, first.down.drop, first.refused, first.duplicate]).toEqual([[], [], [], undefined])
    const second = planSync(view({ local: after(WEST, first.down), broker: after(EAST, first.up) }))
    expect([names(second.up), names(second.down)]).toEqual([
      { put: [], drop: [] },
      { put: [], drop: [] },
    ])
  })

  it('sends nothing up that has a label, is another cluster’s, or is broken; and nothing at all before its Cluster is here', () => {
    const odd = [
      at(endpointOf('east', { n: 2 }), LOCAL),
      own(endpointOf('north', { n: 3 })),
      own(endpointOf('west', { private_ip: '10.9.9.9', subnets: ['x'] })),
    ]
    expect(names(planSync(view({ local: [...WEST, ...odd], broker: [] })).up).put).toEqual(WEST.map(keyOf))
    const early = planSync(view({ local: WEST.slice(1), broker: [at(clusterOf('west'), BROKER)] }))
    expect(names(early.up)).toEqual({ put: [], drop: [] })
    const first = planSync(view({ local: [], broker: [at(endpointOf('west', { private_ip: '172.16.9.9' }), BROKER)], ahead: WEST }))
    expect(names(first.up)).toEqual({ put: WEST.map(keyOf), drop: [] })
  })

  it('takes its own objects from the broker where they are gone here, and leaves all others’ there', () => {
    const old = at(endpointOf('west', { private_ip: '172.16.9.9' }), BROKER)
    const unlabelled = at(endpointOf('north', { n: 3 }), { ...BROKER, labels: {} })
    const there = [...EAST, old, unlabelled]
    expect(names(planSync(view({ broker: there })).up).drop).toEqual([keyOf(old)])
    expect(names(planSync(view({ broker: there, settled: false })).up).drop).toEqual([])
  })

  it('sends the Endpoint of a gateway that takes over ahead, beside the old one', () => {
    const next = own(endpointOf('west', { private_ip: '172.16.1.2' }))
    const plan = planSync(view({ ahead: [next], settled: false }))
    expect(names(plan.up).put).toEqual([...WEST, next].map(keyOf))
  })

  it('fetches nothing of its own id, without a label, or under a label that is not the spec’s', () => {
    const there = [
      at(clusterOf('west', { n: 9 }), BROKER),
      at(clusterOf('north'), { ...BROKER, labels: {} }),
      at(endpointOf('north', { n: 3, meta: { labels: { [CLUSTER_LABEL]: 'south' } } }), BROKER),
    ]
    const plan = planSync(view({ broker: there }))
    expect(names(plan.down)).toEqual({ put: [], drop: [] })
    expect(plan.refused).toMatchObject([{ field: 'metadata.labels[submariner-io/clusterID]' }])
  })

  it('gone is gone: copies go with what they are copies of', () => {
    const copies = EAST.map((object) => at(object, LOCAL))
    expect(names(planSync(view({ local: [...WEST, ...copies], broker: [] })).down)).toEqual({ put: [], drop: copies.map(keyOf) })
  })

  it('keeps what was last good of an object that is not understood any more', () => {
    const copies = EAST.map((object) => at(object, LOCAL))
    const broken = at(endpointOf('east', { n: 2, subnets: ['$(reboot)'] }), BROKER)
    const plan = planSync(view({ local: [...WEST, ...copies], broker: [...EAST.slice(0, 1), broken] }))
    expect(plan.down.drop).toEqual([])
    expect(names(plan.down).put).not.toContain(keyOf(broken))
    expect(plan.refused).toMatchObject([{ field: 'spec.subnets[0]' }])
  })

  it('keeps the copies of clusters that have not come back to a broker that lost its data, kind by kind', () => {
    const copies = EAST.map((object) => at(object, LOCAL))
    const local = [...WEST, ...copies]
    expect(names(planSync(view({ local, broker: [], brokerLost: true })).down).drop).toEqual([])
    expect(names(planSync(view({ local, broker: [], brokerLost: true })).up).put).toEqual(WEST.map(keyOf))
    const moved = at(endpointOf('east', { n: 2, private_ip: '172.16.2.2' }), BROKER)
    expect(names(planSync(view({ local, broker: [moved], brokerLost: true })).down)).toEqual({
      put: [keyOf(moved)],
      drop: [keyOf(copies[1] as Shared)],
    })
  })

  it('remembers when the broker first had a Cluster, over a loss of its data', () => {
    const copy = at(clusterOf('east', { n: 2 }), { ...LOCAL, annotations: { [SINCE_ANNOTATION]: '2025-01-01T00:00:00Z' } })
    expect(names(planSync(view({ local: [...WEST, copy], broker: EAST.slice(0, 1) })).down).put).toEqual([])
    const liar = at(clusterOf('north', { n: 3 }), { ...BROKER, annotations: { [SINCE_ANNOTATION]: '1999-01-01T00:00:00Z' } })
    expect(planSync(view({ broker: [liar] })).down.put[0]?.metadata.annotations).toEqual({ [SINCE_ANNOTATION]: '2026-01-01T00:00:00Z' })
  })

  it('replaces what is there: the version and uid of the old object go with the put', () => {
    const stale = at(clusterOf('west', { n: 7 }), {
      ...BROKER,
      resourceVersion: '41',
      uid: 'u1',
      labels: { [CLUSTER_LABEL]: 'west', more: 'x' },
    })
    const [put] = planSync(view({ broker: [stale] })).up.put
    expect(put?.metadata).toMatchObject({ resourceVersion: '41', uid: 'u1', labels: { [CLUSTER_LABEL]: 'west' } })
    expect(put?.metadata.labels).not.toHaveProperty('more')
  })

  it('touches nothing of its own where another cluster holds its id, and still fetches the others’', () => {
    const rival = at(clusterOf('west', { n: 9 }), { ...BROKER, annotations: { [CLUSTER_UID]: 'uid-other' } })
    const plan = planSync(view({ broker: [...EAST, rival] }))
    expect(plan.duplicate).toBe('uid-other')
    expect(names(plan.up)).toEqual({ put: [], drop: [] })
    expect(names(plan.down).put).toEqual(EAST.map(keyOf))
    const unsaid = at(clusterOf('west', { n: 9 }), BROKER)
    expect(planSync(view({ broker: [unsaid] })).duplicate).toBeUndefined()
  })

  it('names another cluster’s object under its own label, leaves it there, keeps what was last good of it and goes on publishing', () => {
    const copies = EAST.map((object) => at(object, LOCAL))
    const uid = { [CLUSTER_UID]: 'uid-east' }
    const relabelled = EAST.map((object) => at(object, { ...BROKER, labels: { [CLUSTER_LABEL]: 'west' }, annotations: uid }))
    const plan = planSync(view({ local: [...WEST, ...copies], broker: relabelled }))
    expect([plan.duplicate, names(plan.up), plan.down.drop]).toEqual([undefined, { put: WEST.map(keyOf), drop: [] }, []])
    expect(plan.refused.map(({ object, reason }) => [object, reason])).toEqual([
      ['Cluster "east"', expect.stringMatching(/^says "west", spec.cluster_id says east/)],
      [expect.stringMatching(/^Endpoint "east-/), expect.stringMatching(/^says "west", spec.cluster_id says east/)],
    ])
  })

  it('names and leaves an Endpoint of its id that another cluster has written, as long as the Cluster object there is its own', () => {
    const rival = at(endpointOf('west', { private_ip: '172.16.9.9' }), { ...BROKER, annotations: { [CLUSTER_UID]: 'uid-other' } })
    const plan = planSync(view({ broker: [...EAST, rival] }))
    expect([plan.duplicate, names(plan.up)]).toEqual([undefined, { put: WEST.map(keyOf), drop: [] }])
    expect(plan.refused).toMatchObject([{ field: 'metadata.annotations[submariner.io/cluster-uid]' }])
  })

  it('carries annotations of users, not those of kubectl or ours, and only a few short ones down', () => {
    const noted = own(clusterOf('west', { n: 1 }), {
      annotations: { note: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'submariner.io/broker-uid': 'u' },
    })
    expect(planSync(view({ local: [noted] })).up.put[0]?.metadata.annotations).toEqual({ note: 'x', [CLUSTER_UID]: 'uid-west' })
    const loud = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`n${i}`, 'x']))
    const east = at(clusterOf('east', { n: 2 }), { ...BROKER, annotations: { ...loud, bad: '\u001b[2J', long: 'x'.repeat(300) } })
    expect(Object.keys(planSync(view({ broker: [east] })).down.put[0]?.metadata.annotations ?? {})).toHaveLength(17)
  })

  it('copies the newest few of a cluster that publishes thousands', () => {
    const flood = Array.from({ length: 2_000 }, (_, i) =>
      at(
        endpointOf('flood', {
          private_ip: `172.20.${i >> 8}.${i & 255}`,
          meta: { creationTimestamp: `2026-01-01T00:${String(Math.trunc(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}Z` },
        }),
        BROKER,
      ),
    )
    const plan = planSync(view({ broker: [...EAST, ...flood] }))
    expect(plan.down.put).toHaveLength(EAST.length + 8)
    expect(names(plan.down).put).toContain('Endpoint flood-submariner-cable-flood-172-20-7-207')
    expect(plan.refused).toMatchObject([{ object: 'Endpoints of cluster flood' }])
  })
})

const ids = ['west', 'east', 'north'] as const
const objects = (): readonly Shared[] =>
  ids.flatMap((id, i) => [
    clusterOf(id, { n: i + 1 }),
    endpointOf(id, { n: i + 1 }),
    endpointOf(id, { n: i + 1, private_ip: `172.16.${i + 1}.2` }),
  ])
const side = fc.subarray([0, 1, 2, 3, 4, 5, 6, 7, 8]).map((chosen) => chosen.map((i) => objects()[i] as Shared))
const labels = fc.constantFrom<Record<string, string> | undefined>(undefined, {}, { [CLUSTER_LABEL]: 'west' }, { [CLUSTER_LABEL]: 'east' })

it('planSync(): from anywhere one pass is enough, no foreign object is ever written on the broker and no own one dropped here', () => {
  fc.assert(
    fc.property(side, side, labels, fc.boolean(), fc.boolean(), (here, there, label, settled, brokerLost) => {
      const local = [
        ...WEST.slice(0, 1),
        ...here
          .filter(({ spec, kind }) => spec.cluster_id !== 'west' || kind !== 'Cluster')
          .map((object) => at(object, { ...LOCAL, ...(label && { labels: label }) })),
      ]
      const start = view({ local, broker: there.map((object) => at(object, BROKER)), settled, brokerLost })
      const plan = planSync(start)
      for (const object of [...plan.up.put, ...plan.up.drop])
        expect([object.spec.cluster_id, object.metadata.labels?.[CLUSTER_LABEL]]).toEqual(['west', 'west'])
      for (const object of plan.down.put) expect(object.metadata.labels?.[CLUSTER_LABEL]).not.toBe('west')
      for (const object of plan.down.drop) expect(object.metadata.labels?.[CLUSTER_LABEL]).toBeDefined()
      const next = planSync({ ...start, local: after(start.local, plan.down), broker: after(start.broker, plan.up) })
      expect([names(next.up), names(next.down)]).toEqual([
        { put: [], drop: [] },
        { put: [], drop: [] },
      ])
    }),
  )
})

describe('planOwn()', () => {
  const cluster = clusterOf('west')
  const endpoint = endpointOf('west')
  it('puts both objects without labels, drops other gateways’ Endpoints, and leaves copies and annotations alone', () => {
    const old = own(endpointOf('west', { private_ip: '172.16.1.9' }))
    const copy = at(endpointOf('east', { n: 2 }), LOCAL)
    const noted = own(cluster, { annotations: { note: 'x' }, resourceVersion: '7' })
    const plan = planOwn({ clusterId: 'west', local: [noted, old, copy], cluster, endpoint })
    expect(names(plan)).toEqual({ put: [keyOf(endpoint)], drop: [keyOf(old)] })
    expect(plan.put[0]?.metadata.labels).toEqual({})
  })
  it('takes away an annotation of its Cluster that is to be gone, and that of no other object', () => {
    const noted = [own(cluster, { annotations: { a: 'x', b: 'y' } }), own(endpoint, { annotations: { a: 'x' } })]
    const plan = planOwn({ clusterId: 'west', local: noted, cluster, without: ['a'], endpoint })
    expect(plan.put.map(({ kind, metadata }) => [kind, metadata.annotations])).toEqual([['Cluster', { b: 'y' }]])
  })
  it('leaves the old Endpoint while the new one may not be published yet', () => {
    const old = own(endpointOf('west', { private_ip: '172.16.1.9' }))
    expect(names(planOwn({ clusterId: 'west', local: [old], cluster, endpoint: undefined }))).toEqual({ put: [keyOf(cluster)], drop: [] })
  })
})
