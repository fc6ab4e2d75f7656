// What the rooms of storage speak of.

/** One stored object. `text` is its JSON as clients get it. */
export interface Item {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly version: number
  readonly text: string
  readonly labels: Readonly<Record<string, string>>
}
/** One write: what the object was and what it is. */
export interface Change {
  readonly version: number
  readonly before: Item | undefined
  /** With `gone`, its last state, which carries the version of the deletion. */
  readonly after: Item
  readonly gone: boolean
}

export interface Reader {
  get(kind: string, namespace: string, name: string): Item | undefined
  /** Of one namespace, or of all. In the order of namespace and name. */
  all(kind: string, namespace?: string): readonly Item[]
}
/** What one write sees and does. Nothing of it counts when it throws. */
export interface Draft extends Reader {
  /** Stores what `make` gives for the version that the write will have. */
  put(at: Place, make: (version: number) => { text: string; labels: Item['labels'] }): Item
  drop(at: Place, make: (version: number) => string): Item
}
export interface Place {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

export const keyOf = ({ namespace, name }: Pick<Place, 'namespace' | 'name'>): string => `${namespace}/${name}`
