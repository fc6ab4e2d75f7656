import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { BROKER_ANNOTATION, brokerState } from '../../src/model/gateway-status.ts'
import { type HandClock, handClock } from '../fakes/clock.ts'
import { type Clusterset, clusterset, type FakeMember } from '../fakes/clusterset.ts'

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

async function within(mostMs: number, holds: () => boolean): Promise<void> {
  for (const start = clock.now(); !holds(); await clock.advance(50))
    if (clock.now() - start >= mostMs) throw new Error(`not so within ${mostMs} ms`)
}
const pools = (): readonly string[] =>
  west.cluster
    .objects('IPPool')
    .map(({ metadata }) => metadata.name)
    .sort()
const calico = (): void =>
  west.cluster.put({
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'IPPool',
    metadata: { name: 'default-ipv4-ippool' },
    ...{ spec: { cidr: '10.1.0.0/16', natOutgoing: true } },
  })

it('with Calico, the leading gateway keeps a pool for each network of another cluster, one that is gone again too', async () => {
  calico()
  west.start(1)
  east.start(1)
  await within(15_000, () => pools().length > 1)
  const made = pools()
  expect(made.filter((name) => name.startsWith('submariner-east-'))).toHaveLength(made.length - 1)
  west.cluster.drop('IPPool', made.find((name) => name.startsWith('submariner-')) ?? '')
  await within(70_000, () => pools().length === made.length)
})

it('without Calico no pool is made', async () => {
  const gateway = west.start(1)
  east.start(1)
  await within(5_000, () => gateway.observed?.isLeading === true)
  await clock.advance(70_000)
  expect(pools()).toEqual([])
})

it('a gateway says in its object whether its node reaches the broker, and why not', async () => {
  const gateway = west.start(1)
  const state = (): ReturnType<typeof brokerState> => brokerState(west.gateway('west-gw1')?.metadata.annotations)
  await within(5_000, () => state()?.isReached === true)
  gateway.broker.link = 'refused'
  set.broker.restart()
  await within(60_000, () => state()?.isReached === false)
  expect(state()?.why).not.toBe('')
  gateway.broker.link = 'up'
  await within(60_000, () => state()?.isReached === true)
  expect(brokerState({ [BROKER_ANNOTATION]: 'connect ECONNREFUSED' })).toEqual({ isReached: false, why: 'connect ECONNREFUSED' })
  expect(brokerState({})).toBeUndefined()
})
