// A Kubernetes API in memory, for tests with a hand-turned clock. Objects, versions, watches and conflicts are as a real server has them
// (test/k8s/contract.ts runs on it); apply is create-or-merge without field ownership; there are no schemas, rights or finalizers.
import { randomUUID } from 'node:crypto'
import { ApiError, ConflictError, type KubeApi, type Query, type WatchEvent, type WriteOptions } from '../../src/k8s/api.ts'
import { apiVersionOf, KINDS, type Kind, kindOf, type Of } from '../../src/model/kinds.ts'
import type { Resource } from '../../src/model/resources.ts'
import type { Clock } from '../../src/system/clock.ts'

/** `refused`: calls fail at once. `silent`: nothing comes through either way, calls run into their time limit. Both break no promise of the other clients. */
export type Link = 'up' | 'refused' | 'silent'

export interface FakeApi extends KubeApi {
  link: Link
  /** Time from a call to its answer. */
  delayMs: number
  /** Time from a change to its event. */
  eventDelayMs: number
  /** The next calls that the test picks fail with the error. */
  failNext(error: Error, when?: (call: string) => boolean, times?: number): void
  /** Calls so far, such as `replace Lease submariner/lock`. */
  readonly calls: string[]
}

export interface FakeCluster {
  /** A client of its own: its link can be cut without the others'. */
  api(name?: string): FakeApi
  /** Puts an object past all checks, garbage too; the kind says where. */
  put(object: Resource, kind?: Kind): void
  drop(kind: Kind, name: string, namespace?: string): void
  /** What a path outside the kinds answers, such as a pod's log; parameters are cut off. */
  answer(path: string, text: string): void
  objects<K extends Kind>(kind: K): readonly Of<K>[]
  /** Versions before now are forgotten: watches from them get 410. */
  compact(): void
  /** Ends all watches, as a server that restarts does. */
  restart(): void
  /** Restarts with empty data and versions from the beginning. */
  wipe(): void
}

interface Change {
  readonly version: number
  readonly kind: Kind
  readonly type: 'put' | 'gone'
  readonly object: Resource
  /** What the object was before, for selections that it has left. */
  readonly before: Resource | undefined
}
interface State {
  version: number
  compacted: number
  objects: Map<string, Resource>
  changes: Change[]
  watchers: Set<Watcher>
  readonly answers: Map<string, string>
  /** The time of day as objects have it. */
  readonly now: () => string
}
interface Watcher {
  readonly wake: () => void
  readonly end: () => void
}

const keyOf = (kind: Kind, name: string, namespace?: string): string => `${kind} ${KINDS[kind].namespaced ? (namespace ?? '') : ''}/${name}`
const clone = <T>(value: T): T => structuredClone(value)

export function fakeCluster(options: { readonly clock?: Clock; readonly server?: string } = {}): FakeCluster {
  const now = (): string => new Date(options.clock?.now() ?? Date.UTC(2026, 0, 1)).toISOString().replace(/\.\d+Z$/, 'Z')
  const state: State = { version: 1, compacted: 0, objects: new Map(), changes: [], watchers: new Set(), answers: new Map(), now }
  const end = (): void => {
    for (const watcher of [...state.watchers]) watcher.end()
  }
  return {
    api: (name = 'client') => fakeApi(state, name, options),
    put: (object, kind = kindOf(object)) => {
      commit(state, kind, object)
    },
    drop(kind, name, namespace) {
      const object = state.objects.get(keyOf(kind, name, namespace))
      if (object !== undefined) commit(state, kind, object, 'gone')
    },
    answer: (path, text) => void state.answers.set(path, text),
    objects: <K extends Kind>(kind: K) =>
      [...state.objects].filter(([key]) => key.startsWith(`${kind} `)).map(([, object]) => clone(object) as Of<K>),
    compact() {
      state.compacted = state.version
      state.changes.length = 0
    },
    restart: end,
    wipe() {
      Object.assign(state, { version: 1, compacted: 0, objects: new Map(), changes: [] })
      end()
    },
  }
}

