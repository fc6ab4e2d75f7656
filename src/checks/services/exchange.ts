// What one cluster exports and imports, read once and kept small: there may be thousands.
import { ApiError, type KubeApi, type Listed } from '../../k8s/api.ts'
import {
  type Condition,
  type EndpointSlice,
  IMPORTED,
  IMPORTED_IN_PART,
  SERVICE_NAME,
  type ServiceExport,
  type ServiceImport,
  SOURCE_CLUSTER,
} from '../../model/mcs.ts'
import { isBrokersImport, isBrokersSlice } from '../../model/mcs-place.ts'
import { VERIFY_LABEL } from '../../model/names.ts'

export interface Exported {
  /** `namespace/name`. */
  readonly key: string
  readonly conditions: readonly Condition[]
}
export interface Imported {
  readonly key: string
  /** Ids of the clusters that are said to export it. */
  readonly clusters: readonly string[]
  /** What this cluster leaves out of it, and why; undefined where it takes all. */
  readonly leftOut: string | undefined
}
/** The part of an import that is of one cluster. */
export interface Behind {
  readonly key: string
  readonly cluster: string
  /** Whether one of its backends takes traffic. */
  readonly isReady: boolean
}
/** Of the services of users: those of namespaces of verify are left out. */
export interface Exchange {
  readonly exports: readonly Exported[]
  readonly imports: readonly Imported[]
  /** Of ServiceImports that are not ours: the agent leaves them alone, and imports nothing of that name. */
  readonly strangers: ReadonlySet<string>
  readonly behind: readonly Behind[]
  readonly namespaces: ReadonlySet<string>
}

/** What is in the way of an import. */
export const STRANGER = 'a ServiceImport of that name is there, and is not ours'
export const isStranger = ({ metadata }: ServiceImport): boolean => metadata.labels?.[IMPORTED] === undefined

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
        ...{ key: keyOf(one), clusters: (one.status?.clusters ?? []).map(({ cluster }) => cluster), leftOut: leftOutOf(one) },
        isShared: isBrokersImport(one.metadata),
        isStranger: isStranger(one),
      })),
    ),
    api.listOf('EndpointSlice', { labels: { [SERVICE_NAME]: '', [SOURCE_CLUSTER]: '' } }, behindOf),
    api.listOf('Namespace', {}, (one) => ({
      name: one.metadata.name,
      isGoing: isGoing(one),
      isOfVerify: one.metadata.labels?.[VERIFY_LABEL] !== undefined,
    })),
  ])
  // What a run of verify has exported for a moment is judged by that run.
  const ofVerify = new Set(namespaces.items.filter(({ isOfVerify }) => isOfVerify).map(({ name }) => name))
  const isUsers = ({ key }: { readonly key: string }): boolean => !ofVerify.has(key.split('/')[0] ?? '')
  return {
    exports: exports.filter((one) => !one.isGoing && isUsers(one)),
    imports: imports.filter((one) => !one.isShared && !one.isStranger && isUsers(one)),
    strangers: new Set(imports.filter((one) => !one.isShared && one.isStranger).map(({ key }) => key)),
    behind: behind.items.filter((one) => !one.isShared && isUsers(one)),
    namespaces: new Set(namespaces.items.filter(({ name, isGoing }) => !isGoing && !ofVerify.has(name)).map(({ name }) => name)),
  }
}

const isGoing = ({ metadata }: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean =>
  metadata.deletionTimestamp !== undefined

function leftOutOf({ status }: ServiceImport): string | undefined {
  const ready = conditionOf(status?.conditions ?? [], 'Ready')
  return ready?.reason === IMPORTED_IN_PART ? ready.message : undefined
}

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
