// What goes up to the broker, as a function of this cluster's exports and of what is there. Only what carries this cluster's id is changed or removed.
import { isSame } from '../../model/canonical.ts'
import { type Diff, diffBy } from '../../model/diff.ts'
import type { EndpointSlice, ServiceImport } from '../../model/mcs.ts'
import { CLUSTER_LABEL } from '../../model/names.ts'
import { type BrokerObjects, isOfCluster } from '../down/read.ts'
import type { Merged } from '../service/merge.ts'
import type { Services } from '../service/services.ts'
import { keyText, older, type Share } from '../service/share.ts'
import type { OwnExport } from './export.ts'
import { identityOf, isOf, joining, leaving, type SharedWrite } from './shared.ts'
import { clusterImport, sharedName, type Writer, wireSlices } from './wire.ts'

export interface UpView {
  readonly clusterId: string
  readonly brokerNamespace: string
  readonly exports: readonly OwnExport[]
  readonly services: Services
  readonly broker: BrokerObjects
}

/** In the order in which it is to be written: who exports a service stands in the shared object before the first backend comes and after the last one went. */
export interface UpPlan {
  readonly imports: Diff<ServiceImport>
  readonly joins: readonly SharedWrite[]
  readonly slices: Diff<EndpointSlice>
  readonly leaves: readonly SharedWrite[]
  readonly verdicts: readonly Verdict[]
}

/** What has become of one export. */
export interface Verdict {
  readonly own: OwnExport
  /** The service with all its exporters; undefined where the export is not valid. */
  readonly merged: Merged | undefined
  /** `rejected`: an older export is of the other type. `pending`: the broker has not all of it yet. `unusable`: it has, and no other cluster takes any of it. */
  readonly state: 'invalid' | 'rejected' | 'pending' | 'unusable' | 'exported'
  /** What else there is to say. */
  readonly note: string
}

interface Entry {
  readonly own: OwnExport
  readonly share: Share
  readonly merged: Merged
  readonly isAccepted: boolean
}

/** Whether nothing is to be written. */
export const isEmptyUp = ({ imports, joins, slices, leaves }: UpPlan): boolean =>
  [imports.put, imports.drop, joins, slices.put, slices.drop, leaves].every((list) => list.length === 0)

/** Of all services, or of some with all that belongs to them. */
export function planUp(view: UpView): UpPlan {
  const entries = view.exports.flatMap((own) => entryOf(view, own))
  const isOwn = (object: ServiceImport | EndpointSlice): boolean => isOfCluster(view.clusterId, object)
  const wanted = new Map(entries.map((entry) => [entry, wireOf(entry, writerOf(view, entry))]))
  const imports = changes(
    view.broker.imports.filter(isOwn),
    [...wanted.values()].map(({ own }) => own),
  )
  const slices = changes(
    view.broker.slices.filter(isOwn),
    [...wanted.values()].flatMap((wire) => wire.slices),
  )
  const shared = planShared(view, entries)
  const changed = new Set([...imports.put, ...slices.put].map(nameOf))
  const isPending = (entry: Entry): boolean => {
    const wire = wanted.get(entry)
    return shared.pending.has(entry) || (wire !== undefined && [wire.own, ...wire.slices].some((object) => changed.has(nameOf(object))))
  }
  const judged = new Map(entries.map((entry) => [entry.own, verdictOf(entry, isPending(entry), shared.taken.get(entry))]))
  const verdicts = view.exports.map((own) => judged.get(own) ?? ({ own, merged: undefined, state: 'invalid', note: '' } as const))
  return { imports, slices, joins: shared.joins, leaves: shared.leaves, verdicts }
}

const writerOf = ({ brokerNamespace }: UpView, { own, share }: Entry): Writer => ({
  brokerNamespace,
  salt: own.wish.metadata.uid ?? keyText(share),
})
const nameOf = ({ kind, metadata }: ServiceImport | EndpointSlice): string => `${kind} ${metadata.name}`
const byAge = (a: Entry, b: Entry): number => older(a.share, b.share) || (keyText(a.share) < keyText(b.share) ? -1 : 1)

function entryOf({ services }: UpView, own: OwnExport): readonly Entry[] {
  const { share } = own
  const merged = share && services.get(keyText(share))
  return share === undefined || merged === undefined ? [] : [{ own, share, merged, isAccepted: merged.type === share.type }]
}

