import { describe, expect, it } from '@jest/globals'
import { openHealth } from '../../src/dataplane/health.ts'
import { type Ip, parseIp } from '../../src/model/net.ts'
import type { Follow } from '../../src/system/follow.ts'
import { silentLog } from '../../src/system/log.ts'
import { handClock, settle } from '../fakes/clock.ts'

const EAST = parseIp('10.2.0.1')
const SLOW_MS = 1_000
const REQUESTS = 10

/** A prober whose every request is answered or not as the scene says, one after the other. */
function scene(isAnswered: (ip: string) => boolean, more: { readonly mostQuick?: number } = {}) {
  const clock = handClock()
  const end = new AbortController()
  const runs: (readonly string[])[] = []
  const changes: number[] = []
  const follow: Follow = async (argv, { onLine, onNote }, signal) => {
    runs.push(argv)
    const option = (name: string): number => Number(argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1])
    const targets = argv.filter((word) => /^\d+\./.test(word))
    const count = argv.includes('--count') ? REQUESTS : Number.POSITIVE_INFINITY
    let received = 0
    for (let i = 0; i < count && !signal.aborted; i += 1) {
      for (const ip of targets.filter(isAnswered)) {
        received += 1
        onLine(`${ip} : [${i}], 64 bytes, 1 ms (1 avg, 0% loss)`)
      }
      await clock.sleep(i === count - 1 ? option('timeout') : option('period'), signal)
    }
    onNote?.(`${targets[0]} : xmt/rcv/%loss = ${count}/${received}/${received === 0 ? 100 : 0}%`)
    if (!signal.aborted && received === 0) throw new Error('fping: nobody answers')
  }
  const options = { follow, clock, log: silentLog, signal: end.signal, intervalMs: SLOW_MS, mostLost: 5, quickMs: SLOW_MS / 10, ...more }
  const health = openHealth({ ...options, source: () => undefined as Ip | undefined })
  health.onChange(() => changes.push(clock.now()))
  const advance = async (ms: number): Promise<void> => {
    for (let done = 0; done < ms; done += 10) await clock.advance(10)
  }
  const quick = (): number => runs.filter((argv) => argv.includes('--count')).length
  return { clock, end, health, changes, advance, quick }
}

describe('a target that misses an answer', () => {
  it('is dead within 2.3 s of its last answer, and alive again within an interval of its return; both are told at once', async () => {
    let isUp = true
    const { health, advance, changes, clock, end } = scene(() => isUp)
    health.probe([EAST])
    await settle()
    await advance(3_005)
    expect(health.pulse(EAST).state).toBe('alive')
    isUp = false
    const cutAt = clock.now()
    await advance(2_350)
    expect(health.pulse(EAST).state).toBe('dead')
    expect((changes.at(-1) ?? 0) - cutAt).toBeLessThan(2_300)
    isUp = true
    const healedAt = clock.now()
    await advance(SLOW_MS)
    expect(health.pulse(EAST).state).toBe('alive')
    expect((changes.at(-1) ?? 0) - healedAt).toBeLessThanOrEqual(SLOW_MS)
    end.abort()
    await health.ended
  })

  it('is asked quickly once for each outage, so that one that stays away costs no more than one that is there', async () => {
    let isUp = true
    const { health, advance, quick, end } = scene(() => isUp)
    health.probe([EAST])
    await advance(2_000)
    isUp = false
    await advance(30_000)
    expect(quick()).toBe(1)
    end.abort()
    await health.ended
  })

  it('waits for its turn where no more may be asked quickly at once', async () => {
    let isUp = true
    const { health, advance, quick, end } = scene(() => isUp, { mostQuick: 2 })
    const targets = [1, 2, 3, 4].map((n) => parseIp(`10.2.0.${n}`))
    health.probe(targets)
    await advance(3_005)
    isUp = false
    await advance(2_000)
    expect(quick()).toBe(2)
    await advance(2_000)
    expect(quick()).toBe(4)
    expect(targets.map((ip) => health.pulse(ip).state)).toEqual(['dead', 'dead', 'dead', 'dead'])
    end.abort()
    await health.ended
  })

  it('stays alive where one quick answer comes through', async () => {
    let n = 0
    const { health, advance, changes, end } = scene(() => {
      n += 1
      return n < 3 || n % 5 === 0
    })
    health.probe([EAST])
    await advance(20_000)
    expect(health.pulse(EAST).state).toBe('alive')
    // The first answer alone.
    expect(changes).toHaveLength(1)
    end.abort()
    await health.ended
  })

  it('is not called dead in ten minutes where every request or its answer is lost with 5 % each', async () => {
    let seed = 1
    const random = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return seed / 2 ** 32
    }
    let requests = 0
    const { health, advance, changes, quick, end } = scene(() => {
      requests += 1
      return requests === 1 || (random() > 0.05 && random() > 0.05)
    })
    health.probe([EAST])
    await advance(600_000)
    expect(requests).toBeGreaterThan(600)
    // A tenth of the requests is lost, and each loss makes one question.
    expect(quick()).toBeGreaterThan(30)
    expect(changes).toHaveLength(1)
    end.abort()
    await health.ended
  })
})

it('chance alone takes more than a century of one connection to lose an ordinary request and all quick ones at 5 % each way', () => {
  const lost = 1 - 0.95 ** 2
  const perSecond = lost ** (1 + REQUESTS)
  expect(1 / perSecond / 86_400 / 365).toBeGreaterThan(100)
})
