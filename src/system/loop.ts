import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { openTrouble } from './trouble.ts'

export interface LoopOptions {
  /** Names the loop in the log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** The longest time between two passes. */
  readonly resyncMs: number
  /** Delay after the first failure; doubled after each further one up to mostMs. A kick ends the wait. */
  readonly backoff: { readonly firstMs: number; readonly mostMs: number }
  /** Kicks that come within this time of each other make one pass. Default: 0. In a storm of them, a pass is followed by a rest, the longer the longer it lasts. */
  readonly gatherMs?: number
  /** In a storm a rest is as long as if the pass had taken this: for passes that are short and costly, as one that runs programs. Default: 0. */
  readonly leastRestMs?: number
}

export interface Loop {
  /** Asks for a pass soon. Any number of kicks while one runs make one more pass. */
  kick(): void
  /** Passes ended well so far: what a liveness probe watches. */
  readonly passes: number
  /** Settles when the signal is aborted and the pass in progress has ended. */
  readonly ended: Promise<void>
}

/** It is a storm when so many passes in a row were kicked while they ran. */
const STORM_PASSES = 4
/** A rest is as long as the pass was, then twice as long, up to so many times; and no longer than this. */
const MOST_RESTS = 4
const MOST_REST_MS = 500

/** Runs one pass at a time: at the start, when kicked, after resyncMs, and after a failure with a growing delay. */
export function runLoop(pass: (signal: AbortSignal) => Promise<void>, options: LoopOptions): Loop {
  const { clock, signal, resyncMs, backoff, gatherMs = 0, leastRestMs = 0 } = options
  const state = { kicked: false, passes: 0, wake: new AbortController() }
  const wake = (): void => state.wake.abort(null)
  const kick = (): void => {
    if (state.kicked) return
    state.kicked = true
    wake()
  }
  const run = async (): Promise<void> => {
    let failures = 0
    const trouble = openTrouble(options.name, options)
    const restMs = openRest(leastRestMs)
    signal.addEventListener('abort', wake, { once: true })
    while (!signal.aborted) {
      state.wake = new AbortController()
      state.kicked = false
      const began = clock.now()
      try {
        await pass(signal)
        failures = 0
        state.passes += 1
        trouble.ended()
      } catch (error) {
        if (signal.aborted) break
        failures += 1
        trouble.failed(error, failures)
      }
      const delay = failures === 0 ? resyncMs : Math.min(backoff.firstMs * 2 ** (failures - 1), backoff.mostMs)
      const pauseMs = Math.max(gatherMs, restMs(state.kicked && failures === 0, clock.now() - began))
      if (!state.kicked && !signal.aborted) await clock.sleep(delay, state.wake.signal)
      // Kicks of one burst, as of a watch that has read many events at once, make one pass; and between passes other work gets its turn.
      if (state.kicked) await nextTurn()
      if (state.kicked && pauseMs > 0) await clock.sleep(pauseMs, signal)
    }
    signal.removeEventListener('abort', wake)
  }
  const ended = run()
  return {
    kick,
    get passes() {
      return state.passes
    },
    ended,
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** In a storm of changes the loop rests most of the time, and a pass takes many of them up. Told of each pass whether it was kicked while it ran. */
function openRest(leastMs: number): (isKicked: boolean, tookMs: number) => number {
  let inARow = 0
  return (isKicked, tookMs) => {
    inARow = isKicked ? inARow + 1 : 0
    const rests = Math.min(inARow - STORM_PASSES + 1, MOST_RESTS)
    return rests < 1 ? 0 : Math.min(Math.max(tookMs, leastMs) * rests, MOST_REST_MS)
  }
}
