import type { User } from '../access/user.ts'

/** One request, read as far as all kinds of it are alike. */
export interface Ask {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly accept: string
  /** The body's media type. */
  readonly type: string
  readonly body: string | undefined
  readonly user: User
}
/** A whole answer. The type is JSON unless said. */
export interface Answer {
  readonly code: number
  readonly text: string
  readonly type?: string
  /** For whoever sits at the client. */
  readonly warnings?: readonly string[]
}

/** A switch of the query, as Kubernetes reads one: on by its name alone, too. */
export const isOn = (query: URLSearchParams, name: string): boolean => !['false', '0'].includes((query.get(name) ?? 'false').toLowerCase())

/** How objects are wanted: as they are, or as rows of a Table. */
export function wantsTable(accept: string): boolean {
  const [first = ''] = accept.split(',')
  return /;\s*as=Table\b/.test(first) && /;\s*g=meta\.k8s\.io\b/.test(first) && /;\s*v=v1(\s|;|$)/.test(first)
}
