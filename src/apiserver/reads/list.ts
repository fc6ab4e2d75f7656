import { apiVersion, type Served } from '../kinds/served.ts'
import { isRecord } from '../objects/json.ts'
import { badRequest, expired, versionTooLarge } from '../objects/status.ts'
import { type Change, type Item, keyOf } from '../storage/item.ts'
import type { State } from '../storage/state.ts'
import type { Select } from './select.ts'

export interface ListAsk {
  readonly served: Served
  readonly namespace: string
  readonly select: Select
  readonly isSelective: boolean
  /** 0: no limit. */
  readonly limit: number
  readonly next: string
  readonly version: string
  readonly match: string
}
export interface Page {
  readonly items: readonly Item[]
  readonly version: number
  readonly next: string | undefined
  readonly remaining: number | undefined
}

/** Objects in the order of namespace and name, all of one moment: later pages show the version of the first. */
export function listPage(state: State, ask: ListAsk): Page {
  const from = ask.next === '' ? undefined : readNext(ask.next)
  const version = from?.version ?? askedVersion(state, ask)
  const all = itemsAt(state, ask, version)
  const after = from === undefined ? all : all.slice(placeAfter(all, from.after))
  const rest = ask.isSelective ? after.filter(ask.select) : after
  const items = ask.limit > 0 ? rest.slice(0, ask.limit) : rest
  const last = items.at(-1)
  const left = rest.length - items.length
  const more = left > 0 && last !== undefined
  return {
    items,
    version,
    next: more ? writeNext({ version, after: keyOf(last) }) : undefined,
    remaining: more && !ask.isSelective ? left : undefined,
  }
}

/** The place of the first item whose key comes after this one. A later page of many looks at few of them. */
function placeAfter(sorted: readonly Item[], key: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const item = sorted[middle]
    if (item !== undefined && keyOf(item) <= key) low = middle + 1
    else high = middle
  }
  return low
}

function askedVersion(state: State, { version, match }: ListAsk): number {
  if (version === '') {
    if (match !== '')
      throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided')
    return state.version
  }
  const asked = readVersion(version)
  if (match === 'Exact') {
    if (asked === 0) throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    if (asked > state.version) throw versionTooLarge(asked, state.version)
    return asked
  }
  if (match !== '' && match !== 'NotOlderThan')
    throw badRequest(`resourceVersionMatch: Unsupported value: ${JSON.stringify(match.slice(0, 100))}`)
  if (asked > state.version) throw versionTooLarge(asked, state.version)
  return state.version
}

/** The version in a parameter. */
export function readVersion(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`Invalid value: ${JSON.stringify(text.slice(0, 100))}: resourceVersion must be a number`)
  return Number(text)
}

/** What there was at the version: what there is now, with later changes undone. */
function itemsAt(state: State, { served, namespace }: ListAsk, version: number): readonly Item[] {
  const now = state.all(served.kind, namespace === '' ? undefined : namespace)
  if (version === state.version) return now
  if (version < state.history.since)
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    )
  const isAsked = ({ after }: Change): boolean => after.kind === served.kind && (namespace === '' || after.namespace === namespace)
  const undone = [...state.history.back(version)].filter(isAsked)
  // Something is written all the time, mostly of other kinds.
  if (undone.length === 0) return now
  const items = new Map(now.map((item) => [keyOf(item), item]))
  for (const { before, after } of undone) {
    if (before === undefined) items.delete(keyOf(after))
    else items.set(keyOf(before), before)
  }
  return [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

interface Next {
  readonly version: number
  readonly after: string
}
const writeNext = ({ version, after }: Next): string =>
  Buffer.from(JSON.stringify({ v: 'subm/v1', rv: version, after })).toString('base64url')

function readNext(text: string): Next {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (isRecord(value) && value.v === 'subm/v1' && Number.isSafeInteger(value.rv) && typeof value.after === 'string')
      return { version: Number(value.rv), after: value.after }
  } catch {
    // No token of ours.
  }
  throw badRequest('continue key is not valid: it is none that this server has given')
}

/** A list as its JSON; the items are texts. */
export function listText(served: Served, texts: readonly string[], page: Pick<Page, 'version' | 'next' | 'remaining'>): string {
  const metadata = {
    resourceVersion: String(page.version),
    ...(page.next !== undefined && { continue: page.next }),
    ...(page.remaining !== undefined && { remainingItemCount: page.remaining }),
  }
  const head = JSON.stringify({ kind: served.listKind, apiVersion: apiVersion(served), metadata })
  return `${head.slice(0, -1)},"items":[${texts.join(',')}]}`
}
