// What a plan of what to copy has to look at: among many clusters that are in step on both sides only those that have changed since.
import { labelOf, type Shared, type SyncPlan } from './sync.ts'

/** Clusters and Endpoints of this cluster's API and of the broker's. */
export interface Sides {
  readonly local: readonly Shared[]
  readonly broker: readonly Shared[]
}
export interface Narrowing {
  /** The sides without what the last plan had nothing to do for and nobody has touched since: a plan for what is left is the plan for all. */
  narrow(sides: Sides): Sides
  /** What was planned for these sides, whole or narrowed; undefined where no later plan can go on from it. */
  found(sides: Sides, plan: SyncPlan | undefined): void
}

/** With more clusters than this that have changed, looking at all of them costs no more. */
const MOST = 8

export function openNarrowing(clusterId: string): Narrowing {
  /** As they were last, and the clusters for which there was something to do. */
  let last: { readonly sides: Sides; readonly open: ReadonlySet<string> } | undefined
  return {
    narrow(sides) {
      const changed = last && changedIn(last.sides, sides)
      if (last === undefined || changed === undefined) return sides
      const ids = new Set([...last.open, ...changed.flatMap(idsOf)])
      return ids.size > MOST ? sides : partOf(sides, ids.add(clusterId))
    },
    found(sides, plan) {
      // Who is refused may be let in by what another one does.
      const isClear = plan !== undefined && plan.refused.length === 0 && plan.duplicate === undefined
      last = isClear ? { sides, open: new Set(openIn(plan).flatMap(idsOf)) } : undefined
    },
  }
}

const openIn = ({ up, down }: SyncPlan): readonly Shared[] => [...up.put, ...up.drop, ...down.put, ...down.drop]

/** The clusters that an object has to do with: by its label, by what it says. */
const idsOf = (object: Shared): readonly string[] => [labelOf(object), object.spec?.cluster_id].filter((id) => id !== undefined)

/** What was there and is not any more, and what has come in its place; undefined where objects have come or gone. */
function changedIn(before: Sides, after: Sides): readonly Shared[] | undefined {
  const pairs = [
    [before.local, after.local],
    [before.broker, after.broker],
  ] as const
  if (pairs.some(([a, b]) => a.length !== b.length)) return undefined
  return pairs.flatMap(([a, b]) => b.flatMap((object, i) => (object === a[i] ? [] : [object, a[i] ?? object])))
}

/** All that has to do with these clusters or with none, and what has a name of theirs: names are how the two sides are compared. */
function partOf({ local, broker }: Sides, ids: ReadonlySet<string>): Sides {
  const isOf = (object: Shared): boolean => {
    const label = labelOf(object)
    return label === undefined || ids.has(label) || ids.has(object.spec?.cluster_id)
  }
  const names = new Set([...local.filter(isOf), ...broker.filter(isOf)].map(({ metadata }) => metadata.name))
  const isMeant = (object: Shared): boolean => names.has(object.metadata.name)
  return { local: local.filter(isMeant), broker: broker.filter(isMeant) }
}
