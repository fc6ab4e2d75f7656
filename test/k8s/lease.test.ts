import { describe, expect, it } from '@jest/globals'
import { type LeaseState, type Origin, type Work, whileHolding } from '../../src/k8s/lease.ts'
import type { Lease } from '../../src/model/resources.ts'
import { silentLog } from '../../src/system/log.ts'
import { handClock, settle } from '../fakes/clock.ts'
import { type FakeApi, fakeCluster, make } from '../fakes/kube.ts'

const LOCK = { name: 'lock', namespace: 'submariner' }

function world() {
  const clock = handClock()
  const cluster = fakeCluster({ clock })
  const events: string[] = []
  const start = (me: string, options: { readonly graceMs?: number; readonly work?: Work } = {}) => {
    const stop = new AbortController()
    const api = cluster.api(me)
    const states: LeaseState[] = []
    const work: Work = async (signal, origin) => {
      events.push(`${me} leads`)
      await (options.work ? options.work(signal, origin) : new Promise<void>((end) => signal.addEventListener('abort', () => end())))
      await clock.sleep(options.graceMs ?? 0)
      events.push(`${me} ends`)
    }
    const node = {
      api,
      states,
      stop: () => stop.abort(),
      get leading() {
        return states.at(-1)?.leading === true
      },
      done: whileHolding(api, { ...LOCK, me }, work, {
        clock,
        log: silentLog,
        signal: stop.signal,
        observe: (state) => states.push(state),
      }),
    }
    return node
  }
  const lock = (): Lease | undefined => cluster.objects('Lease')[0]
  /** Time until the condition holds, in steps of 50 ms. */
  const until = async (holds: () => boolean, mostMs = 60_000): Promise<number> => {
    const from = clock.now()
    while (!holds()) {
      if (clock.now() - from > mostMs) throw new Error(`not so after ${mostMs} ms; ${JSON.stringify({ events, lock: lock() })}`)
      await clock.advance(50)
    }
    return clock.now() - from
  }
  return { clock, cluster, events, start, lock, until }
}
type World = ReturnType<typeof world>

/** A leads, B and C stand by. */
async function trio(w: World) {
  const a = w.start('a')
  await w.until(() => a.leading)
  const b = w.start('b')
  const c = w.start('c')
  await w.clock.advance(5_000)
  expect(w.events).toEqual(['a leads'])
  return { a, b, c }
}
const cut = (api: FakeApi, link: FakeApi['link']): void => {
  api.link = link
}

