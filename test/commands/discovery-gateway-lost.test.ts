// A cluster whose only gateway is gone with its node: its Gateway object says for ever what it said last.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { followCluster } from '../../src/discovery/dns/follow.ts'
import { type Index, openIndex } from '../../src/discovery/dns/index.ts'
import { STILL_MS } from '../../src/discovery/nodes.ts'
import { silentLog } from '../../src/system/log.ts'
import { type HandClock, handClock } from '../fakes/clock.ts'
import { AGENTS, type FakeAgent, type Site, type Sites, sites } from '../fakes/discovery.ts'
import type { FakeApi } from '../fakes/kube.ts'

let clock: HandClock
let set: Sites
let west: Site
let agent: FakeAgent
let dns: { readonly api: FakeApi; readonly index: Index; end(): Promise<void> }
const REACHED = { east: 'connected', north: 'connected' } as const
const LOST = { east: 'error', north: 'error' } as const

beforeEach(async () => {
  clock = handClock()
  set = sites(clock, ['west', 'east', 'north'])
  west = set.site('west')
  for (const id of ['east', 'north']) {
    const site = set.site(id)
    site.serve(id)
    site.wish(id)
    site.start()
  }
  agent = west.start()
  dns = answering(west)
  for (const node of ['west-gw1', 'w1', 'w2']) west.node(node, REACHED)
  await led(3_000)
})
afterEach(async () => {
  await dns.end()
  await set.end()
})

function answering({ api: cluster }: Site): typeof dns {
  const [api, end, index] = [cluster.api('dns'), new AbortController(), openIndex([])]
  const { ended } = followCluster(index, { api, namespace: AGENTS, clock, log: silentLog, signal: end.signal })
  return {
    api,
    index,
    async end() {
      end.abort()
      await ended
    },
  }
}
/** Time in which the gateway renews its lease. */
async function led(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    west.renew()
    await set.turn(Math.min(1_000, left))
  }
}
/** Backends and names that are used, of both other clusters. */
const used = (): readonly boolean[] => [
  ...['east', 'north'].map((name) => west.backends(name).length > 0),
  ...['east', 'north'].map((id) => dns.index.reach.isConnected(id)),
]
const ALL = [true, true, true, true]
const NONE = [false, false, false, false]

describe('while nobody leads the gateways', () => {
  it('what no other node reaches is withdrawn from backends and names within 5 s of the last renewal, and is back with a gateway', async () => {
    west.standby('west-gw2')
    await led(10_000)
    expect(used()).toEqual(ALL)
    await set.turn(500)
    for (const node of ['w1', 'w2']) west.node(node, LOST)
    await set.turn(2_500)
    expect(used()).toEqual(ALL)
    await set.within(1_500, () => used().join() === NONE.join())
    await set.turn(400_000)
    expect(used()).toEqual(NONE)
    west.connections({ east: 'connecting', north: 'connecting' })
    await led(2_000)
    west.connections({})
    await led(1_000)
    expect(used()).toEqual(ALL)
  }, 60_000)

  it('and where there was one gateway alone, as soon as its renewal is late and the nodes say so', async () => {
    for (const node of ['w1', 'w2']) west.node(node, LOST)
    await set.turn(900)
    expect(used()).toEqual(ALL)
    await set.within(600, () => used().join() === NONE.join())
    await led(1_000)
    expect(used()).toEqual(ALL)
    // Of renewals that are late, and a renewal that comes, nobody hears where the nodes reach all.
    for (const node of ['w1', 'w2']) west.node(node, REACHED)
    await led(2_000)
    await set.turn(2_600)
    expect(used()).toEqual(ALL)
  }, 60_000)

  it('nothing is withdrawn that one of them reaches: an engine that is away for minutes loses nothing', async () => {
    await set.turn(120_000)
    expect(used()).toEqual(ALL)
    west.node('w1', LOST)
    await set.turn(10_000)
    expect(used()).toEqual(ALL)
    west.node('w2', { east: 'error', north: 'connected' })
    await set.turn(1_000)
    expect(used()).toEqual([false, true, false, true])
    west.node('w1', REACHED)
    await set.turn(1_000)
    expect(used()).toEqual(ALL)
  }, 60_000)

  it('a node that died with it reaches them for as long as it may still be about to write, then no more', async () => {
    west.node('w1', LOST)
    await set.turn(STILL_MS - 10_000)
    expect(used()).toEqual(ALL)
    await set.turn(20_000)
    expect(used()).toEqual(NONE)
  }, 60_000)

  it('a time without the API takes nothing away, and gives nothing back', async () => {
    for (const link of ['silent', 'refused'] as const) {
      const apis = [agent.local, dns.api]
      for (const api of apis) api.link = link
      for (const node of ['w1', 'w2']) west.node(node, LOST)
      await led(60_000)
      expect(used()).toEqual(ALL)
      for (const api of apis) api.link = 'up'
      await led(20_000)
      expect(used()).toEqual(ALL)
      await set.turn(10_000)
      expect(used()).toEqual(NONE)
      for (const api of apis) api.link = link
      await set.turn(60_000)
      expect(used()).toEqual(NONE)
      for (const api of apis) api.link = 'up'
      for (const node of ['w1', 'w2']) west.node(node, REACHED)
      await led(60_000)
      expect(used()).toEqual(ALL)
    }
  }, 120_000)
})

it('the word of a gateway that leads counts, whatever the nodes say', async () => {
  for (const node of ['w1', 'w2']) west.node(node, LOST)
  await led(60_000)
  expect(used()).toEqual(ALL)
  expect([...agent.local.calls, ...dns.api.calls].filter((call) => call.includes('RouteAgent'))).toEqual([])
}, 60_000)
