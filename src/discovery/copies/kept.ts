import type { Copy } from '../../k8s/store.ts'
import type { Resource } from '../../model/resources.ts'
import { openByName } from './by-name.ts'
import { pack, unpack } from './pack.ts'
import { type Named, relist } from './relist.ts'

/** What can be told of an object without reading it. */
export interface Mention extends Named {
  /** What it is found by, besides its name; undefined where it is found by that alone. */
  readonly label: string | undefined
  /** The cluster that has written it; undefined where that does not matter. */
  readonly cluster: string | undefined
}
export interface Packed extends Mention {
  readonly text: string
}

/** A live copy of the objects of one kind, each as a short text. What is asked for is made anew each time. */
export interface Kept<T extends Resource> {
  readonly copy: Copy<T, Packed>
  has(name: string, namespace?: string): boolean
  get(name: string, namespace?: string): T | undefined
  /** What it is found by; undefined where it is not there, too. */
  labelOf(name: string, namespace?: string): string | undefined
  /** Those with this label, in the order of their names. */
  of(label: string): readonly T[]
  labels(): Iterable<string>
  names(): Iterable<readonly [namespace: string, name: string]>
  readonly size: number
  /** What an API answers to a write goes in at once by what this gives; called before the write, since a watch that is faster knows better. */
  expect(object: T): Expected<T>
}
export interface Expected<T> {
  put(object: T): void
  gone(): void
}
export interface KeptOptions<T extends Resource> {
  /** What is needed of an object. */
  readonly light: (object: T) => T
  readonly labelOf: (object: T) => string | undefined
  readonly clusterOf?: (object: T) => string | undefined
  /** Told of every change: what there was before and is now. */
  readonly changed: (before: Mention | undefined, now: Mention | undefined) => void
}

export function openKept<T extends Resource>({ light, labelOf, clusterOf, changed }: KeptOptions<T>): Kept<T> {
  const byName = openByName<Packed>()
  const byLabel = openShelves()
  const same = openSame()
  let isListed = false
  // Only what was packed here is unpacked.
  const read = ({ text }: Packed): T => unpack(text) as T
  const take = (object: T): Packed => {
    const { name, namespace = '' } = object.metadata
    const cluster = clusterOf?.(object)
    return { name, namespace: same(namespace), label: labelOf(object), cluster: cluster && same(cluster), text: pack(light(object)) }
  }
  const put = (taken: Packed): boolean => {
    const before = byName.get(taken.namespace, taken.name)
    if (before?.text === taken.text) return false
    const { namespace, cluster, text } = taken
    const now = { name: before?.name ?? taken.name, namespace, label: byLabel.same(taken.label), cluster, text }
    if (before !== undefined) byLabel.drop(before)
    byLabel.put(now)
    byName.set(now.namespace, now.name, now)
    changed(before, now)
    return true
  }
  const drop = (namespace: string, name: string): boolean => {
    const before = byName.get(namespace, name)
    if (before === undefined) return false
    byName.delete(namespace, name)
    byLabel.drop(before)
    changed(before, undefined)
    return true
  }
  return {
    has: (name, namespace = '') => byName.get(namespace, name) !== undefined,
    get(name, namespace = '') {
      const held = byName.get(namespace, name)
      return held && read(held)
    },
    labelOf: (name, namespace = '') => byName.get(namespace, name)?.label,
    of: (label) => [...byLabel.of(label)].sort((a, b) => (a.name < b.name ? -1 : 1)).map(read),
    labels: byLabel.labels,
    names: byName.names,
    get size() {
      return byName.size
    },
    expect({ metadata: { name, namespace = '' } }) {
      const before = byName.get(namespace, name)
      const isSame = (): boolean => byName.get(namespace, name) === before
      return {
        put(object) {
          if (isSame()) put(take(object))
        },
        gone() {
          if (isSame()) drop(namespace, name)
        },
      }
    },
    copy: {
      take,
      put: (object) => put(take(object)),
      gone: ({ metadata: { namespace = '', name } }) => drop(namespace, name),
      reset(items) {
        const isNew = relist({ held: byName, put, drop }, items) || !isListed
        isListed = true
        return isNew
      },
    },
  }
}

/** One text for all that are equal: of few that thousands have. */
function openSame(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const there = known.get(text)
    if (there === undefined) known.set(text, text)
    return there ?? text
  }
}

interface Shelves {
  of(label: string): readonly Packed[]
  put(one: Packed): void
  drop(one: Packed): void
  labels(): Iterable<string>
  /** The same text, as it is kept already. */
  same(label: string | undefined): string | undefined
}

function openShelves(): Shelves {
  const shelves = new Map<string, readonly Packed[]>()
  const of = (label: string): readonly Packed[] => shelves.get(label) ?? []
  return {
    of,
    // Lists are made anew, of the length that they have: one that is filled piece by piece, by a spread too, takes room for sixteen more.
    put(one) {
      if (one.label !== undefined) shelves.set(one.label, of(one.label).concat(one))
    },
    drop(one) {
      if (one.label === undefined) return
      const rest = of(one.label)
        .filter((other) => other !== one)
        .slice()
      if (rest.length === 0) shelves.delete(one.label)
      else shelves.set(one.label, rest)
    },
    labels: () => shelves.keys(),
    same: (label) => (label === undefined ? undefined : (of(label)[0]?.label ?? label)),
  }
}
