// What one cluster exports and imports, read once and kept small: there may be thousands.
import { ApiError, type KubeApi, type Listed } from '../../k8s/api.ts'
import {
  type Condition,
  type EndpointSlice,
  SERVICE_NAME,
  type ServiceExport,
  type ServiceImport,
  SOURCE_CLUSTER,
} from '../../model/mcs.ts'
import { isBrokersImport, isBrokersSlice } from '../../model/mcs-place.ts'

export interface Exported {
  /** `namespace/name`. */
  readonly key: string
  readonly conditions: readonly Condition[]
}
export interface Imported {
  readonly key: string
  /** Ids of the clusters that are said to export it. */
  readonly clusters: readonly string[]
}
/** The part of an import that is of one cluster. */
export interface Behind {
  readonly key: string
  readonly cluster: string
  /** Whether one of its backends takes traffic. */
  readonly isReady: boolean
}
export interface Exchange {
  readonly exports: readonly Exported[]
  readonly imports: readonly Imported[]
  readonly behind: readonly Behind[]
  readonly namespaces: ReadonlySet<string>
}

const keyOf = ({ metadata }: ServiceExport | ServiceImport): string => `${metadata.namespace}/${metadata.name}`

export async function readExchange(api: KubeApi): Promise<Exchange> {
  const [exports, imports, behind, namespaces] = await Promise.all([
    orNone(
      api.listOf('ServiceExport', {}, (one) => ({
        ...{ key: keyOf(one), conditions: one.status?.conditions ?? [] },
        isGoing: isGoing(one),
      })),
    ),
    orNone(
      api.listOf('ServiceImport', {}, (one) => ({
        ...{ key: keyOf(one), clusters: (one.status?.clusters ?? []).map(({ cluster }) => cluster) },
        isShared: isBrokersImport(one.metadata),
      })),
    ),
    api.listOf('EndpointSlice', { labels: { [SERVICE_NAME]: '', [SOURCE_CLUSTER]: '' } }, behindOf),
    api.listOf('Namespace', {}, (one) => ({ name: one.metadata.name, isGoing: isGoing(one) })),
  ])
  return {
    exports: exports.filter(({ isGoing }) => !isGoing),
    imports: imports.filter(({ isShared }) => !isShared),
    behind: behind.items.filter(({ isShared }) => !isShared),
    namespaces: new Set(namespaces.items.filter(({ isGoing }) => !isGoing).map(({ name }) => name)),
  }
}

const isGoing = ({ metadata }: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean =>
  metadata.deletionTimestamp !== undefined

const behindOf = ({ metadata, endpoints }: EndpointSlice): Behind & { readonly isShared: boolean } => ({
  isShared: isBrokersSlice(metadata),
  key: `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME]}`,
  cluster: metadata.labels?.[SOURCE_CLUSTER] ?? '',
  isReady: (endpoints ?? []).some(({ conditions }) => conditions?.ready ?? true),
})

/** A kind that is not served has no objects. */
async function orNone<T>(listed: Promise<Listed<T>>): Promise<readonly T[]> {
  try {
    return (await listed).items
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return []
    throw error
  }
}

export const conditionOf = (conditions: readonly Condition[], type: string): Condition | undefined =>
  conditions.find((one) => one.type === type)
export const isExported = ({ conditions }: Exported): boolean => conditionOf(conditions, 'Ready')?.status === 'True'
