import { expect, it } from '@jest/globals'
import { silentLog } from '../../src/system/log.ts'
import { type LoopOptions, runLoop } from '../../src/system/loop.ts'
import { handClock } from '../fakes/clock.ts'

const setting = (more: Partial<LoopOptions> = {}) => {
  const clock = handClock()
  const stop = new AbortController()
  const options: LoopOptions = {
    name: 'test',
    clock,
    log: silentLog,
    signal: stop.signal,
    resyncMs: 10_000,
    backoff: { firstMs: 100, mostMs: 1_000 },
    ...more,
  }
  return { clock, stop, options }
}

it('a loop makes a pass at its start, one for any number of kicks, and one after resyncMs', async () => {
  const { clock, stop, options } = setting()
  const loop = runLoop(async () => undefined, options)
  await clock.advance(1)
  expect(loop.passes).toBe(1)
  for (let i = 0; i < 5; i += 1) loop.kick()
  await clock.advance(1)
  expect(loop.passes).toBe(2)
  await clock.advance(9_990)
  expect(loop.passes).toBe(2)
  await clock.advance(20)
  expect(loop.passes).toBe(3)
  stop.abort()
  await loop.ended
})

it('a burst of kicks, each a few promises after the other, makes one pass, and other work gets its turn before it', async () => {
  const { clock, stop, options } = setting()
  const loop = runLoop(async () => undefined, options)
  await clock.advance(1)
  for (let i = 0; i < 1_000; i += 1) {
    loop.kick()
    for (let step = 0; step < 20; step += 1) await Promise.resolve()
  }
  expect(loop.passes).toBe(1)
  await clock.advance(1)
  expect(loop.passes).toBe(2)
  stop.abort()
  await loop.ended
})

it('a loop tries again with a growing delay after failures, and at once when it is kicked', async () => {
  const { clock, stop, options } = setting()
  let tries = 0
  const loop = runLoop(async () => {
    tries += 1
    throw new Error('not yet')
  }, options)
  await clock.advance(99)
  expect(tries).toBe(1)
  await clock.advance(2)
  expect(tries).toBe(2)
  await clock.advance(190)
  expect(tries).toBe(2)
  loop.kick()
  await clock.advance(1)
  expect(tries).toBe(3)
  stop.abort()
  await loop.ended
})

it('a loop that is kicked during every pass rests the longer the longer that lasts, but not before the fourth', async () => {
  const { clock, stop, options } = setting()
  const at: number[] = []
  const began = clock.now()
  const loop = runLoop(async () => {
    at.push(clock.now() - began)
    await clock.sleep(100)
    loop.kick()
  }, options)
  await clock.advance(2_990)
  expect(at).toEqual([0, 100, 200, 300, 500, 800, 1_200, 1_700, 2_200, 2_700])
  stop.abort()
  await clock.advance(500)
  await loop.ended
})

it('in a storm short passes rest as if they had taken the least time, and before it not at all', async () => {
  const { clock, stop, options } = setting()
  const at: number[] = []
  const began = clock.now()
  const loop = runLoop(
    async () => {
      at.push(clock.now() - began)
      await clock.sleep(10)
      loop.kick()
    },
    { ...options, leastRestMs: 50 },
  )
  await clock.advance(1_000)
  expect(at).toEqual([0, 10, 20, 30, 90, 200, 360, 570, 780, 990])
  stop.abort()
  await clock.advance(500)
  await loop.ended
})

it('a signal ends a loop that waits', async () => {
  const { clock, stop, options } = setting()
  const loop = runLoop(async () => undefined, options)
  await clock.advance(1)
  stop.abort()
  await loop.ended
  expect([loop.passes, clock.sleeping]).toEqual([1, 0])
})
