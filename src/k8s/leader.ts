// Whether a lease that others compete for has a living holder, as one who does not compete sees it.
import type { Lease } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'
import type { KubeApi } from './api.ts'
import { type Candidate, type LeaseName, openCandidate } from './candidate.ts'
import { holderOf, termOf } from './contest.ts'
import { openStore } from './store.ts'

export interface LeaderWatch {
  /** Whether the lease was watched, on an API that answers, for a whole term without being renewed; until it is renewed. Never so of a lease that nobody was seen to hold. */
  readonly isGone: boolean
  /** Whether the lease itself was read and a renewal is late: half a term is over since the last. */
  readonly isLate: boolean
  /** For how long it has been watched so, without one. */
  readonly quietMs: number
  /** Settles when the signal has ended it. */
  readonly ended: Promise<void>
}
export interface LeaderOptions {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Called when a renewal is missing, with each look, and when there is one again. */
  readonly onChange: () => void
}

/** Of a lease that promises no longer one. Renewed three times in it. */
const TERM_MS = 3_000
const RENEW_MS = TERM_MS / 3
/** Of one that is late, until its holder is gone; then each RENEW_MS. */
const LOOK_MS = RENEW_MS / 2

/** While renewals come, their events are all that it costs. When one is late it is the lease itself that is read: silence of a watch may be the API's. */
export function watchLeader(api: KubeApi, name: Omit<LeaseName, 'me'>, { clock, log, signal, onChange }: LeaderOptions): LeaderWatch {
  const state = {
    isGone: false,
    isLate: false,
    quietMs: 0,
    renewal: undefined as string | undefined,
    renewedAtMs: 0,
    wake: new AbortController(),
  }
  let looker: Candidate | undefined
  const hear = (lease: Lease | undefined): boolean => {
    const text = JSON.stringify(lease?.spec)
    if ((holderOf(lease) ?? '') === '' || text === state.renewal) return false
    Object.assign(state, { renewal: text, renewedAtMs: clock.now(), isGone: false, isLate: false, quietMs: 0 })
    if (looker === undefined) return true
    looker = undefined
    state.wake.abort()
    onChange()
    return true
  }
  const store = openStore(api, 'Lease', {
    ...{ clock, log, signal, query: name },
    onChange: () => void hear(store.get(name.name, name.namespace)),
  })
  const nap = async (ms: number): Promise<void> => {
    state.wake = new AbortController()
    await clock.sleep(ms, AbortSignal.any([signal, state.wake.signal]))
  }
  /** Gives the time until the next look. */
  const look = async (by: Candidate): Promise<number> => {
    const isAnswered = await by.look()
    if (looker !== by || !isAnswered || by.sight === undefined) return LOOK_MS
    const { lease, quietMs } = by.sight
    if (hear(lease)) return 0
    const termMs = termOf(lease, TERM_MS)
    state.quietMs = state.isGone ? Math.max(state.quietMs, quietMs) : quietMs
    state.isGone ||= quietMs >= termMs
    state.isLate = true
    onChange()
    return state.isGone ? RENEW_MS : Math.min(LOOK_MS, Math.max(termMs - quietMs, LOOK_MS / 10))
  }
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const termMs = termOf(store.get(name.name, name.namespace), TERM_MS)
      // Of a lease that nobody has held yet nothing is late.
      const lateMs = state.renewal === undefined ? TERM_MS : state.renewedAtMs + termMs / 2 - clock.now()
      if (lateMs > 0) await nap(lateMs)
      else {
        looker ??= openCandidate(api, { ...name, me: '' }, { clock, log, termMs: TERM_MS, renewMs: RENEW_MS })
        const napMs = await look(looker)
        if (napMs > 0 && looker !== undefined) await nap(napMs)
      }
    }
  }
  const ended = Promise.all([run(), store.ended]).then(() => undefined)
  return {
    get isGone() {
      return state.isGone
    },
    get isLate() {
      return state.isLate
    },
    get quietMs() {
      return state.quietMs
    },
    ended,
  }
}
