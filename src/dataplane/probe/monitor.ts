// Hears of changes in the kernel that somebody else makes: links, addresses, routes, rules. Packet filters tell of nothing.
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { Follow } from '../../system/follow.ts'
import type { Log } from '../../system/log.ts'
import { MONITOR } from '../kernel/echoes.ts'

export interface MonitorOptions {
  readonly follow: Follow
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Whether a line of `ip monitor` is worth a look. */
  readonly isNews: (line: string) => boolean
}

/** From a change to the call; twice as long for each call within MEMORY_MS before, so that what flaps is not run after. */
const CALL_MS = { first: 100, most: 1_000 }
const MEMORY_MS = 5_000
const MOST_RETRY_MS = 30_000

/** Calls back a short time after changes, for good; after a gap in listening as well. Settles when the signal is aborted. */
export async function watchKernel({ follow, clock, log, signal, isNews }: MonitorOptions, changed: () => void): Promise<void> {
  let waiting = false
  let calls: readonly number[] = []
  const notice = (): void => {
    if (waiting) return
    waiting = true
    calls = calls.filter((at) => clock.now() - at < MEMORY_MS)
    void clock.sleep(Math.min(CALL_MS.most, CALL_MS.first * 2 ** calls.length), signal).then(() => {
      waiting = false
      calls = [...calls, clock.now()]
      if (!signal.aborted) changed()
    })
  }
  for (let failures = 0; !signal.aborted; failures += 1) {
    const began = clock.now()
    await follow(MONITOR, { onLine: (line) => void (isNews(line) && notice()) }, signal).catch((error: unknown) => {
      log.warn('changes of the kernel are noticed by the timer alone', { error: messageOf(error) })
    })
    if (signal.aborted) return
    if (clock.now() - began > MOST_RETRY_MS) failures = 0
    await clock.sleep(Math.min(MOST_RETRY_MS, 1_000 * 2 ** Math.min(failures, 10)), signal)
    notice()
  }
}
