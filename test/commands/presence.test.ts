import { expect, it } from '@jest/globals'
import { afterEngine, present } from '../../src/commands/agent/presence.ts'
import { silentLog } from '../../src/system/log.ts'
import { handClock } from '../fakes/clock.ts'
import { fakeWorld } from '../fakes/context.ts'

const GRACE_MS = 25_000
/** A node with its two pods: what SIGTERM does to each, and whether charon has been told to end. */
function node() {
  const clock = handClock()
  const { context } = fakeWorld({ clock })
  const [engine, charon] = [new AbortController(), new AbortController()]
  const shared = { files: context.files, runDir: '/run/submariner', log: silentLog, clock }
  const late = afterEngine({ ...shared, signal: charon.signal }, GRACE_MS)
  const come = () => present({ ...shared, signal: engine.signal })
  return { clock, engine, charon, come, hasEnded: () => late.aborted }
}

it('charon ends at once where no engine runs', async () => {
  const { clock, charon, hasEnded } = node()
  charon.abort()
  await clock.advance(0)
  expect(hasEnded()).toBe(true)
})

it('charon ends soon where the engine stays: it alone is replaced', async () => {
  const { clock, charon, come, hasEnded } = node()
  await come()
  charon.abort()
  await clock.advance(2_000)
  expect(hasEnded()).toBe(true)
})

it('charon outlasts an engine that is told to end a moment later, until that has gone', async () => {
  const { clock, engine, charon, come, hasEnded } = node()
  const leave = await come()
  charon.abort()
  await clock.advance(1_000)
  engine.abort()
  await clock.advance(15_000)
  expect(hasEnded()).toBe(false)
  await leave()
  await clock.advance(200)
  expect(hasEnded()).toBe(true)
})

it('charon waits no longer than its grace for an engine that was killed while it left', async () => {
  const { clock, engine, charon, come, hasEnded } = node()
  await come()
  engine.abort()
  await clock.advance(100)
  charon.abort()
  await clock.advance(GRACE_MS - 500)
  expect(hasEnded()).toBe(false)
  await clock.advance(1_000)
  expect(hasEnded()).toBe(true)
})
