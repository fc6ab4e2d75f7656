/** How long copies of clusters that have not published again are kept after the broker lost its data. */
export const KEEP_MS = 600_000
/** A loss counts for this long at least, even where nothing is missing: objects that are deleted one after the other do not all go at once. */
export const LEAST_MS = 10_000

export interface LossView {
  /** uid of our Cluster object on the broker as it was remembered; undefined: it was never there. */
  readonly remembered: string | undefined
  /** Its uid now; undefined: it is not there. */
  readonly clusterUid: string | undefined
  /** Whether the broker has an Endpoint of ours. */
  readonly hasEndpoint: boolean
  /** Whether the broker, heard since the loss was noticed, has every cluster that we have copies of: it lost nothing but ours. Default: false. */
  readonly isComplete?: boolean
  /** When the loss was first noticed, by this process or one before it. */
  readonly noticedAt: number | undefined
  readonly now: number
}
export interface Loss {
  readonly isLost: boolean
  readonly noticedAt: number | undefined
  /** The uid to remember from now on; undefined: as it was. */
  readonly remember: string | undefined
}

/** Whether the broker answers but has lost its data: it has had our objects and has them no more, or has had them made anew not long ago. */
export function judgeLoss({ remembered, clusterUid, hasEndpoint, isComplete = false, noticedAt, now }: LossView): Loss {
  if (remembered === undefined) return { isLost: false, noticedAt: undefined, remember: hasEndpoint ? clusterUid : undefined }
  const isBack = clusterUid !== undefined && hasEndpoint
  const isSame = isBack && clusterUid === remembered
  if (isSame && noticedAt === undefined) return { isLost: false, noticedAt: undefined, remember: undefined }
  // A time to come is of another clock.
  const since = Math.min(noticedAt ?? now, now)
  if (!isBack || now - since < (isComplete ? LEAST_MS : KEEP_MS)) return { isLost: true, noticedAt: since, remember: undefined }
  return { isLost: false, noticedAt: undefined, remember: isSame ? undefined : clusterUid }
}

/** The loss as an object remembers it, for the processes after this one: until when copies are kept, RFC 3339. */
export const keptUntil = (noticedAt: number | undefined): string | undefined =>
  noticedAt === undefined ? undefined : new Date(noticedAt + KEEP_MS).toISOString()

/** When the loss was noticed, from keptUntil(); undefined for any other text. */
export function noticedAtOf(until: string | undefined): number | undefined {
  const time = Date.parse(until ?? '')
  return Number.isNaN(time) ? undefined : time - KEEP_MS
}
