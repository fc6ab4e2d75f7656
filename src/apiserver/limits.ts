/** What one client, and all of them, may take of the server. */
export interface Limits {
  /** Of a request's body; kube-apiserver's. */
  readonly mostBodyBytes: number
  readonly mostWatches: number
  /** Of one user, but administrators. A member's gateways and agents share one. */
  readonly mostWatchesOfUser: number
  readonly mostConnections: number
  /** A watcher that takes nothing for this long is dropped. */
  readonly stalledMs: number
  /** Between two bookmarks of a watch, and two looks at whether its user may still have it. */
  readonly bookmarkMs: number
  /** The longest watch, or up to twice this: not all end together. */
  readonly watchMs: number
  /** A connection without a request. */
  readonly idleMs: number
  /** For a request to come in whole. */
  readonly requestMs: number
  /** For requests under way when the server ends. */
  readonly graceMs: number
  /** How many changes watches can be behind. */
  readonly mostChanges: number
  readonly mostHistoryBytes: number
}

export const LIMITS: Limits = {
  mostBodyBytes: 3 * 1024 * 1024,
  mostWatches: 5000,
  mostWatchesOfUser: 200,
  mostConnections: 10_000,
  stalledMs: 30_000,
  bookmarkMs: 60_000,
  watchMs: 1_800_000,
  idleMs: 120_000,
  requestMs: 60_000,
  graceMs: 5000,
  mostChanges: 10_000,
  mostHistoryBytes: 16 * 1024 * 1024,
}
