/** Who answers names of the clusterset in a cluster, by what its settings ask for and by what its DNS is. */
export interface NamesSetup {
  /** `multicluster`: the cluster's CoreDNS by itself; `own`: `subctl dns` behind the cluster's DNS; `none`: nobody of ours. */
  readonly mode: 'multicluster' | 'own' | 'none'
  /** Why this one, for people. */
  readonly why: string
  /** What a join would change in the cluster's DNS; none where it is as it should be. */
  readonly changes: readonly string[]
  /** What is left to a person, or may be undone by another program. */
  readonly notes: readonly string[]
  /** Why a person has to make the changes, such as that Helm leaves the cluster's DNS alone; undefined where a join makes them. */
  readonly byHand?: string
}
