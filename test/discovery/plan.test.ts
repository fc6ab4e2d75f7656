import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Known, Plan } from '../../src/discovery/plan.ts'
import { ownExport } from '../../src/discovery/up/export.ts'
import { clusterImport, sharedImport, wireSlices } from '../../src/discovery/up/wire.ts'
import { canonical } from '../../src/model/canonical.ts'
import type { Diff } from '../../src/model/diff.ts'
import type { ServiceImport } from '../../src/model/mcs.ts'
import type { Resource, Service } from '../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../fakes/services.ts'
import { BROKER, IDS, isQuiet, knownOf, openWalk, verdictsOf, type Walk } from './walk.ts'

/** The last two have one name on the broker. */
const KEYS = [
  { namespace: 'shop', name: 'web' },
  { namespace: 'c', name: 'a-b' },
  { namespace: 'b-c', name: 'a' },
] as const
type Key = (typeof KEYS)[number]
const SPECS: readonly Service['spec'][] = [{}, { clusterIP: 'None' }, { ports: [{ name: 'x', port: 81 }], sessionAffinity: 'ClientIP' }]

/** One thing that happens to the cluster or the broker. */
interface Step {
  readonly what: keyof typeof ACTS
  readonly key: Key
  /** Picks among what there is. */
  readonly n: number
}
type Act = (walk: Walk, step: Step) => void

/** What another cluster's export of the service consists of. */
function sharedBy(cluster: string, { namespace, name }: Key, n: number) {
  const address = `100.${IDS.indexOf(cluster) + 1}.0.10`
  const { share } = ownExport({
    clusterId: cluster,
    guard: { allowed: new Set(), own: 'submariner' },
    wish: exportOf(name, { namespace, uid: `uid-${cluster}-${name}`, creationTimestamp: `2026-01-0${1 + (n % 3)}T00:00:00Z` }),
    service: serviceOf(name, { clusterIP: address, clusterIPs: [address], ...SPECS[n % SPECS.length] }, { namespace }),
    slices: [podsOf(name, [podOf(`10.${IDS.indexOf(cluster) + 1}.0.5`, { conditions: { ready: n % 2 === 0 } })], {}, { namespace })],
  })
  if (share === undefined) throw new Error('not exported')
  return { share, writer: { brokerNamespace: BROKER, salt: `${cluster}-${name}` } }
}
const some = <T>(all: Iterable<T>, n: number): T | undefined => [...all].at(n % 7)
const lose = (walk: Walk, place: Parameters<Walk['drop']>[0], n: number): void => {
  const one = some(place.objects.values(), n)
  if (one !== undefined) walk.drop(place, one)
}
const sharedObject = (walk: Walk, n: number): ServiceImport | undefined => {
  const all = [...walk.brokerImports.objects.values()].filter(({ metadata }) => metadata.labels === undefined)
  return all[n % Math.max(all.length, 1)]
}
const isOfWest = ({ metadata }: Resource): boolean => metadata.labels?.['submariner-io/clusterID'] === 'west'
const otherOf = (n: number): string => IDS[1 + (n % 2)] ?? 'east'

