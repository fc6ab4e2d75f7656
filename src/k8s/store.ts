import { messageOf } from '../model/errors.ts'
import type { Kind, Of } from '../model/kinds.ts'
import type { Resource } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'
import { ApiError, type KubeApi, type Query } from './api.ts'

/** How it stands with following the objects of one kind. */
export interface Feed {
  /** Settles after the first list, or when the signal ends it all before. */
  readonly ready: Promise<void>
  /** Whether it has listed and a watch is open: what it has is what is there, as far as a watch can tell. */
  readonly synced: boolean
  /** Milliseconds since the server last said anything; Infinity before the first word. */
  heardMs(): number
  /** What the last call failed with, until the server answers again. */
  readonly trouble: string | undefined
  /** Whether that was the server's refusal of the credential (401, 403). */
  readonly isRefused: boolean
  /** Settles when the signal has ended it. */
  readonly ended: Promise<void>
}
/** A live copy of the objects of one kind. While the API is away it keeps what it last had. */
export interface Store<T> extends Feed {
  /** The same array until something changes. */
  all(): readonly T[]
  get(name: string, namespace?: string): T | undefined
}
/** Where a feed puts what it reads. The last three say whether anything is different now. */
export interface Copy<T, L = T> {
  /** What it needs of an object of a list. */
  take(object: T): L
  put(object: T): boolean
  gone(object: T): boolean
  /** These are all there are. */
  reset(items: readonly L[]): boolean
}

export interface StoreOptions {
  readonly query?: Query
  /** Called after the first list and after each change; not when a new list brings nothing new. */
  readonly onChange?: () => void
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** A full list at least this often, whatever the watch says. Default: 5 minutes; spread by a tenth. */
  readonly relistMs?: number
  /** A watch that says nothing for this long, not even a bookmark (a Kubernetes server sends one a minute), is dead. Default: 90 s. */
  readonly idleMs?: number
  /** In [0, 1). Default: Math.random. */
  readonly random?: () => number
}

const FIRST_RETRY_MS = 100
const MOST_RETRY_MS = 5_000
/** A watch that lived this long ended in the ordinary way. */
const LIVED_MS = 5_000

/** A feed into a copy of whole objects, or of what `light` leaves of each. */
export function openStore<K extends Kind>(
  api: KubeApi,
  kind: K,
  options: StoreOptions & { readonly light?: (object: Of<K>) => Of<K> },
): Store<Of<K>> {
  const copy = openCopy<Of<K>>(options.light ?? withoutImages)
  return Object.assign(openFeed(api, kind, copy, options), { all: copy.all, get: copy.get })
}

