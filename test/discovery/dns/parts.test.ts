// The small parts: rotation, rate, cache, reach.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { openCache } from '../../../src/discovery/dns/cache.ts'
import { readName, zoneOf } from '../../../src/discovery/dns/names.ts'
import { openRate } from '../../../src/discovery/dns/rate.ts'
import { openReach } from '../../../src/discovery/dns/reach.ts'
import { openResponder } from '../../../src/discovery/dns/responder.ts'
import { rotationOf } from '../../../src/discovery/dns/rotation.ts'
import { handClock } from '../../fakes/clock.ts'
import { completeIndex, export_, questionBytes, responderOf, SETTINGS, sliceObject, udp } from './world.ts'

describe('a rotation', () => {
  it('of equal weights has each in turn', () => {
    expect(rotationOf(['a', 'b', 'c'].map((cluster) => ({ cluster, weight: 7 })))).toEqual(['a', 'b', 'c'])
  })
  it('has the heavy ones spread out', () => {
    const round = [
      { cluster: 'a', weight: 5 },
      { cluster: 'b', weight: 1 },
      { cluster: 'c', weight: 1 },
    ]
    expect(rotationOf(round)).toEqual(['a', 'a', 'b', 'a', 'c', 'a', 'a'])
  })
  it('has each as often as its weight says, and none without weight', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 })
    fc.assert(
      fc.property(weights, (all) => {
        const round = rotationOf(all.map((weight, i) => ({ cluster: `c${i}`, weight })))
        const total = all.reduce((sum, weight) => sum + weight, 0)
        for (const [i, weight] of all.entries())
          expect(round.filter((cluster) => cluster === `c${i}`).length * total).toBe(round.length * weight)
      }),
    )
  })
})

describe('a client', () => {
  it('gets as many answers a second as it may, whatever others ask', () => {
    let now = 0
    const admit = openRate(3, () => now)
    const times = (client: string, count: number) => Array.from({ length: count }, () => admit(client)).filter(Boolean).length
    expect([times('a', 5), times('b', 2), times('a', 1)]).toEqual([3, 2, 0])
    now = 1_000
    expect(times('a', 5)).toBe(3)
  })
  it('is not shut out by a flood of made-up ones', () => {
    const admit = openRate(1, () => 0)
    for (let i = 0; i < 50_000; i += 1) admit(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    expect(admit('192.0.2.1')).toBe(true)
  })
})

describe('answers that are kept', () => {
  it('are bounded, and what is asked for stays', () => {
    const cache = openCache(20_000)
    const cached = () => ({ answers: ['x'.repeat(100)], epochs: [], turn: 0, questionEnd: 12 })
    cache.put('asked', cached())
    for (let i = 0; i < 1_000; i += 1) {
      cache.put(`other ${i}`, cached())
      expect(cache.get('asked')).toBeDefined()
    }
    const kept = Array.from({ length: 1_000 }, (_, i) => cache.get(`other ${i}`)).filter((found) => found !== undefined)
    expect(kept.length * 400).toBeLessThan(40_000)
  })
  it('are given in turn, with the number of each question', () => {
    const index = completeIndex()
    export_(index, 'web', { east: '100.2.0.1', north: '100.3.0.1' })
    const responder = responderOf(index)
    const seen = [1, 2, 3, 4, 5].map((id) => {
      const asked = questionBytes('web.shop.svc.clusterset.local', 'A')
      asked.writeUInt16BE(id, 0)
      const answer = udp(responder, asked)
      return `${answer.id} ${answer.answers[0]?.data}`
    })
    expect(seen).toEqual(['1 100.2.0.1', '2 100.3.0.1', '3 100.2.0.1', '4 100.3.0.1', '5 100.2.0.1'])
  })
  it('are the same bytes as those that are made, but for the number, whatever was asked', () => {
    const index = completeIndex()
    export_(index, 'web', { east: '100.2.0.1' })
    const opt = Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0])
    for (const name of ['web.shop.svc.clusterset.local', 'WEB.shop.svc.clusterset.LOCAL', 'no.shop.svc.clusterset.local', 'elsewhere.test'])
      for (const type of ['A', 'AAAA', 'SRV'])
        for (const more of [Buffer.alloc(0), opt]) {
          const asked = Buffer.concat([questionBytes(name, type), more])
          asked.writeUInt16BE(more.length === 0 ? 0 : 1, 10)
          const again = Buffer.from(asked)
          again.writeUInt16BE(0xabcd, 0)
          const responder = responderOf(index)
          const [made, kept] = [responder.udp(asked), responder.udp(again)]
          expect(kept?.readUInt16BE(0)).toBe(0xabcd)
          expect(kept?.subarray(2).toString('hex')).toBe(made?.subarray(2).toString('hex'))
        }
  })
  it('are not what questions with more in them get: those have any turn', () => {
    const index = completeIndex()
    export_(index, 'web', { east: '100.2.0.1', north: '100.3.0.1' })
    let next = 0
    const random = (): number => {
      next = (next + 1) % 4
      return next / 2 ** 16
    }
    const responder = openResponder({ directory: index, settings: SETTINGS, random, onFault: console.error })
    for (const padding of [10, 400]) {
      const asked = Buffer.concat([questionBytes('web.shop.svc.clusterset.local', 'A'), Buffer.alloc(padding)])
      const seen = Array.from({ length: 8 }, () => udp(responder, asked).answers[0]?.data)
      expect(new Set(seen)).toEqual(new Set(['100.2.0.1', '100.3.0.1']))
    }
  })
  it('are the callers’ own: who writes into one changes no other', () => {
    const index = completeIndex()
    export_(index, 'web', { east: '100.2.0.1' })
    const responder = responderOf(index)
    for (let i = 0; i < 3; i += 1) {
      const { bytes, answers } = udp(responder, questionBytes('web.shop.svc.clusterset.local', 'A'))
      expect(answers[0]?.data).toBe('100.2.0.1')
      bytes.fill(0)
    }
  })
  it('end with what they were made of: a service, its clusters, that there is none', () => {
    const index = completeIndex()
    const responder = responderOf(index)
    const ask = () => udp(responder, questionBytes('web.shop.svc.clusterset.local', 'A'))
    const text = () => [ask().rcode, ...ask().answers.map(({ data }) => data)]
    expect(text()).toEqual(['NXDOMAIN'])
    export_(index, 'web', { east: '100.2.0.1' })
    expect(text()).toEqual(['NOERROR', '100.2.0.1'])
    index.setConnected(new Set())
    expect(text()).toEqual(['NOERROR'])
    index.setConnected(undefined)
    index.slices.put(sliceObject('web', 'east', { endpoints: [{ ip: '100.2.0.2' }] }))
    expect(text()).toEqual(['NOERROR', '100.2.0.2'])
  })
})