function commit(state: State, kind: Kind, object: Resource, type: 'put' | 'gone' = 'put'): Resource {
  const key = keyOf(kind, object.metadata?.name ?? '', object.metadata?.namespace)
  const before = state.objects.get(key)
  state.version += 1
  const metadata = {
    ...object.metadata,
    resourceVersion: String(state.version),
    uid: before?.metadata?.uid ?? object.metadata?.uid ?? randomUUID(),
    creationTimestamp: before?.metadata?.creationTimestamp ?? object.metadata?.creationTimestamp ?? state.now(),
  }
  const stored = clone(object.metadata === undefined ? object : { ...object, metadata })
  if (type === 'put') state.objects.set(key, stored)
  else state.objects.delete(key)
  state.changes.push({ version: state.version, kind, type, object: stored, before })
  for (const watcher of [...state.watchers]) watcher.wake()
  return clone(stored)
}

const selects = (query: Query, object: Resource | undefined): boolean =>
  object !== undefined &&
  (query.namespace === undefined || object.metadata?.namespace === query.namespace) &&
  (query.name === undefined || object.metadata?.name === query.name) &&
  Object.entries(query.labels ?? {}).every(([key, value]) => {
    const label = object.metadata?.labels?.[key]
    return value === '' ? label !== undefined : label === value
  })

const notFound = (kind: Kind, name: string): ApiError => new ApiError(404, 'NotFound', `${KINDS[kind].plural} "${name}" not found`)
const conflict = (kind: Kind, name: string, why: string): ConflictError =>
  new ConflictError(409, 'Conflict', `Operation cannot be fulfilled on ${KINDS[kind].plural} "${name}": ${why}`)

function fakeApi(state: State, who: string, options: { readonly clock?: Clock; readonly server?: string }): FakeApi {
  const faults: { error: Error; when: (call: string) => boolean; left: number }[] = []
  const link = { now: 'up' as Link, delayMs: 0, eventDelayMs: 0 }
  const calls: string[] = []
  const server = options.server ?? `https://fake.${who}:6443`
  /** Goes over the link: may fail, take its time, or never come back within the limit. */
  const over = async <T>(call: string, limitMs: number, act: () => T): Promise<T> => {
    calls.push(call)
    const lost = new ApiError(0, 'TIMEOUT', `${server}: no answer within ${limitMs} ms`)
    await Promise.resolve()
    if (link.now === 'refused') throw new ApiError(0, 'ECONNREFUSED', `${server}: connection refused`)
    if (link.now === 'silent' || link.delayMs > limitMs) {
      if (options.clock === undefined) return new Promise(() => {})
      await options.clock.sleep(limitMs)
      throw lost
    }
    const fault = faults.find((f) => f.left > 0 && f.when(call))
    if (fault !== undefined) {
      fault.left -= 1
      throw fault.error
    }
    const { delayMs } = link
    // Half the way there, half the way back: a write counts at the server before its answer is here.
    if (delayMs > 0) await options.clock?.sleep(delayMs / 2)
    const answer = act()
    if (delayMs > 0) await options.clock?.sleep(delayMs / 2)
    if ((link.now as Link) === 'silent') {
      await options.clock?.sleep(Math.max(0, limitMs - delayMs))
      throw lost
    }
    return answer
  }
  const apiWithin = (limitMs: number): FakeApi => {
    const api: FakeApi = {
      server,
      calls,
      get link() {
        return link.now
      },
      set link(value) {
        link.now = value
        for (const watcher of [...state.watchers]) watcher.wake()
      },
      get delayMs() {
        return link.delayMs
      },
      set delayMs(value) {
        link.delayMs = value
      },
      get eventDelayMs() {
        return link.eventDelayMs
      },
      set eventDelayMs(value) {
        link.eventDelayMs = value
      },
      failNext(error, when = () => true, times = 1) {
        faults.push({ error, when, left: times })
      },
      within: apiWithin,
      get: (kind, name, namespace) =>
        over(`get ${keyOf(kind, name, namespace)}`, limitMs, () =>
          clone(state.objects.get(keyOf(kind, name, namespace)) as Of<typeof kind> | undefined),
        ),
      list: (kind, query = {}) =>
        over(`list ${kind}`, limitMs, () => ({
          items: [...state.objects]
            .filter(([key, object]) => key.startsWith(`${kind} `) && selects(query, object))
            .map(([, object]) => clone(object) as Of<typeof kind>),
          version: String(state.version),
        })),
      async listOf(kind, query, take) {
        const { items, version } = await api.list(kind, query)
        return { items: items.map(take), version }
      },
      watch: (kind, version, query, signal) =>
        watchState(state, {
          kind,
          version: Number(version),
          query,
          signal,
          link: () => link.now,
          opened: () => over(`watch ${kind}`, limitMs, () => undefined),
          due: async () => (link.eventDelayMs === 0 ? undefined : options.clock?.sleep(link.eventDelayMs)),
        }),
      create: (object, write) => over(callOf('create', object), limitMs, () => create(state, object, write)),
      apply: (object, write) => over(callOf('apply', object), limitMs, () => apply(state, object, write)),
      replace: (object, write) => over(callOf('replace', object), limitMs, () => replace(state, object, 'all', write)),
      replaceStatus: (object) => over(callOf('replaceStatus', object), limitMs, () => replace(state, object, 'status')),
      patch: (kind, name, namespace, change, write) =>
        over(`patch ${keyOf(kind, name, namespace)}`, limitMs, () => {
          const have = state.objects.get(keyOf(kind, name, namespace))
          if (have === undefined) throw notFound(kind, name)
          return replace(state, merge(have, change) as Of<typeof kind>, 'all', write)
        }),
      remove: (kind, name, namespace, wanted) =>
        over(`remove ${keyOf(kind, name, namespace)}`, limitMs, () => {
          const have = state.objects.get(keyOf(kind, name, namespace))
          if (have === undefined) return false
          for (const field of ['uid', 'resourceVersion'] as const)
            if (wanted?.[field] !== undefined && wanted[field] !== have.metadata[field]) throw conflict(kind, name, `${field} differs`)
          if (wanted?.dryRun !== true) commit(state, kind, have, 'gone')
          return true
        }),
      raw: (path) =>
        over(`raw ${path}`, limitMs, () => {
          if (path === '/version') return '{"major":"1","minor":"34","gitVersion":"v1.34.0"}'
          return state.answers.get(path.split('?')[0] ?? '') ?? 'ok'
        }),
    }
    return api
  }
  return apiWithin(15_000)
}

