import type { Clock } from '../../system/clock.ts'
import { openAttempts } from './attempts.ts'
import type { Step } from './step.ts'

const LATER_MS = 2_000
const MOST_SPARING = 3

/** Which steps are due: those that can wait are remembered since when they were to be done. */
export interface Patience {
  /** Of all steps that are to be done now, or of those of the connections by these names; what is not among them is forgotten. */
  due(steps: readonly Step[], names?: ReadonlySet<string>): Step[]
  /** In how many milliseconds the next one will be due; undefined where none waits. */
  readonly waitsMs: number | undefined
}

export function openPatience(clock: Clock): Patience {
  const since = openAttempts()
  const state = { isWaiting: false }
  const isDue = (step: Step): boolean => {
    if (step.what === 'load' || step.what === 'unload' || step.when === 'now') return true
    const [key, now] = [keyOf(step), clock.now()]
    if (step.when === 'later') since.yield(key, '', now, LATER_MS)
    if (!since.isDue(key, '', now)) {
      state.isWaiting = true
      return false
    }
    if (step.when === 'later') return true
    if (since.tries(key, '') >= MOST_SPARING) return false
    since.tried(key, '', now)
    return true
  }
  return {
    due(steps, names) {
      state.isWaiting = false
      const found = steps.filter(isDue)
      const now = new Set(steps.map(keyOf))
      const isMeant = (key: string): boolean => names === undefined || names.has(key.slice(key.lastIndexOf(' ') + 1))
      // How often two SAs of a connection were made one is kept: a peer that wants several must have them in the end.
      since.keepIf((key) => key.startsWith(SPARING) || now.has(key) || !isMeant(key))
      return found
    },
    get waitsMs() {
      return state.isWaiting ? LATER_MS : undefined
    },
  }
}

const SPARING = 'sparingly '
const keyOf = (step: Step): string => {
  if (step.what === 'load' || step.what === 'unload') return ''
  return step.when === 'sparingly' ? `${SPARING}${step.name}` : `${step.what} ${step.id} ${step.name}`
}
