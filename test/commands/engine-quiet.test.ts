import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ApiError } from '../../src/k8s/api.ts'
import { CLUSTER_LABEL } from '../../src/model/names.ts'
import { openLog } from '../../src/system/log.ts'
import { type HandClock, handClock } from '../fakes/clock.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { type Clusterset, clusterset, type FakeGateway, type FakeMember } from '../fakes/clusterset.ts'

let clock: HandClock
let set: Clusterset
let west: FakeMember
let leader: FakeGateway
let standby: FakeGateway
beforeEach(async () => {
  clock = handClock()
  set = clusterset(clock)
  west = set.member('west', 1)
  leader = west.start(1)
  await clock.advance(5_000)
  standby = west.start(2)
  await clock.advance(20_000)
})
afterEach(() => set.end())

/** Another cluster publishes this network. */
const publish = (network: string): void =>
  set.broker.put(
    endpointOf('late', {
      private_ip: '172.16.9.1',
      subnets: [network],
      meta: { namespace: 'submariner-k8s-broker', labels: { [CLUSTER_LABEL]: 'late' } },
    }),
  )
const isHere = (network: string): boolean => west.cluster.objects('Endpoint').some(({ spec }) => spec.subnets.includes(network))
const callsOf = ({ local }: FakeGateway, from: number, call: RegExp): readonly string[] =>
  local.calls.slice(from).filter((text) => call.test(text))

describe('a change of another cluster', () => {
  it('is nothing to a gateway that stands by: its daemon and addresses are looked at by the timer alone', async () => {
    const { reconciles } = standby.work
    publish('10.50.0.0/16')
    await clock.advance(2_000)
    expect(leader.cables()).toHaveLength(1)
    expect(standby.work.reconciles).toBe(reconciles)
    await clock.advance(20_000)
    expect(standby.work.reconciles).toBeGreaterThan(reconciles)
  })
  it('is copied by a leader that renews its lease without asking for it', async () => {
    const from = leader.local.calls.length
    publish('10.50.0.0/16')
    await clock.advance(200)
    expect(isHere('10.50.0.0/16')).toBe(true)
    expect(callsOf(leader, from, /^get Lease/)).toEqual([])
  })
  it('is copied only after a look at the lease by a leader that could not renew it for two seconds', async () => {
    leader.local.failNext(new ApiError(500, 'InternalError', 'no'), (call) => call.startsWith('replace Lease'), 100)
    await clock.advance(2_600)
    const from = leader.local.calls.length
    publish('10.50.0.0/16')
    await clock.advance(100)
    expect(callsOf(leader, from, /^get Lease/)).not.toEqual([])
    expect(isHere('10.50.0.0/16')).toBe(true)
  })
})

it('clusters that come one after the other have the Gateway object written the less often the more it names, and all are in it soon after', async () => {
  const from = leader.local.calls.length
  for (let i = 0; i < 120; i += 1) {
    const meta = { namespace: 'submariner-k8s-broker', labels: { [CLUSTER_LABEL]: `c${i}` } }
    set.broker.put(endpointOf(`c${i}`, { private_ip: `172.17.${i}.1`, subnets: [`10.${i + 100}.0.0/24`], meta }))
    await clock.advance(20)
  }
  await clock.advance(2_000)
  expect(west.gateway('west-gw1')?.status.connections).toHaveLength(120)
  expect(callsOf(leader, from, /^replace Gateway /).length).toBeLessThan(20)
})

it('a gateway’s own Endpoint that somebody annotates costs its daemon nothing', async () => {
  const { reconciles, asks } = leader.work
  const [own] = west.cluster.objects('Endpoint')
  if (own === undefined) throw new Error('no Endpoint')
  west.cluster.put({ ...own, metadata: { ...own.metadata, annotations: { 'example.org/note': 'x' } } })
  await clock.advance(400)
  expect(set.broker.objects('Endpoint')[0]?.metadata.annotations?.['example.org/note']).toBe('x')
  expect([leader.work.reconciles, leader.work.asks]).toEqual([reconciles, asks])
})

it('a broker that refuses what is written says so once in the log, without a stack, and once more after five minutes', async () => {
  const lines: { readonly msg: string; readonly error?: string; readonly stack?: string }[] = []
  const logged = clusterset(clock, openLog({ write: (text) => lines.push(JSON.parse(text)) }))
  const gateway = logged.member('east', 2).start(1)
  await clock.advance(5_000)
  gateway.broker.failNext(new ApiError(401, 'Unauthorized', 'Unauthorized'), (call) => /^(create|replace)/.test(call), 10_000)
  for (const { metadata } of logged.broker.objects('Endpoint')) logged.broker.drop('Endpoint', metadata.name, metadata.namespace)
  await clock.advance(540_000)
  await logged.end()
  const tries = gateway.broker.calls.filter((call) => call.startsWith('create Endpoint')).length
  expect(tries).toBeGreaterThan(50)
  const failed = lines.filter(({ msg }) => msg === 'sync: the pass failed')
  expect(failed.map(({ error, stack }) => [error, stack])).toEqual(
    Array.from({ length: 2 }, () => [expect.stringMatching(/^Endpoint east-.*: Unauthorized$/), undefined]),
  )
})