describe('clusters that can be reached', () => {
  const scene = () => {
    const clock = handClock()
    const seen: string[] = []
    const signal = new AbortController().signal
    const see = openReach({ clock, signal, onChange: (all) => seen.push(all === undefined ? 'all' : [...all].sort().join()) })
    return { clock, seen, see }
  }
  const active = (...connected: string[]) => ({
    status: { haStatus: 'active', connections: connected.map((id) => ({ status: 'connected', endpoint: { cluster_id: id } })) },
  })
  const failed = (id: string) => ({
    status: { haStatus: 'active', connections: [{ status: 'error', endpoint: { cluster_id: id } }] },
  })
  const passive = { status: { haStatus: 'passive', connections: [] } }
  it('are all where there are no gateways, else those that an active one has a tunnel to', () => {
    const { seen, see } = scene()
    see([])
    see([passive, active('east', 'north')])
    see([])
    expect(seen).toEqual(['east,north', 'all'])
  })
  it('go when they have been away for a second, and are back at once', async () => {
    const { clock, seen, see } = scene()
    see([active('east', 'north')])
    see([active('north')])
    await clock.advance(900)
    expect(seen).toEqual(['east,north'])
    await clock.advance(200)
    expect(seen).toEqual(['east,north', 'north'])
    see([active('east', 'north')])
    expect(seen.at(-1)).toBe('east,north')
  })
  it('go at once when their tunnels carry nothing, and have to stay longer to come back after each time', async () => {
    const { clock, seen, see } = scene()
    for (let i = 0; i < 2; i += 1) {
      see([active('east')])
      see([failed('east')])
    }
    expect(seen).toEqual(['east', '', 'east', ''])
    see([active('east')])
    await clock.advance(900)
    expect(seen.at(-1)).toBe('')
    await clock.advance(200)
    expect(seen.at(-1)).toBe('east')
  })
  it('stay while one gateway takes over from another', async () => {
    const { clock, seen, see } = scene()
    see([active('east')])
    see([passive])
    await clock.advance(10_000)
    see([active()])
    await clock.advance(500)
    see([active('east')])
    await clock.advance(5_000)
    expect(seen).toEqual(['east'])
  })
})

describe('a name', () => {
  it('is in the longest zone that fits', () => {
    const zones = [['local'], ['clusterset', 'local'], ['x']]
    expect(zoneOf(['a', 'clusterset', 'local'], zones)).toEqual(['clusterset', 'local'])
    expect(zoneOf(['local'], zones)).toEqual(['local'])
    expect(zoneOf([], zones)).toBeUndefined()
  })
  it('may have any labels', () => {
    fc.assert(fc.property(fc.array(fc.string()), (labels) => expect(readName(labels)).toHaveProperty('kind')))
  })
})
