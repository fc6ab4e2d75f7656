import { messageOf } from '../model/errors.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/** The same reason is said again after so long. */
const AGAIN_MS = 300_000

/** What keeps a loop from its work, told once and not at every try. */
export interface Trouble {
  /** A try has failed: said where the reason is new, or was last said five minutes ago. An API's answer needs no stack. */
  failed(error: unknown, failures: number): void
  /** A try has ended well: said after a failure that was said. */
  ended(): void
}

export function openTrouble(name: string, { clock, log }: { readonly clock: Clock; readonly log: Log }): Trouble {
  /** When each reason was last said. */
  const said = new Map<string, number>()
  let isSaid = false
  return {
    failed(error, failures) {
      const [reason, now] = [messageOf(error), clock.now()]
      for (const [text, at] of said) if (now - at >= AGAIN_MS) said.delete(text)
      if (said.has(reason)) return
      said.set(reason, now)
      isSaid = true
      if (isAnswer(error)) log.warn(`${name}: the pass failed`, { error: reason, failures })
      else log.error(`${name}: the pass failed`, error, { failures })
    },
    ended() {
      if (isSaid) log.info(`${name}: the pass ends well again`)
      isSaid = false
    },
  }
}

/** Whether an API has answered so, whatever the error was wrapped into since. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.name === 'ApiError' || error.name === 'ConflictError' || isAnswer(error.cause)
}
