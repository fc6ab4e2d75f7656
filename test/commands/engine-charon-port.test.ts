import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeCharonState } from '../../src/dataplane/ipsec/daemon/charon-state.ts'
import { oldPortOf, oldPortText } from '../../src/model/charon-port.ts'
import { type HandClock, handClock } from '../fakes/clock.ts'
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

const published = (member: FakeMember): (string | undefined)[] =>
  set.broker
    .objects('Endpoint')
    .filter(({ spec }) => spec.cluster_id === member.id)
    .map(({ spec }) => spec.backend_config?.['udp-port'])
/** The ports of a gateway's one cable: its own, and the one that it dials. */
const dialled = (gateway: FakeGateway): unknown[] =>
  gateway.cables().flatMap(({ local, port }) => [local.backend_config?.['udp-port'], port])
const said = (name = 'west-gw1'): string | undefined => {
  const gateway = west.gateway(name)
  const old = gateway && oldPortOf(gateway)
  return old && oldPortText(old)
}
const port = (n: number): string => writeCharonState({ port: n })
/** West's settings say 4700, and its keeper has written this of its charon. */
function started(says: string): { w: FakeGateway; e: FakeGateway } {
  const w = west.start(1, { nattPort: 4700 })
  w.engine.charonSays = says
  return { w, e: east.start(1) }
}

describe('an engine whose settings say another port than its charon has', () => {
  it('publishes and uses the port of charon, and says so', async () => {
    const { w, e } = started(port(4500))
    await clock.advance(10_000)
    expect(set.isConnected(w, e)).toBe(true)
    expect(published(west)).toEqual(['4500'])
    expect(dialled(w)).toEqual(['4500', 4500])
    expect(dialled(e)).toEqual(['4500', 4500])
    expect(said()).toBe('charon on west-gw1 still has port 4500, the settings say 4700')
    expect(west.gateway('west-gw1')?.status.statusFailure).toBe('')
  })

  it('publishes the new port as soon as charon has it, and has nothing more to say', async () => {
    const { w, e } = started(port(4500))
    await clock.advance(10_000)
    w.engine.charonSays = port(4700)
    await clock.advance(2_000)
    expect(published(west)).toEqual(['4700'])
    expect(dialled(w)).toEqual(['4700', 4500])
    expect(dialled(e)).toEqual(['4500', 4700])
    expect(said()).toBeUndefined()
  })

  it('knows it as soon where it stands by', async () => {
    started(port(4700))
    await clock.advance(5_000)
    const w2 = west.start(2, { nattPort: 4700 })
    w2.engine.charonSays = port(4500)
    await clock.advance(5_000)
    expect(said('west-gw2')).toBe('charon on west-gw2 still has port 4500, the settings say 4700')
    w2.engine.charonSays = port(4700)
    await clock.advance(2_000)
    expect(said('west-gw2')).toBeUndefined()
  })

  it.each(['', '{"port":', '{"port": "4500"}'])('goes by its settings where the keeper says nothing of use: %s', async (says) => {
    started(says)
    await clock.advance(10_000)
    expect(published(west)).toEqual(['4700'])
    expect(said()).toBeUndefined()
  })

  it('leaves a port that its Node has of its own to those who gave it', async () => {
    started(port(4500))
    await clock.advance(2_000)
    const node = west.cluster.objects('Node').find(({ metadata }) => metadata.name === 'west-gw1')
    if (node === undefined) throw new Error('no Node')
    west.cluster.put({ ...node, metadata: { ...node.metadata, annotations: { 'gateway.submariner.io/udp-port': '4501' } } })
    await clock.advance(5_000)
    expect(published(west)).toEqual(['4501'])
    expect(said()).toBeUndefined()
  })
})
