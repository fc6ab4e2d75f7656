// Who leads, as a function of what one candidate has seen of the lease. No clock but the candidate's own is believed: the lease's times say
// only whether its holder is alive, by changing.
import type { Lease } from '../model/resources.ts'

/** What a candidate has seen. */
export interface Sight {
  /** As last seen; undefined: there was none. */
  readonly lease: Lease | undefined
  /** For how long it has been seen unchanged, over answers that came in time and without a gap. */
  readonly quietMs: number
  /** Whether somebody was ever seen to hold it. */
  readonly wasHeld: boolean
}

export interface Contest {
  readonly me: string
  /** Whether this candidate's work is running. */
  readonly leading: boolean
  /** Undefined: the API has not answered yet. */
  readonly sight: Sight | undefined
  readonly termMs: number
}

/**
 * `take` and `renew` write the lease, `yield` ends the work, `wait` looks again later. A leader leads until it sees another holder. A standby takes
 * a lease that is free, one that it holds by name (it was restarted), or one that it has itself watched go unrenewed for a term.
 */
export type Move = 'take' | 'renew' | 'yield' | 'wait'

export function decide({ me, leading, sight, termMs }: Contest): Move {
  if (sight === undefined) return leading ? 'renew' : 'wait'
  const holder = holderOf(sight.lease)
  if (leading) return holder === undefined || holder === '' || holder === me ? 'renew' : 'yield'
  if (holder === me || holder === '') return 'take'
  if (sight.lease === undefined && !sight.wasHeld) return 'take'
  return sight.quietMs >= termOf(sight.lease, termMs) ? 'take' : 'wait'
}

/** "" is free; undefined is no lease, or one that does not say. */
export function holderOf(lease: Lease | undefined): string | undefined {
  const holder: unknown = specOf(lease).holderIdentity
  return typeof holder === 'string' ? holder : undefined
}

const MOST_TERM_MS = 60_000

/** The holder may have promised a longer term than ours; a senseless one is no reason to wait for ever. */
export function termOf(lease: Lease | undefined, termMs: number): number {
  const seconds: unknown = specOf(lease).leaseDurationSeconds
  return typeof seconds === 'number' && seconds > 0 ? Math.max(termMs, Math.min(seconds * 1000, MOST_TERM_MS)) : termMs
}

// Whoever may write the lease may write garbage into it.
const specOf = (lease: Lease | undefined): NonNullable<Lease['spec']> =>
  typeof lease?.spec === 'object' && lease.spec !== null ? lease.spec : {}

/** The sight after one more look; `sinceMs` is the time since the look before, undefined where something came between. */
export function look(before: Sight | undefined, lease: Lease | undefined, sinceMs: number | undefined): Sight {
  const holder = holderOf(lease)
  const wasHeld = before?.wasHeld === true || (holder !== undefined && holder !== '')
  const same =
    before !== undefined &&
    JSON.stringify(before.lease?.spec) === JSON.stringify(lease?.spec) &&
    (before.lease === undefined) === (lease === undefined)
  return { lease, wasHeld, quietMs: same && sinceMs !== undefined ? before.quietMs + sinceMs : 0 }
}

/** The lease's spec as written by the candidate at this time. */
export function held(lease: Lease | undefined, me: string, nowMs: number, termMs: number): NonNullable<Lease['spec']> {
  const before = specOf(lease)
  const now = microTime(nowMs)
  const stays = before.holderIdentity === me
  const transitions: unknown = before.leaseTransitions
  return {
    holderIdentity: me,
    leaseDurationSeconds: Math.ceil(termMs / 1000),
    acquireTime: stays && isTime(before.acquireTime) ? before.acquireTime : now,
    renewTime: now,
    leaseTransitions: (typeof transitions === 'number' && transitions >= 0 ? transitions : 0) + (stays ? 0 : 1),
  }
}

/** A lease that anyone may take. */
export const released = (lease: Lease, nowMs: number): Lease => ({
  ...lease,
  spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(nowMs) },
})

const isTime = (text: unknown): text is string => typeof text === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text)
/** A Kubernetes server takes six decimals and nothing else. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')
