// What an API holds, as digests by name: before and after, to see what uninstalling changed.
import type { KubeApi } from '../../k8s/api.ts'
import { type Found, inTurns, listFound, type Managed, servedKinds } from '../../k8s/discover.ts'
import { canonical } from '../../model/canonical.ts'
import { FIELD_MANAGER } from '../../model/names.ts'
import { sha256 } from '../../system/digest.ts'
import { at, isRecord } from '../tree.ts'
import { isMarked } from './mark.ts'

/** Digests of objects by `Kind namespace/name (apiVersion)`; no content is kept. */
export interface ApiDump {
  readonly ours: ReadonlyMap<string, string>
  readonly others: ReadonlyMap<string, string>
  /** Kinds that could not be listed, and why. */
  readonly unread: readonly string[]
}

/** They change by themselves all the time. */
const RESTLESS = ['Event', 'PodMetrics', 'NodeMetrics', 'ComponentStatus']
/** Of these it matters that they are there. */
const BEATING = ['Lease', 'Endpoints', 'EndpointSlice']

export async function dumpApi(api: KubeApi, isOurs: (object: Found) => boolean): Promise<ApiDump> {
  const { kinds, silent } = await servedKinds(api)
  const unread = [...silent]
  const ours = new Map<string, string>()
  const others = new Map<string, string>()
  await inTurns(
    kinds.filter(({ kind }) => !RESTLESS.includes(kind)),
    async (kind) => {
      const objects = await listFound(api, kind).catch((error: unknown) => {
        unread.push(`${kind.plural} (${kind.apiVersion}): ${String(error)}`)
        return []
      })
      for (const object of objects) {
        // The server makes one for each group of a CRD.
        if (kind.kind === 'APIService' && object.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'] !== undefined) continue
        const whose = isOurs(object) ? ours : others
        whose.set(keyOf(object), BEATING.includes(kind.kind) ? '' : digestOf(object))
      }
    },
  )
  return { ours, others, unread }
}

export const keyOf = ({ kind, apiVersion, metadata }: Pick<Found, 'kind' | 'apiVersion' | 'metadata'>): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name} (${apiVersion})`

/** Of what others have written: without what the server keeps count of, and without the labels and annotations that are ours alone. The labels by themselves, then the rest. */
function digestOf(object: Found): string {
  const { served: _, managed, metadata, ...rest } = object
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = metadata
  const meta = { name, namespace, finalizers, ownerReferences, annotations: withoutOurs(annotations, managed, 'f:annotations', false) }
  const labelsOfOthers = withoutOurs(labels, managed, 'f:labels', isMarked(metadata))
  return `${sha256(canonical(labelsOfOthers))} ${sha256(canonical({ ...rest, status: undefined, metadata: meta }))}`
}

/** The part of a digest that stands for the labels. */
export const labelsIn = (digest: string | undefined): string | undefined => digest?.split(' ')[0]

function withoutOurs(
  values: Readonly<Record<string, string>> | undefined,
  managed: readonly Managed[],
  field: string,
  hasMark: boolean,
): Readonly<Record<string, string>> {
  const isOursAlone = (key: string): boolean => {
    const owners = managed.filter(({ fields }) => at(fields, 'f:metadata', field, `f:${key}`) !== undefined)
    return owners.length > 0 && owners.every(({ manager }) => manager === FIELD_MANAGER)
  }
  const isMark = (key: string): boolean => hasMark && /^app\.kubernetes\.io\/(part-of|managed-by)$/.test(key)
  return Object.fromEntries(Object.entries(isRecord(values) ? values : {}).filter(([key]) => !isOursAlone(key) && !isMark(key))) as Record<
    string,
    string
  >
}