interface Wire {
  readonly own: ServiceImport
  readonly slices: readonly EndpointSlice[]
}
/** The objects of an export on the broker; without backends where it takes no part. */
const wireOf = ({ share, isAccepted }: Entry, writer: Writer): Wire => ({
  own: clusterImport(share, writer),
  slices: isAccepted ? wireSlices(share, writer) : [],
})

function verdictOf({ own, merged, isAccepted }: Entry, isPending: boolean, takenBy: string | undefined): Verdict {
  if (!isAccepted) return { own, merged, state: 'rejected', note: '' }
  const note =
    takenBy === undefined ? '' : `clusters with upstream's Lighthouse do not see it: its name on the broker is that of ${takenBy}`
  return { own, merged, state: isPending ? 'pending' : own.outside?.isAll === true ? 'unusable' : 'exported', note }
}

interface SharedPlan {
  readonly joins: readonly SharedWrite[]
  readonly leaves: readonly SharedWrite[]
  readonly pending: ReadonlySet<Entry>
  /** Entries whose shared name another service has, and which. */
  readonly taken: ReadonlyMap<Entry, string>
}

/** Two services of one name on the broker are never merged: who was there has it. */
function planShared({ clusterId, brokerNamespace, broker }: UpView, entries: readonly Entry[]): SharedPlan {
  const there = new Map(broker.imports.filter(isShared).map((object) => [object.metadata.name, object]))
  const joins: SharedWrite[] = []
  const pending = new Set<Entry>()
  const taken = new Map<Entry, string>()
  const accepted = entries.filter(({ isAccepted }) => isAccepted)
  for (const [name, claimants] of Map.groupBy(accepted, ({ share }) => sharedName(share))) {
    const existing = there.get(name)
    const holder = holderOf(existing, claimants)
    for (const entry of claimants)
      if (entry !== holder)
        taken.set(entry, existing === undefined && holder !== undefined ? keyText(holder.share) : identityShown(existing))
    if (holder === undefined) continue
    const { share, merged } = holder
    const write = joining(existing, { share, merged, brokerNamespace })
    if (write === undefined) continue
    joins.push(write)
    pending.add(holder)
  }
  const wanted = new Set(accepted.map(({ share }) => keyText(share)))
  const leaves = [...there.values()].flatMap((object) => (wanted.has(identityOf(object)) ? [] : (leaving(object, clusterId) ?? [])))
  return { joins, leaves, pending, taken }
}

const isShared = ({ metadata }: ServiceImport): boolean => metadata.labels?.[CLUSTER_LABEL] === undefined
/** The one whose object it is or, where there is none yet, the oldest. */
const holderOf = (existing: ServiceImport | undefined, claimants: readonly Entry[]): Entry | undefined =>
  existing === undefined ? [...claimants].sort(byAge)[0] : claimants.find(({ share }) => isOf(existing, share))
const identityShown = (object: ServiceImport | undefined): string =>
  JSON.stringify(object === undefined ? '' : identityOf(object).slice(0, 130))

/** What differs is put over what is there; what is there and is not wanted is dropped. */
export function changes<T extends ServiceImport | EndpointSlice>(there: readonly T[], wanted: readonly T[]): Diff<T> {
  const actual = new Map(there.map((object) => [object.metadata.name, object]))
  const { put, drop } = diffBy(there, wanted, ({ metadata }) => metadata.name, isSaid)
  return { put: put.map((object) => over(actual.get(object.metadata.name), object)), drop }
}

const isSaid = <T extends ServiceImport | EndpointSlice>(there: T, wanted: T): boolean => isSame(content(there), content(wanted))
/** What of an object is ours to say. */
function content(object: ServiceImport | EndpointSlice): readonly unknown[] {
  const { labels = {}, annotations = {}, ownerReferences = [] } = object.metadata
  const rest = 'addressType' in object ? [object.addressType, object.endpoints ?? [], object.ports ?? []] : [object.spec]
  return [labels, annotations, ownerReferences, ...rest]
}

/** The object with the identity, and the status, of the one that it replaces. */
export const over = <T extends ServiceImport | EndpointSlice>(old: T | undefined, object: T): T =>
  old === undefined ? object : { ...old, ...object, metadata: { ...old.metadata, ...object.metadata } }