const ACTS = {
  wish: (walk, { key, n }) => walk.put(walk.exports, exportOf(key.name, { namespace: key.namespace, uid: `uid-${key.name}-${n % 3}` })),
  unwish: (walk, { key }) => walk.drop(walk.exports, exportOf(key.name, { namespace: key.namespace })),
  serve: (walk, { key, n }) => walk.put(walk.services, serviceOf(key.name, SPECS[n % SPECS.length], { namespace: key.namespace })),
  unserve: (walk, { key }) => walk.drop(walk.services, serviceOf(key.name, {}, { namespace: key.namespace })),
  pods: (walk, { key, n }) =>
    walk.put(
      walk.slices,
      podsOf(
        key.name,
        [podOf('10.1.0.5', { conditions: { ready: n % 2 === 0 } })],
        {},
        {
          namespace: key.namespace,
          labels: { 'kubernetes.io/service-name': key.name },
        },
      ),
    ),
  noPods: (walk, { key }) => walk.drop(walk.slices, podsOf(key.name, [], {}, { namespace: key.namespace })),
  theyExport(walk, { key, n }) {
    const { share, writer } = sharedBy(otherOf(n), key, n)
    walk.put(walk.brokerImports, clusterImport(share, writer))
    for (const slice of wireSlices(share, writer)) walk.put(walk.brokerSlices, slice)
  },
  theyTakeBack(walk, { key, n }) {
    const of = ({ metadata: { labels } }: Resource): boolean =>
      labels?.['submariner-io/clusterID'] === otherOf(n) && labels['multicluster.kubernetes.io/service-name'] === key.name
    for (const one of [...walk.brokerImports.objects.values()].filter(of)) walk.drop(walk.brokerImports, one)
    for (const one of [...walk.brokerSlices.objects.values()].filter(of)) walk.drop(walk.brokerSlices, one)
  },
  /** A peer makes the shared object, of this service or of one that has the same name there. */
  theyShare(walk, { key, n }) {
    const made = sharedImport(sharedBy(otherOf(n), key, n).share, BROKER)
    if (!walk.brokerImports.objects.has(`${BROKER}/${made.metadata.name}`)) walk.put(walk.brokerImports, made)
  },
  /** Somebody says that a shared object is of another service. */
  misname(walk, { key, n }) {
    const one = sharedObject(walk, n)
    if (one === undefined) return
    const { annotations } = one.metadata
    const renamed = { 'multicluster.kubernetes.io/service-name': key.name, 'lighthouse.submariner.io/sourceNamespace': key.namespace }
    walk.put(walk.brokerImports, { ...one, metadata: { ...one.metadata, annotations: { ...annotations, ...renamed } } })
  },
  /** Somebody calls an object of ours, or another's, that of another service. */
  relabel(walk, { key, n }) {
    const labels = { 'multicluster.kubernetes.io/service-name': key.name, 'lighthouse.submariner.io/sourceNamespace': key.namespace }
    const one = some(walk.brokerSlices.objects.values(), n)
    if (one !== undefined)
      walk.put(walk.brokerSlices, { ...one, metadata: { ...one.metadata, labels: { ...one.metadata.labels, ...labels } } })
    const made = [...walk.slices.objects.values()].find(({ metadata }) => metadata.labels?.['submariner.io/imported'] !== undefined)
    if (made !== undefined && made.metadata.namespace === key.namespace)
      walk.put(walk.slices, { ...made, metadata: { ...made.metadata, labels: { ...made.metadata.labels, ...labels } } })
  },
  /** An admin of the broker gives an object of ours another source. */
  contradict(walk, { n }) {
    const one = some([...walk.brokerSlices.objects.values()].filter(isOfWest), n)
    if (one === undefined) return
    const labels = { ...one.metadata.labels, 'multicluster.kubernetes.io/source-cluster': 'east' }
    walk.put(walk.brokerSlices, { ...one, metadata: { ...one.metadata, name: `${one.metadata.name}-${n}`, labels } })
  },
  /** A cluster that never joined exports. */
  strangerExports(walk, { key, n }) {
    const { share, writer } = sharedBy('ghost', key, n)
    walk.put(walk.brokerImports, clusterImport(share, writer))
    for (const slice of wireSlices(share, writer)) walk.put(walk.brokerSlices, slice)
  },
  /** Somebody removes what is ours, or what is theirs. */
  loseShared(walk, { n }) {
    const one = sharedObject(walk, n)
    if (one !== undefined) walk.drop(walk.brokerImports, one)
  },
  loseBrokerImport: (walk, { n }) => lose(walk, walk.brokerImports, n),
  loseBrokerSlice: (walk, { n }) => lose(walk, walk.brokerSlices, n),
  loseImport: (walk, { n }) => lose(walk, walk.imports, n),
  loseService: (walk, { n }) => lose(walk, walk.services, n),
  loseSlice: (walk, { n }) => lose(walk, walk.slices, n),
  inTheWay: (walk, { key, n }) =>
    walk.put(walk.imports, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: { name: key.name, namespace: key.namespace, uid: `theirs-${n}` },
      spec: { type: 'ClusterSetIP', ports: [] },
    }),
  outOfTheWay: (walk, { key }) => {
    const one = walk.imports.objects.get(`${key.namespace}/${key.name}`)
    if (one !== undefined) walk.drop(walk.imports, one)
  },
} satisfies Readonly<Record<string, Act>>

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    fc.constantFrom(...(Object.keys(ACTS) as (keyof typeof ACTS)[])),
    // Without these there is little that anything could happen to.
    fc.constantFrom('wish' as const, 'serve' as const, 'theyExport' as const, 'misname' as const),
  ),
  key: fc.constantFrom(...KEYS),
  n: fc.nat(20),
})
/** Circumstances, of which each change has all services looked at again. */
const KNOWN: readonly Partial<Known>[] = [
  {},
  { isReachable: (cluster) => cluster !== 'east' },
  { isFrozen: true },
  { namespaces: new Set(['shop']) },
  { isLocalFirst: false },
  { isBrokerRead: false, isBrokerWritten: false, isFrozen: true },
]
const leg = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 6 }), known: fc.constantFrom(...KNOWN) })
/** Each write of a plan as a text. */
const writes = ({ up, down }: Plan): readonly string[] => {
  const diffs: readonly (Diff<unknown> | undefined)[] = [up?.imports, up?.slices, down.imports, down.services, down.slices]
  const all: readonly (readonly [what: string, objects: readonly unknown[]])[] = [
    ['put', diffs.flatMap((diff) => diff?.put ?? [])],
    ['drop', diffs.flatMap((diff) => diff?.drop ?? [])],
    ['share', [...(up?.joins ?? []), ...(up?.leaves ?? [])]],
    ['status', down.statuses],
  ]
  return all.flatMap(([what, objects]) => objects.map((object) => `${what} ${canonical(object)}`)).sort()
}
const act = (walk: Walk, one: Step): void => ACTS[one.what](walk, one)

