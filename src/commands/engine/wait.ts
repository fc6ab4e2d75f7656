import type { Clock } from '../../system/clock.ts'

/** Waits until it holds, the time is over or the signal ends it; looks every 50 ms. */
export async function until(clock: Clock, signal: AbortSignal, mostMs: number, holds: () => boolean, everyMs = 50): Promise<void> {
  const end = clock.now() + mostMs
  while (!signal.aborted && !holds() && clock.now() < end) await clock.sleep(Math.min(everyMs, end - clock.now()), signal)
}

export const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
