// What kinds an API serves, and lists of any of them, known to this program or not.
import type { Resource } from '../model/resources.ts'
import { isRecord, parseJson } from './answers.ts'
import { ApiError, type KubeApi } from './api.ts'
import { withParameters } from './paths.ts'
import { PAUSE_MS, type Patience, STARTING_MS } from './starting.ts'

export interface ServedKind {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}
/** Fields of an object that one manager has set. */
export interface Managed {
  readonly manager: string
  /** "" where it wrote the object itself. */
  readonly subresource: string
  /** FieldsV1: `f:name`, each with what is in it. */
  readonly fields: unknown
  /** When it last changed one of them. */
  readonly time: string | undefined
}
/** An object of whatever kind, with who wrote what of it. */
export interface Found extends Resource {
  readonly served: ServedKind
  readonly managed: readonly Managed[]
}
export interface Served {
  readonly kinds: readonly ServedKind[]
  /** Groups that did not answer, as those of an extension server that is down: `metrics.k8s.io/v1beta1: ...`. */
  readonly silent: readonly string[]
}

const AT_ONCE = 8
const PAGE = '500'

/** Every kind that can be listed, in the version that the server prefers. */
export async function servedKinds(api: KubeApi): Promise<Served> {
  const groups = parseJson(await api.raw('/apis'))
  const preferred = listOf(groups, 'groups').flatMap((group) => textOf(recordOf(group, 'preferredVersion'), 'groupVersion') ?? [])
  const silent: string[] = []
  const lists = await inTurns(['v1', ...preferred], async (apiVersion) => {
    try {
      return kindsOf(apiVersion, parseJson(await api.raw(rootOf(apiVersion))))
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === 0) throw error
      silent.push(`${apiVersion}: ${error.message}`)
      return []
    }
  })
  return { kinds: lists.flat(), silent }
}

/** Groups of every cluster: one without them has only not come to them. */
const EVERYWHERE = ['apps', 'rbac.authorization.k8s.io']

/** As servedKinds(), once the groups that every cluster has are among them. Throws an ApiError where they do not come: what is not served yet is not gone. */
export async function wholeKinds(api: KubeApi, { clock, signal }: Patience): Promise<Served> {
  const until = clock.now() + STARTING_MS
  for (;;) {
    const served = await servedKinds(api)
    const missing = EVERYWHERE.filter((group) => !served.kinds.some(({ apiVersion }) => apiVersion.startsWith(`${group}/`)))
    if (missing.length === 0) return served
    if (clock.now() >= until)
      throw new ApiError(
        503,
        'ServiceUnavailable',
        `it does not serve ${missing.join(' and ')}, which every cluster has; it may still be starting`,
      )
    await clock.sleep(PAUSE_MS, signal)
    signal?.throwIfAborted()
  }
}

const rootOf = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`)

const kindsOf = (apiVersion: string, answer: unknown): readonly ServedKind[] =>
  listOf(answer, 'resources').flatMap((item) => {
    const [kind, plural] = [textOf(item, 'kind'), textOf(item, 'name')]
    const isListed = isRecord(item) && Array.isArray(item.verbs) && item.verbs.includes('list') && item.verbs.includes('get')
    if (kind === undefined || plural === undefined || !isListed || plural.includes('/')) return []
    return [{ apiVersion, kind, plural, namespaced: item.namespaced === true }]
  })

export interface Selection {
  readonly namespace?: string
  /** As the API writes it, such as `app=web`. */
  readonly labelSelector?: string
}

/** All objects of a kind. A kind that is no longer served has none. */
export async function listFound(api: KubeApi, served: ServedKind, { namespace, labelSelector }: Selection = {}): Promise<readonly Found[]> {
  const scope = served.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const page = async (limit: string | undefined, next?: string): Promise<unknown> => {
    const path = withParameters(`${rootOf(served.apiVersion)}${scope}/${served.plural}`, { labelSelector, limit, continue: next })
    return parseJson(await api.raw(path).catch(absent))
  }
  const items: Found[] = []
  for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
    const got = await page(PAGE, next).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.code === 410)) throw error
      // The server has forgotten the version that the pages are of: all at once, then.
      items.length = 0
      return page(undefined)
    })
    items.push(...listOf(got, 'items').flatMap((item) => foundOf(served, item)))
    next = textOf(recordOf(got, 'metadata'), 'continue')
  }
  return items
}

function absent(error: unknown): string {
  // 405: a kind that is only asked for one object at a time, whatever discovery says.
  if (error instanceof ApiError && (error.code === 404 || error.code === 405)) return '{}'
  throw error
}

function foundOf(served: ServedKind, value: unknown): readonly Found[] {
  const metadata = recordOf(value, 'metadata')
  const name = textOf(metadata, 'name')
  if (!isRecord(value) || !isRecord(metadata) || name === undefined) return []
  const { managedFields, ...rest } = metadata
  const managed = (Array.isArray(managedFields) ? managedFields : []).map((entry: unknown) => ({
    manager: textOf(entry, 'manager') ?? '',
    subresource: textOf(entry, 'subresource') ?? '',
    fields: isRecord(entry) ? entry.fieldsV1 : undefined,
    time: textOf(entry, 'time'),
  }))
  return [{ ...value, apiVersion: served.apiVersion, kind: served.kind, metadata: { ...rest, name }, served, managed }]
}

/** The work on each item, a few at a time; results in the items' order. */
export async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) results[at] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
  return results
}

const recordOf = (value: unknown, key: string): unknown => (isRecord(value) ? value[key] : undefined)
const listOf = (value: unknown, key: string): readonly unknown[] => {
  const list = recordOf(value, key)
  return Array.isArray(list) ? list : []
}
const textOf = (value: unknown, key: string): string | undefined => {
  const text = recordOf(value, key)
  return typeof text === 'string' && text !== '' ? text : undefined
}
