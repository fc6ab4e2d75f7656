import { describe, expect, it } from '@jest/globals'
import { openHealth } from '../../src/dataplane/health.ts'
import { parseAnswer } from '../../src/dataplane/health-doubt.ts'
import { goDuration, openRttWindow } from '../../src/dataplane/health-rtt.ts'
import { type Ip, parseIp } from '../../src/model/net.ts'
import type { Follow } from '../../src/system/follow.ts'
import { silentLog } from '../../src/system/log.ts'
import { handClock, settle } from '../fakes/clock.ts'

const EAST = parseIp('10.2.0.1')
const NORTH = parseIp('10.3.0.1')

function scene({ fail = false, source = parseIp('10.1.0.1') as Ip | undefined, mostPerSecond = 100 } = {}) {
  const clock = handClock()
  const end = new AbortController()
  const runs: { argv: readonly string[]; answer: (ip: Ip, ms: number) => void }[] = []
  const state = { fail, source }
  const follow: Follow = (argv, { onLine }, signal) => {
    runs.push({ argv, answer: (ip, ms) => onLine(`${ip} : [0], 64 bytes, ${ms} ms (1 avg, 0% loss)`) })
    if (state.fail) return Promise.reject(new Error('fping: cannot bind source address'))
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  }
  const health = openHealth({
    follow,
    clock,
    log: silentLog,
    signal: end.signal,
    intervalMs: 1000,
    mostLost: 5,
    mostPerSecond,
    source: () => state.source,
  })
  return { clock, end, runs, state, health, last: () => runs.at(-1) }
}

describe('the health prober', () => {
  it('sends nothing before it has targets, then asks all of them by one program from the given address', async () => {
    const { health, runs } = scene()
    await settle()
    expect(runs).toEqual([])
    health.probe([NORTH, EAST])
    await settle()
    expect(runs.map(({ argv }) => argv)).toEqual([['fping', '--loop', '--period=1000', '--interval=1', '--src=10.1.0.1', EAST, NORTH]])
    health.probe([EAST, NORTH])
    await settle()
    expect(runs).toHaveLength(1)
  })

  it('says alive at the first answer, dead when more than the allowed number went unanswered, alive again at once', async () => {
    const { health, clock, last } = scene()
    health.probe([EAST])
    await settle()
    expect(health.pulse(EAST).state).toBe('unknown')
    last()?.answer(EAST, 1.5)
    expect(health.pulse(EAST)).toMatchObject({ state: 'alive', rtt: { last: '1.5ms' } })
    await clock.advance(5_400)
    expect(health.pulse(EAST).state).toBe('alive')
    await clock.advance(200)
    expect(health.pulse(EAST).state).toBe('dead')
    last()?.answer(EAST, 2)
    expect(health.pulse(EAST).state).toBe('alive')
  })

  it('calls dead what never answered, not before the allowed number of requests', async () => {
    const { health, clock } = scene()
    health.probe([EAST])
    await clock.advance(5_000)
    expect(health.pulse(EAST).state).toBe('unknown')
    await clock.advance(1_000)
    expect(health.pulse(EAST).state).toBe('dead')
  })

  it('keeps what it knows of a target when others come and go', async () => {
    const { health, clock, last } = scene()
    health.probe([EAST])
    await settle()
    last()?.answer(EAST, 1)
    health.probe([EAST, NORTH])
    await clock.advance(4_000)
    expect([health.pulse(EAST).state, health.pulse(NORTH).state]).toEqual(['alive', 'unknown'])
    health.probe([NORTH])
    await settle()
    expect(health.pulse(EAST)).toEqual({ state: 'unknown' })
  })

  it('knows nothing while no request can be sent, tries again, and starts to count then', async () => {
    const { health, clock, state, runs } = scene({ fail: true })
    health.probe([EAST])
    await clock.advance(60_000)
    expect(health.pulse(EAST).state).toBe('unknown')
    expect(runs.length).toBeGreaterThan(4)
    expect(runs.length).toBeLessThan(15)
    state.fail = false
    await clock.advance(12_000)
    await clock.advance(6_000)
    expect(health.pulse(EAST).state).toBe('dead')
  })

  it('asks less often where there are many targets', async () => {
    const { health, last } = scene({ mostPerSecond: 10 })
    health.probe(Array.from({ length: 250 }, (_, i) => parseIp(`10.2.0.${i}`)))
    await settle()
    expect(last()?.argv).toContain('--period=25000')
  })

  it('starts again when the address to send from is another', async () => {
    const { health, state, last } = scene()
    health.probe([EAST])
    await settle()
    state.source = undefined
    health.probe([EAST])
    await settle()
    expect(last()?.argv).toEqual(['fping', '--loop', '--period=1000', '--interval=1', EAST])
  })

  it('ends with its signal, whether it has targets or not', async () => {
    const busy = scene()
    busy.health.probe([EAST])
    await settle()
    busy.end.abort()
    await busy.health.ended
    const idle = scene()
    idle.end.abort()
    await idle.health.ended
  })
})

it('lines that tell of no answer are passed over', () => {
  expect(parseAnswer('10.2.0.1 : [3], 64 bytes, 0.038 ms (0.049 avg, 0% loss)')).toEqual({ ip: '10.2.0.1', ms: 0.038 })
  expect(parseAnswer('10.2.0.1 : [3], timed out (0.049 avg, 25% loss)')).toBeUndefined()
  expect(parseAnswer('ICMP Host Unreachable from 10.1.0.1 for ICMP Echo sent to 10.2.0.1')).toBeUndefined()
})

it.each([
  [0, '0s'],
  [0.000095, '95ns'],
  [0.447358, '447.358µs'],
  [0.069, '69µs'],
  [1.2, '1.2ms'],
  [999.9999, '999.9999ms'],
  [1000, '1s'],
  [2500, '2.5s'],
  [63_500, '1m3.5s'],
  [3_600_000, '1h0m0s'],
])('%d ms in the text of Go is %s', (ms, text) => {
  expect(goDuration(ms)).toBe(text)
})

it('round-trip times are those of the window', () => {
  const window = openRttWindow(4)
  expect(window.summary()).toBeUndefined()
  for (const ms of [100, 1, 2, 3, 2]) window.add(ms)
  expect(window.summary()).toEqual({ last: '2ms', min: '1ms', average: '2ms', max: '3ms', stdDev: '707.107µs' })
})
