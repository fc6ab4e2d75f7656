// What a gateway that leads asks its daemon for, and when.
import { describe, expect, it } from '@jest/globals'
import { type Carrying, openCarrying } from '../../src/commands/engine/carry.ts'
import type { Cable, CableDriver } from '../../src/dataplane/cable.ts'
import { parseIp } from '../../src/model/net.ts'
import type { Connection, EndpointSpec } from '../../src/model/resources.ts'
import { handClock } from '../fakes/clock.ts'

const spec = (n: number): EndpointSpec => ({
  cluster_id: `c${n}`,
  cable_name: `cable-${n}`,
  hostname: `gw${n}`,
  subnets: [`10.${n}.0.0/16`],
  private_ip: `172.16.0.${n}`,
  public_ip: '',
  nat_enabled: false,
  backend: 'libreswan',
})
const cable = (n: number): Cable => ({ local: spec(1), remote: spec(n), address: parseIp(`172.16.0.${n}`), port: 4500, nat: false })
const ADDRESSES = [parseIp('10.1.0.0')]

interface Scene {
  readonly clock: ReturnType<typeof handClock>
  readonly carrying: Carrying
  /** What was asked of the daemon since the last look: `put` or `ask`, with the names of the cables, or `all`. */
  asked(): readonly string[]
  readonly down: Set<string>
  failing: boolean
}
function scene(): Scene {
  const clock = handClock()
  const asked: string[] = []
  const down = new Set<string>()
  const it = { failing: false }
  const note = (what: string, names?: ReadonlySet<string>): void => {
    if (it.failing) throw new Error('no answer')
    asked.push(`${what} ${names === undefined ? 'all' : [...names].sort().join()}`)
  }
  const driver: CableDriver = {
    async reconcile(_, names) {
      note('put', names)
      return []
    },
    async connections(cables, names) {
      note('ask', names)
      return cables
        .filter(({ remote }) => names === undefined || names.has(remote.cable_name))
        .map(({ remote }): Connection => {
          const status = down.has(remote.cable_name) ? 'connecting' : 'connected'
          return { status, statusMessage: '', endpoint: remote }
        })
    },
    cleanUp: async () => undefined,
  }
  const owned = { reconcile: async () => [], cleanUp: async () => undefined }
  const carrying = openCarrying({ clock, driver, owned, say: () => undefined })
  return Object.assign(it, { clock, carrying, asked: () => asked.splice(0), down })
}

describe('a gateway that carries tunnels', () => {
  it('puts all of them at first, then one that changes alone, and keeps what it knew of the others', async () => {
    const { carrying, asked } = scene()
    const [two, three] = [cable(2), cable(3)]
    await carrying.pass([two, three], ADDRESSES)
    expect(asked()).toEqual(['put all', 'ask all'])
    await carrying.pass([two, three], ADDRESSES)
    expect(asked()).toEqual([])
    await carrying.pass([two, cable(3)], ADDRESSES)
    expect(asked()).toEqual(['put cable-3', 'ask cable-3'])
    await carrying.pass([two], ADDRESSES)
    expect(asked()).toEqual(['put cable-3'])
    expect(carrying.connections.map(({ endpoint }) => endpoint.cable_name)).toEqual(['cable-2'])
  })
  it('asks for what the daemon tells of, and for everything where it tells of nothing in particular', async () => {
    const { carrying, asked, down } = scene()
    const cables = [cable(2), cable(3)]
    await carrying.pass(cables, ADDRESSES)
    asked()
    down.add('cable-2')
    carrying.tell(['cable-2'])
    await carrying.pass(cables, ADDRESSES)
    expect(asked()).toEqual(['ask cable-2'])
    expect(carrying.connections.map(({ status }) => status)).toEqual(['connecting', 'connected'])
    carrying.tell()
    await carrying.pass(cables, ADDRESSES)
    expect(asked()).toEqual(['put all', 'ask all'])
  })
  it('looks again soon at what has changed and is not up, and later at everything', async () => {
    const { carrying, asked, down, clock } = scene()
    const two = cable(2)
    await carrying.pass([two], ADDRESSES)
    down.add('cable-3')
    const cables = [two, cable(3)]
    expect(await carrying.pass(cables, ADDRESSES)).toBe(250)
    asked()
    await clock.advance(250)
    expect(await carrying.pass(cables, ADDRESSES)).toBe(500)
    expect(asked()).toEqual(['put cable-3', 'ask cable-3'])
    await clock.advance(15_000)
    await carrying.pass(cables, ADDRESSES)
    expect(asked()).toEqual(['put all', 'ask all'])
  })
  it('puts everything after a failure, and where its addresses are others', async () => {
    const it = scene()
    const cables = [cable(2)]
    await it.carrying.pass(cables, ADDRESSES)
    it.failing = true
    await expect(it.carrying.pass([cable(2)], ADDRESSES)).rejects.toThrow('no answer')
    it.failing = false
    it.asked()
    await it.carrying.pass(cables, ADDRESSES)
    expect(it.asked()).toEqual(['put all', 'ask all'])
    await it.carrying.pass(cables, [])
    expect(it.asked()).toEqual(['put all', 'ask all'])
  })
})