const callOf = (verb: string, object: Resource): string =>
  `${verb} ${keyOf(kindOf(object), object.metadata.name ?? object.metadata.generateName ?? '', object.metadata.namespace)}`

function create<R extends Resource>(state: State, object: R, options: WriteOptions = {}): R {
  const kind = kindOf(object)
  const name = object.metadata.name ?? `${object.metadata.generateName}${randomUUID().slice(0, 5)}`
  if (state.objects.has(keyOf(kind, name, object.metadata.namespace)))
    throw new ConflictError(409, 'AlreadyExists', `${KINDS[kind].plural} "${name}" already exists`)
  const { uid: _, creationTimestamp: __, ...metadata } = object.metadata
  const said = BEGIN_WITHOUT_STATUS.has(kind) ? withStatus(kind, object, { ...object, status: undefined }) : object
  const whole = { ...said, metadata: { ...metadata, name, generation: 1 } }
  return options.dryRun === true ? whole : (commit(state, kind, whole) as R)
}

function apply<R extends Resource>(state: State, object: R, options: WriteOptions = {}): R {
  const have = state.objects.get(keyOf(kindOf(object), object.metadata.name, object.metadata.namespace))
  return have === undefined ? create(state, object, options) : replace(state, merge(have, object) as R, 'all', options)
}

