import { type Refusal, refusalText } from '../../model/decode.ts'
import type { Log } from '../../system/log.ts'

/** More than so many at once say nothing more. */
const MOST = 200

/** Says each refused object once, as long as it stays refused. */
export function openRefusals(log: Log): (refused: readonly Refusal[]) => void {
  let said: ReadonlySet<string> = new Set()
  return (refused) => {
    const now = new Set(refused.slice(0, MOST).map(refusalText))
    for (const text of now) if (!said.has(text)) log.warn(`refused: ${text}`)
    said = now
  }
}
