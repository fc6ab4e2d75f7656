// A watch reads the history at its own pace: nothing is kept for a slow one but what is kept for all.
import { apiVersion, type Served } from '../kinds/served.ts'
import { type ApiObject, parseStored } from '../objects/json.ts'
import { expired, statusOf, versionTooLarge } from '../objects/status.ts'
import type { Change, Item } from '../storage/item.ts'
import type { State } from '../storage/state.ts'
import { readVersion } from './list.ts'
import type { Select } from './select.ts'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'
/** One event as a line. */
export type WriteEvent = (type: EventType, item: Item) => string

export interface WatchAsk {
  readonly served: Served
  readonly namespace: string
  readonly select: Select
  readonly version: string
  /** Begin with what is there, and say by a bookmark when that is over. */
  readonly initial: boolean
  readonly write: WriteEvent
}
/** Where a watch stands. */
export interface Cursor {
  /** The lines of the next change that it sees; "" for one that it does not; undefined where there is none yet. Throws 410 when the history is gone. */
  next(): string | undefined
  bookmark(): string
}

/** Opens a watch. `first` are lines to begin with. Throws 410 where the version is forgotten. */
export function openCursor(state: State, ask: WatchAsk): { readonly first: readonly string[]; readonly cursor: Cursor } {
  const isFresh = ask.version === '' || ask.version === '0' || ask.initial
  const asked = ask.version === '' ? 0 : readVersion(ask.version)
  if (asked > state.version) throw versionTooLarge(asked, state.version)
  let at = isFresh ? state.version : asked
  if (at < state.history.since) throw tooOld(at, state)
  const items = isFresh ? state.all(ask.served.kind, ask.namespace === '' ? undefined : ask.namespace).filter(ask.select) : []
  const first = items.map((item) => ask.write('ADDED', item))
  if (ask.initial) first.push(bookmarkOf(ask.served, at, { 'k8s.io/initial-events-end': 'true' }))
  const cursor: Cursor = {
    next() {
      if (at < state.history.since) throw tooOld(at, state)
      const change = state.history.after(at)
      if (change === undefined) return undefined
      at = change.version
      return eventOf(ask, change)
    },
    bookmark: () => bookmarkOf(ask.served, at, undefined),
  }
  return { first, cursor }
}

const tooOld = (at: number, { history }: State): Error => expired(`too old resource version: ${at} (${history.since})`)

/** A change that leaves the selection is an end to who watches it. */
function eventOf({ select, write }: WatchAsk, { before, after, gone, version }: Change): string {
  const was = before !== undefined && select(before)
  const is = !gone && select(after)
  if (is) return write(was ? 'MODIFIED' : 'ADDED', after)
  if (!was) return ''
  return write('DELETED', gone ? after : aged(before, version))
}

/** What the object was, with the version of the change that took it out of the selection. */
function aged(item: Item, version: number): Item {
  const object = parseStored(item.text)
  const old: ApiObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
  return { ...item, version, text: JSON.stringify(old) }
}

function bookmarkOf(served: Served, version: number, annotations: Readonly<Record<string, string>> | undefined): string {
  const metadata = { resourceVersion: String(version), creationTimestamp: null, ...(annotations && { annotations }) }
  return `${JSON.stringify({ type: 'BOOKMARK', object: { kind: served.kind, apiVersion: apiVersion(served), metadata } })}\n`
}

/** The line that ends a watch which cannot go on. */
export const errorLine = (error: Parameters<typeof statusOf>[0]): string =>
  `${JSON.stringify({ type: 'ERROR', object: statusOf(error) })}\n`

// Many watch the same: a change's line is made once.
const lines = new WeakMap<Item, Map<EventType, string>>()

/** Objects whole, as most clients want them. */
export const plainEvent: WriteEvent = (type, item) => {
  const known = lines.get(item) ?? new Map<EventType, string>()
  lines.set(item, known)
  const line = known.get(type) ?? `{"type":"${type}","object":${item.text}}\n`
  known.set(type, line)
  return line
}
