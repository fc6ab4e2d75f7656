import type { Copy } from '../k8s/store.ts'
import type { Resource } from '../model/resources.ts'
import { openByName } from './dns/by-name.ts'
import { pack, unpack } from './pack.ts'

/** Objects that lead to one service. */
interface Shelf {
  readonly label: string
  readonly held: Held[]
}
interface Held {
  readonly name: string
  readonly namespace: string
  readonly shelf: Shelf
  text: string
}
export interface Packed {
  readonly name: string
  readonly namespace: string
  readonly label: string
  readonly text: string
}

/** A live copy of the objects of one kind, each as a short text. What is asked for is made anew each time. */
export interface Kept<T extends Resource> {
  readonly copy: Copy<T, Packed>
  has(name: string, namespace?: string): boolean
  get(name: string, namespace?: string): T | undefined
  /** Those with this label, in the order of their names. */
  of(label: string): readonly T[]
  labels(): Iterable<string>
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
  /** What it is found by, besides its name. */
  readonly labelOf: (object: T) => string
  /** Told of every change: what there was before and is now. */
  readonly changed: (before: T | undefined, now: T | undefined) => void
}

export function openKept<T extends Resource>({ light, labelOf, changed }: KeptOptions<T>): Kept<T> {
  const byName = openByName<Held>()
  let isListed = false
  const shelves = new Map<string, Shelf>()
  const shelfOf = (label: string): Shelf => {
    const shelf = shelves.get(label) ?? { label, held: [] }
    if (shelf.held.length === 0) shelves.set(label, shelf)
    return shelf
  }
  const leave = (held: Held): void => {
    held.shelf.held.splice(held.shelf.held.indexOf(held), 1)
    if (held.shelf.held.length === 0) shelves.delete(held.shelf.label)
  }
  // Only what was packed here is unpacked.
  const read = (text: string): T => unpack(text) as T
  const take = (object: T): Packed => {
    const { name, namespace = '' } = object.metadata
    return { name, namespace, label: labelOf(object), text: pack(light(object)) }
  }
  const put = ({ name, namespace, label, text }: Packed): boolean => {
    const before = byName.get(namespace, name)
    if (before?.text === text) return false
    const old = before && read(before.text)
    if (before?.shelf.label === label) before.text = text
    else {
      if (before !== undefined) leave(before)
      const shelf = shelfOf(label)
      const held: Held = { name: before?.name ?? name, namespace, shelf, text }
      shelf.held.push(held)
      byName.set(namespace, held.name, held)
    }
    changed(old, read(text))
    return true
  }
  const drop = (namespace: string, name: string): boolean => {
    const held = byName.get(namespace, name)
    if (held === undefined) return false
    byName.delete(namespace, name)
    leave(held)
    changed(read(held.text), undefined)
    return true
  }
  return {
    has: (name, namespace = '') => byName.get(namespace, name) !== undefined,
    get(name, namespace = '') {
      const held = byName.get(namespace, name)
      return held && read(held.text)
    },
    of: (label) => [...(shelves.get(label)?.held ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ text }) => read(text)),
    labels: () => shelves.keys(),
    get size() {
      return byName.size
    },
    expect({ metadata: { name, namespace = '' } }) {
      const textOf = (): string | undefined => byName.get(namespace, name)?.text
      const before = textOf()
      return {
        put(object) {
          if (textOf() === before) put(take(object))
        },
        gone() {
          if (textOf() === before) drop(namespace, name)
        },
      }
    },
    copy: {
      take,
      put: (object) => put(take(object)),
      gone: ({ metadata: { namespace = '', name } }) => drop(namespace, name),
      reset(items) {
        const now = openByName<true>()
        for (const { namespace, name } of items) now.set(namespace, name, true)
        const gone = [...byName.names()].filter(([namespace, name]) => now.get(namespace, name) === undefined)
        const came = items.filter(put).length
        for (const [namespace, name] of gone) drop(namespace, name)
        const isNew = !isListed || came + gone.length > 0
        isListed = true
        return isNew
      },
    },
  }
}
