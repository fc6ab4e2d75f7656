import { setTimeout as wait } from 'node:timers/promises'

/** Time as the code sees it; tests turn it by hand (test/fakes/clock.ts). */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Settles after the time, or at once, without an error, when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
}
