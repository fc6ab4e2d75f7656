import type { Clock } from '../../src/system/clock.ts'

/** A clock that stands still until it is turned. */
export interface HandClock extends Clock {
  /** Turns time on, one sleeper after the other; between two of them everything that can go on does. */
  advance(ms: number): Promise<void>
  /** Turns the time of day alone, as NTP does: nobody wakes up. */
  jump(ms: number): void
  /** Sleepers now. */
  readonly sleeping: number
}

export function handClock(startMs = Date.UTC(2026, 0, 1)): HandClock {
  const sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>()
  let turned = 0
  let offset = startMs
  return {
    now: () => turned + offset,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const wake = (): void => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        // Whole milliseconds and at least one, as Node's timers have it: a fraction would vanish in now() and a loop to a deadline never end.
        const sleeper = { dueMs: turned + Math.max(1, Math.trunc(ms)), wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', wake, { once: true })
      }),
    async advance(ms) {
      const end = turned + ms
      await settle()
      for (;;) {
        const next = [...sleepers].filter((sleeper) => sleeper.dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0]
        if (next === undefined) break
        turned = Math.max(turned, next.dueMs)
        next.wake()
        await settle()
      }
      turned = end
    },
    jump(ms) {
      offset += ms
    },
    get sleeping() {
      return sleepers.size
    },
  }
}

/** Lets every promise that waits for no clock and no machine go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve))
}
