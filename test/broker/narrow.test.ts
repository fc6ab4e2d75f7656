import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openNarrowing, type Sides } from '../../src/broker/narrow.ts'
import { keyOf, planSync, type Shared, type SyncPlan } from '../../src/broker/sync.ts'
import type { Diff } from '../../src/model/diff.ts'
import { CLUSTER_LABEL, CLUSTER_UID } from '../../src/model/names.ts'
import type { Meta } from '../../src/model/resources.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'

const at = (object: Shared, meta: Partial<Meta>): Shared => ({ ...object, metadata: { ...object.metadata, ...meta } }) as Shared
const HERE = { namespace: 'submariner', annotations: {} }
const THERE = { namespace: 'submariner-k8s-broker', annotations: {} }
const planOf = (sides: Sides): SyncPlan =>
  planSync({
    clusterId: 'west',
    clusterUid: 'uid-west',
    namespace: HERE.namespace,
    brokerNamespace: THERE.namespace,
    ...sides,
    settled: true,
    brokerLost: false,
  })

/** One side, as a store has it: what is put again keeps its place. */
type Side = Map<string, Shared>
const put = (side: Side, object: Shared): void => void side.set(keyOf(object), object)
const carryOut = (side: Side, diff: Diff<Shared>): void => {
  for (const object of diff.put) put(side, object)
  for (const object of diff.drop) side.delete(keyOf(object))
}
const sidesOf = (local: Side, broker: Side): Sides => ({ local: [...local.values()], broker: [...broker.values()] })

/** Both sides of west and so many others, in step. */
function inStep(others: number): { readonly local: Side; readonly broker: Side } {
  const [local, broker]: [Side, Side] = [new Map(), new Map()]
  for (const object of [clusterOf('west', { n: 1 }), endpointOf('west', { n: 1 })]) put(local, at(object, { ...HERE, labels: {} }))
  for (let i = 0; i < others; i += 1)
    for (const object of [clusterOf(`c${i}`, { n: i + 2 }), endpointOf(`c${i}`, { n: i + 2 })]) put(broker, at(object, THERE))
  const plan = planOf(sidesOf(local, broker))
  carryOut(local, plan.down)
  carryOut(broker, plan.up)
  return { local, broker }
}

it('of a hundred clusters that are in step the one that changes is looked at, with our own, until it is in step again', () => {
  const { local, broker } = inStep(100)
  const narrowing = openNarrowing('west')
  const step = (): readonly [number, SyncPlan] => {
    const sides = sidesOf(local, broker)
    const part = narrowing.narrow(sides)
    const plan = planOf(part)
    narrowing.found(sides, plan)
    return [part.broker.length, plan]
  }
  expect(step()[0]).toBe(202)
  put(broker, at(endpointOf('c7', { n: 9, subnets: ['10.9.0.0/17'] }), THERE))
  const [count, plan] = step()
  expect([count, plan.down.put.map(keyOf), plan.down.drop]).toEqual([4, [expect.stringMatching(/^Endpoint c7-/)], []])
  expect(step()[1].down.put).toHaveLength(1)
  carryOut(local, plan.down)
  expect(step()).toEqual([4, { up: { put: [], drop: [] }, down: { put: [], drop: [] }, refused: [], duplicate: undefined }])
  expect(step()[0]).toBe(2)
})

const change = fc.record({
  on: fc.constantFrom('local', 'broker', 'broker'),
  id: fc.constantFrom('west', 'c0', 'c1', 'c2', 'c3', 'c4'),
  what: fc.constantFrom('cluster', 'endpoint', 'second', 'gone'),
  n: fc.integer({ min: 2, max: 5 }),
  label: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom('', 'west', 'c0', 'c1') }),
  uid: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom('uid-west', 'uid-other') }),
  isBroken: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  /** How much of the plan is carried out after it. */
  done: fc.constantFrom('all', 'all', 'none', 'half'),
})

describe('a plan of the part', () => {
  it('is the plan of the whole at each step of any walk, whatever is changed, broken, relabelled, left undone or gone', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const { local, broker } = inStep(5)
        const narrowing = openNarrowing('west')
        for (const { on, id, what, n, label, uid, isBroken, done } of changes) {
          const side = on === 'local' ? local : broker
          const made =
            what === 'cluster'
              ? clusterOf(id, { n, ...(isBroken && { cluster_cidr: ['x'] }) })
              : endpointOf(id, { n, private_ip: what === 'second' ? '172.16.9.9' : '172.16.1.1', ...(isBroken && { subnets: ['x'] }) })
          const labels = label === '' ? {} : { [CLUSTER_LABEL]: label ?? id }
          const annotations = uid === undefined ? {} : { [CLUSTER_UID]: uid }
          if (what === 'gone') side.delete(keyOf(made))
          else put(side, at(made, { ...(on === 'local' ? HERE : THERE), labels, annotations }))
          const sides = sidesOf(local, broker)
          const plan = planOf(narrowing.narrow(sides))
          expect(plan).toEqual(planOf(sides))
          narrowing.found(sides, plan)
          if (done !== 'none') carryOut(local, plan.down)
          if (done === 'all') carryOut(broker, plan.up)
        }
      }),
      { numRuns: 400 },
    )
  })
})
