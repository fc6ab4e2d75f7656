// The ServiceImport of the broker that all who export a service share: what this cluster changes there. It is for upstream's agents; ours never ask it.
import { isSame } from '../../model/canonical.ts'
import { SERVICE_NAME, type ServiceImport, type ServiceImportSpec, SOURCE_NAMESPACE, TIMESTAMP_PREFIX } from '../../model/mcs.ts'
import type { Merged } from '../service/merge.ts'
import { isSameNumber } from '../service/ports.ts'
import { keyText, portOf, type ServiceKey, type Share, specOf, wirePort } from '../service/share.ts'
import { ownAnnotations, sharedImport } from './wire.ts'

/** One change of a shared object. It carries the version of what it was made from, where that is there. */
export interface SharedWrite {
  readonly object: ServiceImport
  /** `remove`: this cluster was the last one there. */
  readonly parts: 'all' | 'status' | 'rest' | 'remove'
}

/** The service that a shared object is of, as it says itself. */
export const identityOf = ({ metadata: { annotations } }: ServiceImport): string =>
  keyText({ namespace: annotations?.[SOURCE_NAMESPACE] ?? '', name: annotations?.[SERVICE_NAME] ?? '' })

/** Names of two services can be one on the broker; the object is the service's that its annotations name. */
export const isOf = (object: ServiceImport, key: ServiceKey): boolean => identityOf(object) === keyText(key)

export interface Joining {
  readonly share: Share
  readonly merged: Merged
  readonly brokerNamespace: string
}

/** What puts this cluster's export into the shared object; undefined where it is there. */
export function joining(existing: ServiceImport | undefined, { share, merged, brokerNamespace }: Joining): SharedWrite | undefined {
  const isOldest = merged.shares[0]?.cluster === share.cluster
  if (existing === undefined) {
    const made = sharedImport(share, brokerNamespace)
    return { object: { ...made, spec: sharedSpec(made.spec, { share, merged, isOldest }) }, parts: 'all' }
  }
  const clusters = existing.status?.clusters ?? []
  const isIn = clusters.some(({ cluster }) => cluster === share.cluster)
  const annotations = { ...existing.metadata.annotations, ...missing(existing, share) }
  const object: ServiceImport = {
    ...existing,
    metadata: { ...existing.metadata, annotations },
    spec: sharedSpec(existing.spec, { share, merged, isOldest }),
    status: isIn ? { ...existing.status, clusters } : { ...existing.status, clusters: [...clusters, { cluster: share.cluster }] },
  }
  const isSaid = isSame([annotations, object.spec], [existing.metadata.annotations, existing.spec])
  if (isIn) return isSaid ? undefined : { object, parts: 'rest' }
  return { object, parts: isSaid ? 'status' : 'all' }
}

/** Who was first said whether there is an address for the whole clusterset; only a timestamp is ours to correct. */
function missing({ metadata }: ServiceImport, share: Share): Record<string, string> {
  const time = `${TIMESTAMP_PREFIX}${share.cluster}`
  return Object.fromEntries(
    Object.entries(ownAnnotations(share)).filter(([key]) => key === time || metadata.annotations?.[key] === undefined),
  )
}

interface Voice {
  readonly share: Share
  readonly merged: Merged
  readonly isOldest: boolean
}
/** The oldest export says what the service is like; the others add ports that are missing. */
function sharedSpec(existing: ServiceImportSpec, { share, merged, isOldest }: Voice): ServiceImportSpec {
  if (isOldest) {
    const { ips } = existing
    return { ...specOf(merged), ...(ips !== undefined && { ips }) }
  }
  if (merged.type === 'Headless') return existing
  const there = existing.ports.map(portOf)
  const more = share.ports.filter((port) => !there.some((other) => other.name === port.name || isSameNumber(other, port)))
  return more.length === 0 ? existing : { ...existing, ports: [...existing.ports, ...more.map(wirePort)] }
}

/** What takes this cluster out of a shared object; undefined where it is not there. */
export function leaving(existing: ServiceImport, clusterId: string): SharedWrite | undefined {
  const time = `${TIMESTAMP_PREFIX}${clusterId}`
  const { annotations = {} } = existing.metadata
  const clusters = existing.status?.clusters ?? []
  const others = clusters.filter(({ cluster }) => cluster !== clusterId)
  const rest = Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== time))
  const isInStatus = others.length < clusters.length
  const isInRest = annotations[time] !== undefined
  if (!isInStatus && !isInRest) return undefined
  const isLast = others.length === 0 && !Object.keys(rest).some((key) => key.startsWith(TIMESTAMP_PREFIX))
  if (isLast) return { object: existing, parts: 'remove' }
  const object = { ...existing, metadata: { ...existing.metadata, annotations: rest }, status: { ...existing.status, clusters: others } }
  return { object, parts: isInStatus ? (isInRest ? 'all' : 'status') : 'rest' }
}
