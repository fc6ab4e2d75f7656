// What a ServiceImport says of itself: of which clusters it is, and whether it can be used here, in words for people.
import { isSame } from '../../model/canonical.ts'
import { type EndpointSlice, IMPORTED_IN_PART, type ServiceImport, type ServiceImportSpec } from '../../model/mcs.ts'
import type { Merged } from '../service/merge.ts'
import { keyText } from '../service/share.ts'
import { renewed, type Say } from '../up/conditions.ts'
import { clusterOf, type LeftOut } from './slices.ts'

interface StatusView {
  hindrance?(service: string): string | undefined
  readonly nowMs: number
}
interface StatusPlace {
  readonly import: ServiceImport | undefined
  readonly slices: readonly EndpointSlice[]
}
interface Exporters {
  readonly merged: Merged
  readonly slices: readonly EndpointSlice[]
  readonly kept: readonly EndpointSlice[]
  readonly leftOut: readonly LeftOut[]
  /** Whether a backend of this cluster's own is ready. */
  readonly hasPods: boolean
}
/** The import with its status, where that is to be written. */
export function statusOf(view: StatusView, wanted: ServiceImport, place: StatusPlace, behind: Exporters): readonly ServiceImport[] {
  const there = place.import
  const { merged, slices, kept } = behind
  const hindrance = view.hindrance?.(keyText(merged))
  const known = new Set(place.slices.map(({ metadata }) => metadata.name))
  const isMissing = slices.some(({ metadata }) => !known.has(metadata.name))
  // What is about to be written is told of when it is there.
  if (there === undefined || (isMissing && hindrance === undefined)) return []
  const exporters = merged.shares.filter(({ type }) => type === wanted.spec.type).map(({ cluster }) => cluster)
  const clusters = [...new Set([...exporters, ...kept.map(clusterOf)])].sort().map((cluster) => ({ cluster }))
  const old = there.status?.conditions ?? []
  const ready = renewed(
    old.find(({ type }) => type === 'Ready'),
    readySaying(wanted.spec, behind, { isMissing, hindrance }),
    { nowMs: view.nowMs, generation: undefined },
  )
  const status = { clusters, conditions: [...old.filter(({ type }) => type !== 'Ready'), ready], endpointSliceObjects: 'Present' as const }
  return isSame(status, there.status) ? [] : [{ ...there, status }]
}

const USABLE = 'the service can be used in this cluster'
const NODE_LOCAL = 'internalTrafficPolicy is Local, so that a node uses its own backends alone'

interface Written {
  /** Whether EndpointSlices are not there that should be. */
  readonly isMissing: boolean
  readonly hindrance: string | undefined
}
function readySaying(
  { type, ips = [] }: ServiceImportSpec,
  { merged, leftOut, hasPods }: Exporters,
  { isMissing, hindrance }: Written,
): Say {
  const no = (reason: string, message: string): Say => ({ type: 'Ready', status: 'False', reason, message })
  const why = hindrance === undefined ? [] : [hindrance]
  if (type === 'ClusterSetIP' && ips.length === 0)
    return no('Pending', [`the service has no address in this cluster${hindrance === undefined ? ' yet' : ''}`, ...why].join(': '))
  if (isMissing) return no('Pending', ['its backends could not be written in this cluster', ...why].join(': '))
  const usable = usableSaying(leftOut)
  if (type !== 'ClusterSetIP' || merged.internalTrafficPolicy !== 'Local') return usable
  return hasPods
    ? { ...usable, message: `${usable.message}; ${NODE_LOCAL}` }
    : no('NodeLocal', `${NODE_LOCAL}, and this cluster has none that is ready`)
}

/** Clusters that a condition names. */
const MOST_NAMED = 5

/** That a part of what other clusters say is not taken is told with the reason, for whoever looks after the service here or there. */
function usableSaying(leftOut: readonly LeftOut[]): Say {
  if (leftOut.length === 0) return { type: 'Ready', status: 'True', reason: 'Ready', message: USABLE }
  const texts = leftOut
    .toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
    .slice(0, MOST_NAMED)
    .map(
      ({ cluster, addresses, reason }) => `${addresses === 1 ? '1 address' : `${addresses} addresses`} of ${cluster} left out: ${reason}`,
    )
  const more = leftOut.length > texts.length ? [`and of ${leftOut.length - texts.length} more clusters`] : []
  return { type: 'Ready', status: 'True', reason: IMPORTED_IN_PART, message: [USABLE, ...texts, ...more].join('; ') }
}
