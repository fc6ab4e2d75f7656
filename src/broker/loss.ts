/** How long copies of clusters that have not published again are kept after the broker lost its data. */
export const KEEP_MS = 600_000

export interface LossView {
  /** uid of our Cluster object on the broker as it was remembered; undefined: it was never there. */
  readonly remembered: string | undefined
  /** Its uid now; undefined: it is not there. */
  readonly clusterUid: string | undefined
  /** Whether the broker has an Endpoint of ours. */
  readonly hasEndpoint: boolean
  /** When the loss was first noticed. */
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
export function judgeLoss({ remembered, clusterUid, hasEndpoint, noticedAt, now }: LossView): Loss {
  if (remembered === undefined) return { isLost: false, noticedAt: undefined, remember: hasEndpoint ? clusterUid : undefined }
  const isBack = clusterUid !== undefined && hasEndpoint
  const isSame = isBack && clusterUid === remembered
  if (isSame && noticedAt === undefined) return { isLost: false, noticedAt: undefined, remember: undefined }
  const since = noticedAt ?? now
  if (!isBack || now - since < KEEP_MS) return { isLost: true, noticedAt: since, remember: undefined }
  return { isLost: false, noticedAt: undefined, remember: isSame ? undefined : clusterUid }
}