/** Lists, then watches for good: again after every end, error, 410 or silence, and a full list every relistMs. */
export function openFeed<K extends Kind, L>(api: KubeApi, kind: K, copy: Copy<Of<K>, L>, options: StoreOptions): Feed {
  const { query = {}, clock, signal, random = Math.random } = options
  const log = options.log.with({ kind, server: api.server })
  const first = Promise.withResolvers<void>()
  const state = {
    synced: false,
    lost: false,
    heard: 0,
    heardAt: undefined as number | undefined,
    trouble: undefined as string | undefined,
    isRefused: false,
  }
  const hear = (): void => {
    state.heard += 1
    state.heardAt = clock.now()
    if (state.lost) log.info('the API answers again')
    state.lost = false
    Object.assign(state, { trouble: undefined, isRefused: false })
  }
  const changed = (): void => options.onChange?.()

  const list = async (): Promise<string> => {
    const { items, version } = await api.listOf(kind, query, copy.take)
    hear()
    const isNew = copy.reset(items)
    first.resolve()
    if (isNew) changed()
    return version
  }
  /** Follows the watch until it ends, is silent or a list is due. Gives the version to go on from; undefined: list. */
  const follow = async (from: string): Promise<string | undefined> => {
    const stop = new AbortController()
    const relistMs = (options.relistMs ?? 300_000) * (0.9 + random() * 0.2)
    const all = AbortSignal.any([signal, stop.signal])
    const guards = [silence(stop), clock.sleep(relistMs, all).then(() => stop.abort())]
    let version: string | undefined = from
    try {
      for await (const event of api.watch(kind, from, query, all)) {
        hear()
        state.synced = true
        if (event.type === 'bookmark') version = event.version
        else {
          version = event.object.metadata.resourceVersion ?? version
          if (inQuery(query, event.object) && copy[event.type](event.object)) changed()
        }
        if (all.aborted) break
      }
      return stop.signal.aborted ? undefined : version
    } finally {
      state.synced = false
      stop.abort()
      await Promise.all(guards)
    }
  }
  const silence = async (stop: AbortController): Promise<void> => {
    while (!stop.signal.aborted && !signal.aborted) {
      const before = state.heard
      await clock.sleep(options.idleMs ?? 90_000, AbortSignal.any([signal, stop.signal]))
      if (state.heard === before) stop.abort()
    }
  }
  const run = async (): Promise<void> => {
    let version: string | undefined
    let failures = 0
    while (!signal.aborted) {
      const began = clock.now()
      try {
        version ??= await list()
        state.synced = true
        version = await follow(version)
        if (version === undefined) continue
        failures = clock.now() - began >= LIVED_MS ? 0 : failures + 1
      } catch (error) {
        version = undefined
        failures += 1
        if (!state.lost && !signal.aborted) log.warn('the API does not answer as it should', { error: String(error) })
        state.lost = true
        state.trouble = messageOf(error)
        state.isRefused = error instanceof ApiError && (error.code === 401 || error.code === 403)
      }
      await clock.sleep(Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + random() / 2), signal)
    }
    first.resolve()
  }
  const ended = run()
  return {
    ready: first.promise,
    get synced() {
      return state.synced
    },
    get trouble() {
      return state.trouble
    },
    get isRefused() {
      return state.isRefused
    },
    heardMs: () => (state.heardAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, clock.now() - state.heardAt)),
    ended,
  }
}

/** What the server should have sent in the first place; a stream for another namespace is not believed. */
const inQuery = (query: Query, object: Resource): boolean =>
  (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
  (query.name === undefined || object.metadata.name === query.name)

function openCopy<T extends Resource>(light: (object: T) => T): Copy<T> & Pick<Store<T>, 'all' | 'get'> {
  const keyOf = (name: string, namespace = ''): string => `${namespace}/${name}`
  const keyOfObject = ({ metadata }: Resource): string => keyOf(metadata.name, metadata.namespace)
  const same = (a: T | undefined, b: T): boolean =>
    a?.metadata.resourceVersion === b.metadata.resourceVersion && a?.metadata.uid === b.metadata.uid
  let objects = new Map<string, T>()
  let array: readonly T[] | undefined
  let listed = false
  return {
    take: light,
    all: () => {
      array ??= [...objects.values()]
      return array
    },
    get: (name, namespace) => objects.get(keyOf(name, namespace)),
    put(object) {
      if (same(objects.get(keyOfObject(object)), object)) return false
      objects.set(keyOfObject(object), light(object))
      array = undefined
      return true
    },
    gone(object) {
      array = undefined
      return objects.delete(keyOfObject(object))
    },
    reset(items) {
      const before = objects
      objects = new Map(items.map((item) => [keyOfObject(item), item]))
      const isNew = !listed || before.size !== objects.size || items.some((item) => !same(before.get(keyOfObject(item)), item))
      listed = true
      if (isNew) array = undefined
      return isNew
    },
  }
}

/** Without the list of images of a Node, by far its largest part, which nobody here reads. */
function withoutImages<T extends Resource>(object: T): T {
  if (object.kind !== 'Node' || !('status' in object) || typeof object.status !== 'object') return object
  return { ...object, status: { ...object.status, images: undefined } }
}
