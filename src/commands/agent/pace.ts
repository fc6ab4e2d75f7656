// How often an object is written that names every remote gateway. What a write costs, here, on the API server and for all who watch, grows with their
// number; so the time between two grows too, and what they cost together does not.

/** Of two writes, for each gateway that the object names: a second among 250. */
const REST_MS = 4
const MOST_REST_MS = 5_000
/** What has changed of the others' Endpoints, and of nobody's state, stands in their own objects: it can wait. Half a minute among 250. */
const DETAIL_MS = 120
const DETAIL_LIMITS_MS = [5_000, 30_000] as const

export interface Pace {
  /** The least time between two writes, whatever has changed. */
  readonly restMs: number
  /** The same where the remote gateways are in the states that they were in. */
  readonly detailMs: number
}

export function paceOf(gateways: number): Pace {
  const [least, most] = DETAIL_LIMITS_MS
  return {
    restMs: Math.min(gateways * REST_MS, MOST_REST_MS),
    detailMs: Math.max(least, Math.min(gateways * DETAIL_MS, most)),
  }
}
