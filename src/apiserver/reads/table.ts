// The Table that `kubectl get` asks for: columns of the kind's definition, and a row an object.
import type { Column } from '../kinds/custom.ts'
import type { Served } from '../kinds/served.ts'
import { type ApiObject, isRecord, type Json, listOf, parseStored, recordAt, textAt } from '../objects/json.ts'
import type { Item } from '../storage/item.ts'
import type { Page } from './list.ts'

interface Cell {
  readonly column: Column
  value(object: ApiObject, now: number): unknown
}

const column = (name: string, type: string, more: Partial<Column> = {}): Column => ({
  name,
  type,
  description: '',
  priority: 0,
  jsonPath: '',
  ...more,
})
const NAME: Cell = { column: { ...column('Name', 'string'), description: 'Name of the object' }, value: ({ metadata }) => metadata.name }
const AGE: Cell = {
  column: { ...column('Age', 'string'), description: 'Time since the object was made' },
  value: ({ metadata }, now) => age(metadata.creationTimestamp, now),
}
const cell = (name: string, type: string, value: Cell['value']): Cell => ({ column: column(name, type), value })
const count =
  (field: string): Cell['value'] =>
  (object) =>
    Object.keys(recordAt(object, field)).length

const BUILT_IN: Readonly<Record<string, readonly Cell[]>> = {
  Namespace: [cell('Status', 'string', (object) => textAt(recordAt(object, 'status'), 'phase'))],
  Secret: [cell('Type', 'string', ({ type }) => type), cell('Data', 'integer', count('data'))],
  ConfigMap: [cell('Data', 'integer', count('data'))],
  Lease: [cell('Holder', 'string', (object) => textAt(recordAt(object, 'spec'), 'holderIdentity'))],
  Node: [cell('Status', 'string', readiness)],
  Pod: [
    cell('Status', 'string', (object) => textAt(recordAt(object, 'status'), 'phase')),
    cell('Node', 'string', (object) => textAt(recordAt(object, 'spec'), 'nodeName')),
  ],
  Service: [cell('Cluster-IP', 'string', (object) => textAt(recordAt(object, 'spec'), 'clusterIP'))],
  RoleBinding: [cell('Role', 'string', roleName)],
  ClusterRoleBinding: [cell('Role', 'string', roleName)],
  Event: [cell('Reason', 'string', ({ reason }) => reason), cell('Message', 'string', ({ message }) => message)],
}

function cellsOf(served: Served): Cell[] {
  if (served.custom === undefined) return [NAME, ...(BUILT_IN[served.kind] ?? []), AGE]
  const own = served.custom.columns.map((of) => ({ column: of, value: (object: ApiObject, now: number) => custom(of, object, now) }))
  return [NAME, ...own, ...(own.some(({ column: of }) => of.name === 'Age') ? [] : [AGE])]
}

/** How a client wants the objects of rows: their metadata, all of them, or not at all. */
export type RowObject = 'Metadata' | 'Object' | 'None'
export interface TableOptions {
  readonly served: Served
  readonly now: number
  readonly include: RowObject
}

export function tableText(items: readonly Item[], options: TableOptions, page: Pick<Page, 'version' | 'next' | 'remaining'>): string {
  const cells = cellsOf(options.served)
  const metadata = {
    resourceVersion: String(page.version),
    ...(page.next !== undefined && { continue: page.next }),
    ...(page.remaining !== undefined && { remainingItemCount: page.remaining }),
  }
  return JSON.stringify({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: cells.map(({ column: { jsonPath: _, ...of } }) => ({ ...of, format: of.name === 'Name' ? 'name' : '' })),
    rows: items.map((item) => rowOf(item, cells, options)),
  })
}

function rowOf(item: Item, cells: readonly Cell[], { now, include }: TableOptions): Json {
  const object = parseStored(item.text)
  const shown = include === 'Object' ? object : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
  return { cells: cells.map(({ value }) => value(object, now) ?? null), ...(include !== 'None' && { object: shown }) }
}

function custom({ type, jsonPath }: Column, object: ApiObject, now: number): unknown {
  const found = atPath(object, jsonPath)
  if (found === undefined || found === null) return type === 'date' ? '<unknown>' : ''
  if (type === 'date') return age(String(found), now)
  if (type === 'integer' || type === 'number' || type === 'boolean') return found
  return typeof found === 'string' ? found : JSON.stringify(found)
}

/** The simple paths that columns use: `.spec.subnets[0]`, `.metadata.labels.a\.b`. */
function atPath(object: ApiObject, path: string): unknown {
  const steps = path.match(/(?:\\.|[^.[\]\\])+/g) ?? []
  return steps.reduce<unknown>((here, step) => {
    if (Array.isArray(here)) return step === '*' ? here : here[Number(step)]
    return isRecord(here) ? here[step.replaceAll('\\', '')] : undefined
  }, object)
}

function readiness(object: ApiObject): string {
  const conditions = listOf(recordAt(object, 'status').conditions).filter(isRecord)
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True') ? 'Ready' : 'NotReady'
}
function roleName(object: ApiObject): string {
  const ref = recordAt(object, 'roleRef')
  return `${textAt(ref, 'kind')}/${textAt(ref, 'name')}`
}

/** As kubectl says ages: 45s, 3m20s, 5h10m, 3d, 2y. */
export function age(since: string | undefined, now: number): string {
  const from = Date.parse(since ?? '')
  if (Number.isNaN(from)) return '<unknown>'
  const seconds = Math.max(0, Math.floor((now - from) / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return joined(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return joined(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return joined(days, 'd', hours % 24, 'h')
  return days < 365 * 2 ? `${days}d` : joined(Math.floor(days / 365), 'y', days % 365, 'd')
}

const joined = (high: number, unit: string, low: number, lowUnit: string): string => `${high}${unit}${low === 0 ? '' : `${low}${lowUnit}`}`