describe('whileHolding', () => {
  it('leads at once where nobody did, and says so', async () => {
    const w = world()
    const a = w.start('a')
    await settle()
    expect(a.states.at(-1)).toEqual({ leading: true, holder: 'a' })
    expect(w.lock()?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 3, leaseTransitions: 1 })
  })

  it('has one leader of many that start together', async () => {
    const w = world()
    const all = Array.from({ length: 10 }, (_, i) => w.start(`n${i}`))
    await w.clock.advance(10_000)
    expect(all.filter((node) => node.leading)).toHaveLength(1)
    expect(w.events).toHaveLength(1)
    expect(new Set(all.map((node) => node.states.at(-1)?.holder)).size).toBe(1)
  })

  it.each(['refused', 'silent'] as const)('hands over from a leader whose link is %s, a term after its last renewal', async (link) => {
    const w = world()
    const { a, b, c } = await trio(w)
    cut(a.api, link)
    const took = await w.until(() => b.leading || c.leading)
    expect(took).toBeGreaterThanOrEqual(2_000)
    expect(took).toBeLessThanOrEqual(3_300)
    // The old one does not see it, so it goes on; and ends as soon as it does see it.
    expect(w.events).not.toContain('a ends')
    await w.clock.advance(20_000)
    expect(w.events).not.toContain('a ends')
    cut(a.api, 'up')
    await w.until(() => w.events.includes('a ends'))
    expect([a, b, c].filter((node) => node.leading)).toHaveLength(1)
    await w.clock.advance(60_000)
    expect(w.events).toHaveLength(3)
  })

  it.each(['refused', 'silent'] as const)('changes nothing when the API is away for everybody (%s), however long', async (link) => {
    for (const awayMs of [1_000, 2_900, 3_100, 60_000, 600_000]) {
      const w = world()
      const { a, b, c } = await trio(w)
      for (const node of [a, b, c]) cut(node.api, link)
      await w.clock.advance(awayMs)
      for (const node of [c, b, a]) cut(node.api, 'up')
      await w.clock.advance(30_000)
      expect([awayMs, w.events]).toEqual([awayMs, ['a leads']])
      expect(w.lock()?.spec?.leaseTransitions).toBe(1)
    }
  })

  it('does not count time without the API against the leader that comes back a little later than the standbys', async () => {
    const w = world()
    const { a, b, c } = await trio(w)
    for (const node of [a, b, c]) cut(node.api, 'refused')
    await w.clock.advance(30_000)
    cut(b.api, 'up')
    cut(c.api, 'up')
    await w.clock.advance(2_000)
    cut(a.api, 'up')
    await w.clock.advance(30_000)
    expect(w.events).toEqual(['a leads'])
  })

  it.each([300, 1_000, 2_000, 5_000, 20_000])('keeps its leader when every answer takes %i ms', async (delayMs) => {
    const w = world()
    const { a, b, c } = await trio(w)
    for (const node of [a, b, c]) node.api.delayMs = delayMs
    await w.clock.advance(120_000)
    for (const node of [a, b, c]) node.api.delayMs = 0
    await w.clock.advance(30_000)
    expect(w.events).toEqual(['a leads'])
  })

  it('gives the lease back at once when told to end; the successor leads within 100 ms while the old work still runs', async () => {
    const w = world()
    const a = w.start('a', { graceMs: 10_000 })
    await w.until(() => a.leading)
    w.start('b')
    await w.clock.advance(5_000)
    a.stop()
    await w.clock.advance(100)
    expect(w.events).toEqual(['a leads', 'b leads'])
    await w.clock.advance(10_000)
    await a.done
    expect(w.events).toEqual(['a leads', 'b leads', 'a ends'])
  })

  it('tells the work whether its predecessor gave the lease back or did not renew it', async () => {
    const w = world()
    const origins: Origin[] = []
    const work: Work = (signal, origin) => {
      origins.push(origin)
      return new Promise((end) => signal.addEventListener('abort', () => end()))
    }
    const a = w.start('a')
    await w.until(() => a.leading)
    const b = w.start('b', { work })
    await w.clock.advance(5_000)
    a.stop()
    await w.until(() => b.leading)
    const c = w.start('c', { work })
    await w.clock.advance(5_000)
    cut(b.api, 'silent')
    await w.until(() => c.leading)
    expect(origins).toEqual(['free', 'expired'])
  })

  it('ends in bounded time when it can give nothing back', async () => {
    for (const link of ['refused', 'silent'] as const) {
      const w = world()
      const { a } = await trio(w)
      cut(a.api, link)
      a.stop()
      let done = false
      void a.done.then(() => {
        done = true
      })
      expect(await w.until(() => done)).toBeLessThanOrEqual(7_000)
    }
  })

  it('leads on at once after a restart under its own name', async () => {
    const w = world()
    const { b } = await trio(w)
    const again = w.start('a')
    await w.clock.advance(100)
    expect(again.leading).toBe(true)
    expect(b.leading).toBe(false)
    expect(w.lock()?.spec?.leaseTransitions).toBe(1)
  })

  it('survives the removal of the lease, without a change of leader', async () => {
    const w = world()
    await trio(w)
    for (let i = 0; i < 5; i += 1) {
      w.cluster.drop('Lease', 'lock', 'submariner')
      await w.clock.advance(700)
    }
    await w.clock.advance(30_000)
    expect(w.events).toEqual(['a leads'])
    expect(w.lock()?.spec?.holderIdentity).toBe('a')
  })

  it.each([
    [null],
    ['x'],
    [{ holderIdentity: 5, renewTime: [], leaseDurationSeconds: -1 }],
    [{ holderIdentity: null, acquireTime: 'yesterday' }],
  ])('survives garbage in the lease: %j', async (spec) => {
    const w = world()
    await trio(w)
    w.cluster.put({ ...make('Lease', 'lock', {}, { namespace: 'submariner' }), spec } as Lease)
    await w.clock.advance(30_000)
    expect(w.events).toEqual(['a leads'])
    expect(w.lock()?.spec?.holderIdentity).toBe('a')
  })

  it('does not care for clocks that are wrong or jump', async () => {
    const w = world()
    await trio(w)
    for (const jump of [3_600_000, -7_200_000, 86_400_000 * 365]) {
      w.clock.jump(jump)
      await w.clock.advance(20_000)
    }
    expect(w.events).toEqual(['a leads'])
  })

  it('waits out the term of a holder that is gone before it started, and no longer', async () => {
    const w = world()
    w.cluster.put(
      make(
        'Lease',
        'lock',
        { spec: { holderIdentity: 'gone', leaseDurationSeconds: 3, renewTime: '2020-01-01T00:00:00.000000Z' } },
        { namespace: 'submariner' },
      ),
    )
    const a = w.start('a')
    const took = await w.until(() => a.leading)
    expect(took).toBeGreaterThanOrEqual(3_000)
    expect(took).toBeLessThanOrEqual(3_300)
  })

  it('makes way for another after its work failed, and tries again a term later', async () => {
    const w = world()
    const a = w.start('a', { work: () => Promise.reject(new Error('broken')) })
    await settle()
    expect(w.lock()?.spec?.holderIdentity).toBe('')
    await w.clock.advance(2_900)
    expect(w.events).toEqual(['a leads'])
    await w.clock.advance(200)
    expect(w.events).toEqual(['a leads', 'a leads'])
    const b = w.start('b')
    await w.clock.advance(60_000)
    expect(b.leading).toBe(true)
    expect(a.leading).toBe(false)
  })

  it('does not lead again before its former work has ended', async () => {
    const w = world()
    const a = w.start('a', { graceMs: 30_000 })
    await w.until(() => a.leading)
    const b = w.start('b')
    await w.clock.advance(3_000)
    cut(a.api, 'refused')
    await w.until(() => b.leading)
    cut(a.api, 'up')
    await w.until(() => !a.leading)
    b.stop()
    await w.clock.advance(20_000)
    expect(w.events.filter((event) => event === 'a leads')).toHaveLength(1)
    await w.clock.advance(20_000)
    expect(w.events.filter((event) => event === 'a leads')).toHaveLength(2)
  })

  it('costs an idle API about one write a second for the leader and one read a second for each standby', async () => {
    const w = world()
    const { a, b } = await trio(w)
    const before = [a.api.calls.length, b.api.calls.length] as const
    await w.clock.advance(100_000)
    expect(a.api.calls.length - before[0]).toBeLessThan(110)
    expect(b.api.calls.length - before[1]).toBeLessThan(210)
  })

  it('leaves nothing behind when it ends', async () => {
    const w = world()
    const nodes = Object.values(await trio(w))
    for (const node of nodes) node.stop()
    await w.clock.advance(20_000)
    await Promise.all(nodes.map((node) => node.done))
    expect(w.clock.sleeping).toBe(0)
    expect(w.lock()?.spec?.holderIdentity).toBe('')
  })
})
