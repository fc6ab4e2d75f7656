// What the leading agent says of its work: conditions of ServiceExports, and what metrics and probes see.

import type { ServiceText } from '../../discovery/copies/copies.ts'
import type { Plan } from '../../discovery/plan.ts'
import type { Reaches } from '../../discovery/reach.ts'
import type { Services } from '../../discovery/service/services.ts'
import { keyText } from '../../discovery/service/share.ts'
import { sayings, withConditions } from '../../discovery/up/conditions.ts'
import type { OwnExport } from '../../discovery/up/export.ts'
import type { UpPlan, Verdict } from '../../discovery/up/plan.ts'
import type { Refusal } from '../../model/decode.ts'
import type { DiscoverySeen, DiscoveryWorld } from './world.ts'

export interface Exported {
  readonly exports: readonly OwnExport[]
  readonly services: Services
  /** Undefined while nothing goes to the broker. */
  readonly up: UpPlan | undefined
  /** Why nothing ever will, as things are. */
  readonly obstacle: string | undefined
  /** Why nothing does now, such as a broker that has not been heard. */
  readonly trouble: string | undefined
}
/** What exports say of themselves now, where it is other than before. */
export function conditionsOf(world: DiscoveryWorld, { exports, services, up, obstacle, trouble }: Exported): readonly OwnExport['wish'][] {
  const waiting = (own: OwnExport): readonly Verdict[] => {
    const merged = own.share && services.get(keyText(own.share))
    if (own.invalid !== undefined) return [{ own, merged, state: 'invalid', note: '' }]
    // While the broker has not been heard nothing new can be said of a valid one, but that it waits where nothing has been said yet.
    const isNew = own.wish.status?.conditions?.some(({ type }) => type === 'Ready') !== true
    const note = obstacle ?? (isNew ? trouble : undefined)
    return note === undefined ? [] : [{ own, merged, state: 'pending', note }]
  }
  const verdicts = up?.verdicts ?? exports.flatMap(waiting)
  return verdicts.flatMap((verdict) => withConditions(verdict.own.wish, sayings(verdict), world.clock.now()) ?? [])
}

/** What has become of the export of a service, or is refused of it. */
export interface Fate {
  readonly state: Verdict['state'] | undefined
  readonly refused: readonly Refusal[]
}
/** The fates of all services, by service: only of those that have one. */
export interface Tally {
  set(service: ServiceText, fate: Fate): void
  states(): Readonly<Record<Verdict['state'], number>>
  refused(): readonly Refusal[]
}

export function openTally(): Tally {
  const states = new Map<ServiceText, Verdict['state']>()
  const refusals = new Map<ServiceText, readonly Refusal[]>()
  const counts = { exported: 0, pending: 0, unusable: 0, rejected: 0, invalid: 0 }
  return {
    set(service, { state, refused }) {
      const before = states.get(service)
      if (before !== undefined) counts[before] -= 1
      if (state === undefined) states.delete(service)
      else {
        counts[state] += 1
        states.set(service, state)
      }
      if (refused.length === 0) refusals.delete(service)
      else refusals.set(service, refused)
    },
    states: () => ({ ...counts }),
    refused: () => [...refusals.values()].flat(),
  }
}

/** What has become of each of the services. */
export function fatesOf({ exports, up, down, refused }: Plan, services: readonly ServiceText[]): readonly (readonly [ServiceText, Fate])[] {
  const states = new Map(
    up === undefined
      ? exports.map((own) => [textOf(own), own.invalid === undefined ? ('pending' as const) : ('invalid' as const)])
      : up.verdicts.map(({ own, state }) => [textOf(own), state]),
  )
  // Of several that are planned together the first stands for what is refused of them.
  const all = [...refused, ...down.refused]
  return services.map((service, i) => [service, { state: states.get(service), refused: i === 0 ? all : [] }] as const)
}
const textOf = ({ wish }: OwnExport): ServiceText => keyText({ namespace: '', ...wish.metadata })

export interface Outcome {
  readonly trouble: string | undefined
  readonly passes: number
  readonly looks: number
  readonly imports: number
  readonly reaches: Reaches
  readonly tally: Tally
  readonly refused: number
}
export const seenOf = ({ trouble, passes, looks, imports, reaches, tally, refused }: Outcome): DiscoverySeen => ({
  isLeading: true,
  trouble,
  passes,
  looks,
  exports: tally.states(),
  imports,
  refused,
  reachable: new Map([...reaches].map(([id, { isReachable }]) => [id, isReachable])),
})
