import { messageOf } from '../../model/errors.ts'
import type { Log } from '../../system/log.ts'

/** A part of a clean-up, and what it takes away. */
export type Removal = readonly [what: string, act: () => Promise<unknown>]

/** Does all that can be done, one after the other, and logs each; says whether that was everything. */
export async function removeAll(steps: readonly Removal[], log: Log): Promise<boolean> {
  let isDone = true
  for (const [what, act] of steps) {
    try {
      await act()
      log.info(`removed: ${what}`)
    } catch (error) {
      isDone = false
      log.warn(`could not be removed: ${what}`, { error: messageOf(error) })
    }
  }
  return isDone
}