describe('plans of the services that changed', () => {
  it('leave nothing for a fresh start to do, and say the same of every export, after any walk', () => {
    fc.assert(
      fc.property(fc.array(leg, { minLength: 1, maxLength: 6 }), (legs) => {
        const walk = openWalk()
        let last: Partial<Known> | undefined
        for (const { steps, known } of legs) {
          for (const one of steps) act(walk, one)
          if (known !== last) walk.markAll()
          last = known
          walk.settle(knownOf(known))
          const fresh = walk.freshPlan(knownOf(known))
          expect([...walk.imports.objects.values()].flatMap(({ status }) => status?.clusters ?? [])).not.toContainEqual({
            cluster: 'ghost',
          })
          expect(writes(fresh)).toEqual([])
          expect(Object.fromEntries([...walk.verdicts].filter(([, text]) => text !== ''))).toEqual(verdictsOf(fresh))
        }
      }),
      { numRuns: 250 },
    )
  })

  // An object that was called another service's is dropped there before it is made again here: the same end by another way.
  const isInItsPlace = ({ what }: Step): boolean => what !== 'relabel'
  it('add up to the plan of all services at once', () => {
    fc.assert(
      fc.property(fc.array(leg, { minLength: 1, maxLength: 4 }), fc.array(step.filter(isInItsPlace), { maxLength: 6 }), (legs, more) => {
        const walk = openWalk()
        for (const { steps, known } of legs) {
          for (const one of steps.filter(isInItsPlace)) act(walk, one)
          walk.markAll()
          walk.settle(knownOf(known))
        }
        for (const one of more) act(walk, one)
        const fresh = walk.freshPlan(knownOf())
        const single = walk.singlePlans(knownOf())
        expect([...new Set(single.flatMap(writes))].sort()).toEqual(writes(fresh))
        expect(Object.assign({}, ...single.map(verdictsOf))).toEqual(verdictsOf(fresh))
      }),
      { numRuns: 200 },
    )
  })

  const [WEB, AB] = KEYS
  const both = (): Walk => {
    const walk = openWalk()
    for (const key of [WEB, AB]) for (const what of ['serve', 'wish'] as const) act(walk, { what, key, n: 0 })
    walk.settle(knownOf())
    return walk
  }
  const saysItIsWeb = (walk: Walk): ServiceImport => {
    const shared = walk.brokerImports.objects.get(`${BROKER}/a-b-c`)
    if (shared === undefined) throw new Error('no shared object')
    const names = { 'multicluster.kubernetes.io/service-name': WEB.name, 'lighthouse.submariner.io/sourceNamespace': WEB.namespace }
    walk.put(walk.brokerImports, { ...shared, metadata: { ...shared.metadata, annotations: { ...shared.metadata.annotations, ...names } } })
    return shared
  }

  it('never leave a shared object that says it is of a service that is exported, under whichever name', () => {
    const walk = both()
    saysItIsWeb(walk)
    expect(walk.singlePlans(knownOf()).flatMap(writes)).toEqual(writes(walk.freshPlan(knownOf())))
    walk.settle(knownOf())
    expect(walk.verdicts.get('c/a-b')).toMatch(/its name on the broker is that of "shop\/web"/)
  })

  it('take a name on the broker as soon as it is free', () => {
    const walk = both()
    const shared = saysItIsWeb(walk)
    walk.settle(knownOf())
    walk.drop(walk.brokerImports, shared)
    walk.settle(knownOf())
    expect(walk.verdicts.get('c/a-b')).toMatch(/^exported; ;/)
    expect(writes(walk.freshPlan(knownOf()))).toEqual([])
  })

  it('cost what has changed, however many services there are', () => {
    const planned = (services: number): number => {
      const walk = openWalk()
      for (let i = 0; i < services; i += 1) {
        const { share, writer } = sharedBy('east', { ...KEYS[0], name: `web-${i}` } as unknown as Key, 0)
        walk.put(walk.brokerImports, clusterImport(share, writer))
      }
      walk.markAll()
      walk.settle(knownOf())
      expect(isQuiet(walk.freshPlan(knownOf()))).toBe(true)
      act(walk, { what: 'theyExport', key: KEYS[0], n: 0 })
      return walk.settle(knownOf())
    }
    expect(planned(60)).toBe(planned(3))
  })
})
