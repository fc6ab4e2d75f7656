import type { Kind, Of } from '../model/kinds.ts'
import type { Resource } from '../model/resources.ts'

export interface Query {
  /** Default: all namespaces. */
  readonly namespace?: string
  /** Equality, or presence where the value is "". */
  readonly labels?: Readonly<Record<string, string>>
  /** One object by its name. */
  readonly name?: string
}
export interface Listed<T> {
  readonly items: readonly T[]
  /** The resourceVersion to watch from. */
  readonly version: string
}
/** `bookmark` carries a version alone. */
export type WatchEvent<T> = { readonly type: 'put' | 'gone'; readonly object: T } | { readonly type: 'bookmark'; readonly version: string }

export interface WriteOptions {
  readonly dryRun?: boolean
  /** Take fields over from other field managers (apply alone). Default: true. */
  readonly force?: boolean
}

/** Of removing an object: what it must still be, and how. */
export interface RemoveOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  /** A pod's time to end. 0: its object goes at once. Default: the pod's own. */
  readonly graceSeconds?: number
  /** Asks whether it may be, and removes nothing. */
  readonly dryRun?: boolean
}

/** The part of a Kubernetes API that the code uses, for one cluster. Calls throw ApiError. */
export interface KubeApi {
  /** Where it is: for messages. No credential. */
  readonly server: string
  /** The namespace that is meant where nobody says another, as the kubeconfig's context has it. */
  readonly namespace?: string
  /** The same API with another time limit for each request but watches. */
  within(timeoutMs: number): KubeApi
  get<K extends Kind>(kind: K, name: string, namespace?: string): Promise<Of<K> | undefined>
  /** All pages. */
  list<K extends Kind>(kind: K, query?: Query): Promise<Listed<Of<K>>>
  /** As list(), but of each object what is taken of it, before the next page comes: the rest of thousands need not stay in memory. */
  listOf<K extends Kind, L>(kind: K, query: Query, take: (object: Of<K>) => L): Promise<Listed<L>>
  /** Yields what changes after the version, bookmarks too; ends, without error, when the server closes the stream. 410 is an ApiError. */
  watch<K extends Kind>(kind: K, version: string, query: Query, signal: AbortSignal): AsyncIterable<WatchEvent<Of<K>>>
  create<R extends Resource>(object: R, options?: WriteOptions): Promise<R>
  /** Server-side apply as this program's field manager. */
  apply<R extends Resource>(object: R, options?: WriteOptions): Promise<R>
  /** Replaces the object if it is still of the version it carries; throws a ConflictError if not. */
  replace<R extends Resource>(object: R, options?: WriteOptions): Promise<R>
  /** JSON merge patch. */
  patch<K extends Kind>(kind: K, name: string, namespace: string | undefined, change: unknown, options?: WriteOptions): Promise<Of<K>>
  /** Replaces the status by its subresource (kinds that have one). */
  replaceStatus<R extends Resource>(object: R): Promise<R>
  /** Whether there was such an object. Preconditions that do not hold throw a ConflictError. */
  remove(kind: Kind, name: string, namespace?: string, options?: RemoveOptions): Promise<boolean>
  /** The text or JSON of a path of the server, such as /version or /readyz. */
  raw(path: string): Promise<string>
}

/** An answer that is not a success; `reason` is that of the API's Status object. `code` 0: there was no answer at all. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError'
  readonly code: number
  readonly reason: string
  constructor(code: number, reason: string, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.reason = reason
  }
}
/** The object is not of the version that the request was made for, or exists already. */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError'
}
