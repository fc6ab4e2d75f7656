// What the leading agent says of its work: conditions of ServiceExports, and what metrics and probes see.
import { sayings, withConditions } from '../../discovery/conditions.ts'
import type { DownPlan } from '../../discovery/down.ts'
import type { OwnExport } from '../../discovery/export.ts'
import type { Reaches } from '../../discovery/reach.ts'
import type { Services } from '../../discovery/services.ts'
import { keyText } from '../../discovery/share.ts'
import type { UpPlan, Verdict } from '../../discovery/up.ts'
import type { DiscoverySeen, DiscoveryWorld } from './world.ts'

export interface Exported {
  readonly exports: readonly OwnExport[]
  readonly services: Services
  /** Undefined while nothing goes to the broker. */
  readonly up: UpPlan | undefined
  /** Why nothing ever will, as things are. */
  readonly obstacle: string | undefined
}
/** What exports say of themselves now, where it is other than before. */
export function conditionsOf(world: DiscoveryWorld, { exports, services, up, obstacle }: Exported): readonly OwnExport['wish'][] {
  const waiting = (own: OwnExport): readonly Verdict[] => {
    const merged = own.share && services.get(keyText(own.share))
    if (own.invalid !== undefined) return [{ own, merged, state: 'invalid', note: '' }]
    // While the broker has not been heard nothing new can be said of a valid one.
    return obstacle === undefined ? [] : [{ own, merged, state: 'pending', note: obstacle }]
  }
  const verdicts = up?.verdicts ?? exports.flatMap(waiting)
  return verdicts.flatMap((verdict) => withConditions(verdict.own.wish, sayings(verdict), world.clock.now()) ?? [])
}

export interface Outcome {
  readonly trouble: string | undefined
  readonly passes: number
  readonly imports: number
  readonly reaches: Reaches
  readonly up?: UpPlan | undefined
  readonly down?: DownPlan
  readonly exports?: readonly OwnExport[]
}
export function seenOf({ trouble, passes, imports, reaches, up, down, exports = [] }: Outcome): DiscoverySeen {
  const states = up?.verdicts.map(({ state }) => state) ?? exports.map(({ invalid }) => (invalid === undefined ? 'pending' : 'invalid'))
  return {
    isLeading: true,
    trouble,
    passes,
    exports: Object.fromEntries(
      ['exported', 'pending', 'rejected', 'invalid'].map((state) => [state, states.filter((one) => one === state).length]),
    ),
    imports,
    refused: down?.refused.length ?? 0,
    reachable: new Map([...reaches].map(([id, { isReachable }]) => [id, isReachable])),
  }
}