function replace<R extends Resource>(state: State, object: R, part: 'all' | 'status', options: WriteOptions = {}): R {
  const kind = kindOf(object)
  const { name, namespace, resourceVersion } = object.metadata
  const have = state.objects.get(keyOf(kind, name, namespace))
  if (have === undefined) throw notFound(kind, name)
  if (resourceVersion !== undefined && resourceVersion !== have.metadata.resourceVersion)
    throw conflict(kind, name, 'the object has been modified')
  if (part === 'all' && resourceVersion === undefined && KINDS[kind].group === 'submariner.io')
    throw new ApiError(
      422,
      'Invalid',
      `${KINDS[kind].plural} "${name}" is invalid: metadata.resourceVersion: must be specified for an update`,
    )
  const whole = part === 'all' ? withStatus(kind, object, have) : withStatus(kind, have, object)
  const same = JSON.stringify(bare(whole)) === JSON.stringify(bare(have))
  if (same || options.dryRun === true) return clone(same ? have : whole) as R
  return commit(state, kind, whole) as R
}
/** The object with the other's status, where the kind has a subresource for it. */
function withStatus<R extends Resource>(kind: Kind, object: R, other: Resource & { readonly status?: unknown }): R {
  if (kind !== 'Node' && !BEGIN_WITHOUT_STATUS.has(kind)) return object
  const { status: _, ...rest } = object as R & { readonly status?: unknown }
  return { ...rest, ...(other.status !== undefined && { status: other.status }) } as unknown as R
}
/** Kinds whose status is not their creator's to say, as a real server has it. */
const BEGIN_WITHOUT_STATUS: ReadonlySet<Kind> = new Set(['ServiceExport', 'ServiceImport'])
/** The object without what the server writes into it. */
const bare = (object: Resource): unknown => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: '', uid: '', creationTimestamp: '', generation: 0 },
})

/** RFC 7386. */
function merge(have: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return clone(change)
  const result: Record<string, unknown> = typeof have === 'object' && have !== null && !Array.isArray(have) ? { ...have } : {}
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

interface Watch<K extends Kind> {
  readonly kind: K
  readonly version: number
  readonly query: Query
  readonly signal: AbortSignal
  readonly link: () => Link
  readonly opened: () => Promise<void>
  /** Settles when an event may come. */
  readonly due: () => Promise<void>
}
async function* watchState<K extends Kind>(state: State, watch: Watch<K>): AsyncGenerator<WatchEvent<Of<K>>> {
  const { kind, query, signal, link } = watch
  await watch.opened()
  if (watch.version < state.compacted) throw new ApiError(410, 'Expired', `too old resource version: ${watch.version} (${state.compacted})`)
  if (watch.version > state.version) throw new ApiError(504, 'Timeout', `Too large resource version: ${watch.version}`)
  const here = { wake: () => {}, ended: false }
  const watcher: Watcher = {
    wake: () => here.wake(),
    end: () => {
      here.ended = true
      here.wake()
    },
  }
  state.watchers.add(watcher)
  const onAbort = (): void => watcher.end()
  signal.addEventListener('abort', onAbort, { once: true })
  let seen = watch.version
  try {
    while (!here.ended && !signal.aborted) {
      if (link() === 'refused') throw new ApiError(0, 'ECONNRESET', 'the connection broke off')
      if (link() === 'up') {
        for (const change of state.changes.filter((c) => c.version > seen)) {
          seen = change.version
          const event = change.kind === kind ? eventOf<K>(change, query) : undefined
          if (event === undefined) continue
          await watch.due()
          yield event
        }
      }
      if (!here.ended && !signal.aborted && (link() !== 'up' || state.version <= seen))
        await new Promise<void>((resolve) => {
          here.wake = resolve
        })
    }
  } finally {
    state.watchers.delete(watcher)
    signal.removeEventListener('abort', onAbort)
  }
}

function eventOf<K extends Kind>({ type, object, before }: Change, query: Query): WatchEvent<Of<K>> | undefined {
  const now = type === 'put' && selects(query, object)
  if (!now && !selects(query, before) && !selects(query, object)) return undefined
  return { type: now ? 'put' : 'gone', object: clone(object) as Of<K> }
}

/** An object of a kind: its apiVersion is looked up. */
export const make = <K extends Kind>(
  kind: K,
  name: string,
  rest: Omit<Of<K>, keyof Resource>,
  metadata: Partial<Resource['metadata']> = {},
): Of<K> => ({ apiVersion: apiVersionOf(kind), kind, metadata: { name, ...metadata }, ...rest }) as unknown as Of<K>
