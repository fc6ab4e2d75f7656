import { describe, expect, it } from '@jest/globals'
import { type LeaderWatch, watchLeader } from '../../src/k8s/leader.ts'
import { silentLog } from '../../src/system/log.ts'
import { handClock } from '../fakes/clock.ts'
import { type FakeApi, fakeCluster, make } from '../fakes/kube.ts'

interface Scene {
  readonly leader: LeaderWatch
  readonly api: FakeApi
  readonly changes: () => number
  /** Turns the clock; a holder renews each second. */
  turn(ms: number, holder?: string): Promise<void>
  write(holder: string | undefined, n?: number): void
  end(): Promise<void>
}
function scene(seconds = 3): Scene {
  const clock = handClock()
  const cluster = fakeCluster({ clock })
  const api = cluster.api()
  const end = new AbortController()
  let changes = 0
  const heard = (): void => {
    changes += 1
  }
  const name = { name: 'lock', namespace: 'submariner' }
  const leader = watchLeader(api, name, { clock, log: silentLog, signal: end.signal, onChange: heard })
  const write: Scene['write'] = (holder, n = clock.now()) => {
    if (holder === undefined) return cluster.drop('Lease', 'lock', 'submariner')
    const spec = { holderIdentity: holder, leaseDurationSeconds: seconds, renewTime: String(n) }
    cluster.put(make('Lease', 'lock', { spec }, { namespace: 'submariner' }))
  }
  return {
    leader,
    api,
    changes: () => changes,
    async turn(ms, holder) {
      for (let left = ms; left > 0; left -= 100) {
        if (holder !== undefined && left % 1_000 === 0) write(holder)
        await clock.advance(100)
      }
    },
    write,
    async end() {
      end.abort()
      await leader.ended
    },
  }
}

describe('a lease that is watched', () => {
  it('costs no call beside its watch while it is renewed', async () => {
    const { leader, api, turn, changes, end } = scene()
    await turn(60_000, 'gw1')
    expect(api.calls.filter((call) => !/^(list|watch)/.test(call))).toEqual([])
    expect([leader.isGone, leader.quietMs, changes()]).toEqual([false, 0, 0])
    await end()
  })

  it('has no living holder when it was seen unrenewed for its term, and has one with the next renewal, by whomever', async () => {
    for (const holder of ['gw1', 'gw2']) {
      const { leader, turn, end } = scene()
      await turn(5_000, 'gw1')
      // A second has passed since the last renewal.
      await turn(400)
      expect([leader.isLate, leader.quietMs]).toEqual([false, 0])
      await turn(200)
      expect([leader.isLate, leader.quietMs]).toEqual([true, 0])
      await turn(500)
      expect([leader.isLate, leader.quietMs > 0]).toEqual([true, true])
      await turn(1_900)
      expect(leader.isGone).toBe(false)
      await turn(1_000)
      expect(leader.isGone).toBe(true)
      await turn(10_000)
      expect([leader.isGone, leader.quietMs > 10_000]).toEqual([true, true])
      await turn(1_000, holder)
      expect([leader.isGone, leader.isLate, leader.quietMs]).toEqual([false, false, 0])
      await end()
    }
  })

  it('is given the longer term that its holder promises', async () => {
    const { leader, turn, end } = scene(10)
    await turn(5_000, 'gw1')
    await turn(12_000)
    expect(leader.isGone).toBe(false)
    await turn(5_000)
    expect(leader.isGone).toBe(true)
    await end()
  })

  it.each(['refused', 'silent'] as const)('counts no time in which the API is %s, nor is what was known lost by it', async (link) => {
    const { leader, api, turn, write, end } = scene()
    await turn(5_000, 'gw1')
    api.link = link
    await turn(300_000)
    expect(leader.isGone).toBe(false)
    write('gw1', 1)
    api.link = 'up'
    await turn(2_000)
    expect(leader.isGone).toBe(false)
    await turn(15_000)
    expect(leader.isGone).toBe(true)
    api.link = link
    await turn(60_000)
    expect(leader.isGone).toBe(true)
    write('gw1', 2)
    api.link = 'up'
    await turn(8_000)
    await turn(3_000, 'gw1')
    expect(leader.isGone).toBe(false)
    await end()
  })

  it('says nothing where nobody was ever seen to hold it; one that is given back or removed is no renewal', async () => {
    const never = scene()
    never.write('')
    await never.turn(60_000)
    expect([never.leader.isGone, never.changes()]).toEqual([false, 0])
    await never.end()
    const { leader, turn, write, end } = scene()
    await turn(5_000, 'gw1')
    write('')
    await turn(5_000)
    expect(leader.isGone).toBe(true)
    write(undefined)
    await turn(5_000)
    expect(leader.isGone).toBe(true)
    await end()
  })
})
