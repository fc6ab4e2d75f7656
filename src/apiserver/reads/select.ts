// Selectors of lists and watches: labels in Kubernetes' whole grammar, fields for the few that each kind knows.
import type { Served } from '../kinds/served.ts'
import { isRecord, parseStored } from '../objects/json.ts'
import { badRequest } from '../objects/status.ts'
import type { Item } from '../storage/item.ts'

export type Select = (item: Item) => boolean
type Labels = Item['labels']
type Requirement = (labels: Labels) => boolean

const MOST_TEXT = 16 * 1024
const KEY = '[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?'
const VALUE = '[A-Za-z0-9_.-]*'
const EQUALITY = new RegExp(String.raw`^(${KEY})\s*(=|==|!=)\s*(${VALUE})$`)
const SET = new RegExp(String.raw`^(${KEY})\s+(in|notin)\s*\(([^()]*)\)$`)
const PRESENCE = new RegExp(`^(!?)\\s*(${KEY})$`)

/** Throws a StatusError for what is no selector. */
export function labelSelector(text: string): Requirement {
  if (text.length > MOST_TEXT) throw badRequest('unable to parse requirement: the selector is too long')
  const requirements = parts(text).map(requirement)
  return (labels) => requirements.every((holds) => holds(labels))
}

/** Split at commas outside parentheses. */
const parts = (text: string): string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part, _, all) => part !== '' || all.length > 1)

function requirement(text: string): Requirement {
  const [, key = '', operator = '', value = ''] = EQUALITY.exec(text) ?? []
  if (operator === '!=') return (labels) => labels[key] !== value
  if (operator !== '') return (labels) => labels[key] === value
  const [, setKey = '', set = '', list = ''] = SET.exec(text) ?? []
  if (set !== '') {
    const values = new Set(list.split(',').map((item) => item.trim()))
    const isIn = set === 'in'
    return (labels) => {
      const label = labels[setKey]
      return label === undefined ? !isIn : values.has(label) === isIn
    }
  }
  const [, not, present = ''] = PRESENCE.exec(text) ?? []
  if (present === '') throw badRequest(`unable to parse requirement: ${JSON.stringify(text.slice(0, 200))}`)
  return (labels) => (labels[present] === undefined) === (not === '!')
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Secret: ['type'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  Pod: ['spec.nodeName', 'status.phase', 'status.podIP'],
  Event: ['involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'reason', 'type', 'source'],
}

export interface FieldSelector {
  readonly select: Select
  /** The one name that is selected, where there is one. */
  readonly name: string | undefined
}

export function fieldSelector(served: Served, text: string): FieldSelector {
  if (text.length > MOST_TEXT) throw badRequest('invalid field selector: it is too long')
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => termOf(served, term))
  const name = terms.find(({ field, isEqual }) => field === 'metadata.name' && isEqual)?.value
  return { name, select: (item) => terms.every(({ field, isEqual, value }) => (valueAt(item, field) === value) === isEqual) }
}

interface Term {
  readonly field: string
  readonly isEqual: boolean
  readonly value: string
}
function termOf({ kind }: Served, term: string): Term {
  const [, field = '', operator = '', value = ''] = /^([^=!]+)(=|==|!=)([^=!]*)$/.exec(term) ?? []
  if (operator === '') throw badRequest(`invalid field selector: ${JSON.stringify(term.slice(0, 200))}`)
  if (!['metadata.name', 'metadata.namespace', ...(FIELDS[kind] ?? [])].includes(field))
    throw badRequest(`field label not supported: ${field.slice(0, 200)}`)
  return { field, isEqual: operator !== '!=', value }
}

function valueAt(item: Item, field: string): string {
  if (field === 'metadata.name') return item.name
  if (field === 'metadata.namespace') return item.namespace
  const found = field.split('.').reduce<unknown>((here, step) => (isRecord(here) ? here[step] : undefined), parseStored(item.text))
  return found === undefined || found === null ? '' : String(found)
}

/** What a list or watch is of. */
export interface Selection {
  readonly served: Served
  /** "" for all. */
  readonly namespace: string
  readonly labelSelector: string
  readonly fieldSelector: string
  /** The name in the path, of a watch of one object. */
  readonly name: string
}

export function selectOf({ served, namespace, name, ...texts }: Selection): Select {
  const labels = labelSelector(texts.labelSelector)
  const fields = fieldSelector(served, texts.fieldSelector)
  return (item) =>
    item.kind === served.kind &&
    (namespace === '' || item.namespace === namespace) &&
    (name === '' || item.name === name) &&
    labels(item.labels) &&
    fields.select(item)
}
