import { messageOf } from '../model/errors.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'
import type { KubeApi } from './api.ts'
import { type LeaseName, openCandidate } from './candidate.ts'
import { decide, holderOf, termOf } from './contest.ts'
import { openStore } from './store.ts'

export interface LeaseState {
  readonly leading: boolean
  /** Who holds the lease, as last seen; "" for nobody, undefined while that is not known. */
  readonly holder: string | undefined
}
export interface LeaseOptions {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Called when either field has changed. */
  readonly observe?: (state: LeaseState) => void
  /** Called when the lease was taken or renewed, with the time when that was asked for. */
  readonly onHold?: (atMs: number) => void
  /** Default: 3 s. Renewed three times a term. */
  readonly termMs?: number
}

interface Running {
  readonly stop: AbortController
  readonly done: Promise<void>
  ended: boolean
}

/** Renewals that wait for an answer at the same time: one that hangs does not hold up the next. */
const MOST_PENDING = 4

/** How this process came to the lease: it was free, given back by its holder for one, or it was taken from a holder who did not renew it. */
export type Origin = 'free' | 'expired'
export type Work = (signal: AbortSignal, origin: Origin) => Promise<void>

/**
 * Competes for the lease and, while this process leads, runs the work. The work's signal is aborted when another holder is *seen*, never because
 * the API is away. When the outer signal is aborted the lease is given back at once, while the work ends in its own time. Work that ends by itself,
 * or fails, gives the lease back too and competes again a term later. Settles when all of it has ended.
 */
export async function whileHolding(api: KubeApi, name: LeaseName, work: Work, options: LeaseOptions): Promise<void> {
  const { signal, clock, termMs = 3_000 } = options
  const log = options.log.with({ lease: name.name })
  const renewMs = termMs / 3
  const candidate = openCandidate(api, name, { clock, log, termMs, renewMs })
  const pending = new Set<Promise<unknown>>()
  const state = { leading: false, resting: false, wake: new AbortController(), running: undefined as Running | undefined }
  const wake = (): void => state.wake.abort()
  const move = (): ReturnType<typeof decide> => decide({ me: name.me, leading: state.leading, sight: candidate.sight, termMs })
  const report = reporter(options.observe)
  const watching = new AbortController()
  const store = openStore(api, 'Lease', {
    query: { namespace: name.namespace, name: name.name },
    clock,
    log,
    signal: watching.signal,
    onChange() {
      const lease = store.get(name.name, name.namespace)
      const known = lease?.metadata.resourceVersion === candidate.sight?.lease?.metadata.resourceVersion
      if (!known && !(state.leading && holderOf(lease) === name.me)) wake()
    },
  })
  const keep = (promise: Promise<unknown>): void => {
    const kept = promise.finally(() => pending.delete(kept))
    pending.add(kept)
  }
  const hold = async (): Promise<boolean> => {
    const isHeld = await candidate.hold()
    if (isHeld && candidate.heldAt !== undefined) options.onHold?.(candidate.heldAt)
    return isHeld
  }
  const renew = async (): Promise<void> => {
    const before = candidate.sight?.lease
    await hold()
    const lost = before !== undefined && candidate.sight?.lease === undefined
    if (state.leading && (move() === 'yield' || lost)) wake()
  }
  const lead = (origin: Origin): void => {
    log.info('this process leads', { holder: name.me })
    state.leading = true
    state.running = run((stop) => work(stop, origin), log, wake)
  }
  /** The work has ended: without being asked, then others get their turn. */
  const clear = async (running: Running): Promise<void> => {
    state.running = undefined
    if (running.stop.signal.aborted) return
    state.leading = false
    state.resting = true
    await candidate.release()
    keep(
      clock.sleep(termMs, signal).then(() => {
        state.resting = false
      }),
    )
  }
  const step = async (): Promise<number> => {
    if (state.running?.ended) await clear(state.running)
    const answered = state.leading || (await candidate.look())
    const next = move()
    const holder = holderOf(candidate.sight?.lease) ?? ''
    const origin = holder === '' || holder === name.me ? 'free' : 'expired'
    if (next === 'take' && state.running === undefined && !state.resting && !signal.aborted && (await hold())) lead(origin)
    if (next === 'renew' && pending.size < MOST_PENDING) keep(renew())
    if (next === 'yield') {
      log.warn('another holds the lease: this process leads no more', { holder: holderOf(candidate.sight?.lease) })
      state.leading = false
      state.running?.stop.abort()
    }
    report({ leading: state.leading, holder: candidate.sight && (holderOf(candidate.sight.lease) ?? '') })
    if (!answered) return renewMs / 2
    if (state.leading) return renewMs
    const left = termOf(candidate.sight?.lease, termMs) - (candidate.sight?.quietMs ?? 0)
    return Math.min(renewMs, Math.max(left, renewMs / 20))
  }
  while (!signal.aborted) {
    state.wake = new AbortController()
    const napMs = await step()
    await clock.sleep(napMs, AbortSignal.any([signal, state.wake.signal]))
  }
  const givenBack = candidate.release()
  state.running?.stop.abort()
  await Promise.all([givenBack, state.running?.done])
  report({ leading: false, holder: candidate.sight && (holderOf(candidate.sight.lease) ?? '') })
  watching.abort()
  await Promise.all([...pending, store.ended])
}

function run(work: (signal: AbortSignal) => Promise<void>, log: Log, onEnd: () => void): Running {
  const stop = new AbortController()
  const done = work(stop.signal).then(
    () => undefined,
    (error: unknown) => log.error(`the leader's work failed: ${messageOf(error)}`, error),
  )
  const running: Running = {
    stop,
    ended: false,
    done: done.then(() => {
      running.ended = true
      onEnd()
    }),
  }
  return running
}

function reporter(observe: LeaseOptions['observe']): (state: LeaseState) => void {
  let last: LeaseState | undefined
  return (state) => {
    if (last?.leading === state.leading && last.holder === state.holder) return
    last = state
    observe?.(state)
  }
}
