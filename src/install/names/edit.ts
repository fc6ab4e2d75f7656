// A change of one text, or list, of an object that is not ours: what it was, what it becomes, and the way back.
import type { MapText } from './facts.ts'
import { CREATED_ANNOTATION } from './facts.ts'

export interface Edit {
  readonly kind: 'ConfigMap' | 'DNS'
  readonly namespace: string | undefined
  readonly name: string
  /** The field, such as `data`, `Corefile`. */
  readonly path: readonly [string, string]
  /** Undefined: it is not there. */
  readonly before: unknown
  readonly after: unknown
  /** Annotations beside it, before and after; null where there is none. */
  readonly annotations?: Readonly<Record<string, readonly [string | null, string | null]>>
  /** The object itself comes, or goes, with the change. */
  readonly object?: 'create' | 'remove'
}

export const isChange = ({ before, after, object }: Edit): boolean =>
  object === 'remove' || JSON.stringify(before) !== JSON.stringify(after)

/** `ConfigMap kube-system/coredns`. */
export const editTitle = ({ kind, namespace, name }: Edit): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

/** The text of a ConfigMap made another one. A key, or a ConfigMap, that was not there before is marked so that it can go again. */
export function putText(map: MapText, after: string): Edit {
  const created = map.isThere ? (map.text === undefined ? 'key' : undefined) : 'map'
  return {
    ...placeOf(map),
    after,
    ...(created !== undefined && { annotations: { [CREATED_ANNOTATION]: [map.annotations[CREATED_ANNOTATION] ?? null, created] } }),
    ...(created === 'map' && { object: 'create' as const }),
  }
}

/** The text as it was without us; undefined: the key goes, and with it a ConfigMap that came with us and has nothing else. */
export function takeText(map: MapText, after: string | undefined): Edit {
  const mark = map.annotations[CREATED_ANNOTATION]
  return {
    ...placeOf(map),
    after,
    ...(mark !== undefined && { annotations: { [CREATED_ANNOTATION]: [mark, null] } }),
    ...(mark === 'map' && after === undefined && Object.keys(map.others).length === 0 && { object: 'remove' as const }),
  }
}

const placeOf = ({ namespace, name, key, text }: MapText): Pick<Edit, 'kind' | 'namespace' | 'name' | 'path' | 'before'> => ({
  kind: 'ConfigMap',
  namespace,
  name,
  path: ['data', key],
  before: text,
})

/** The way back, for right after the change: exactly what was there. */
export const undo = (edit: Edit): Edit => ({
  ...edit,
  before: edit.after,
  after: edit.before,
  annotations: Object.fromEntries(Object.entries(edit.annotations ?? {}).map(([key, [from, to]]) => [key, [to, from] as const])),
  ...(edit.object === 'create' && { object: 'remove' as const }),
})

/** The lines that differ, for people: `+` comes, `-` goes. */
export function diffLines({ before, after }: Edit): readonly string[] {
  const [old, fresh] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1
  let end = 0
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1
  return [
    ...old.slice(start, old.length - end).map((line) => `- ${line}`),
    ...fresh.slice(start, fresh.length - end).map((line) => `+ ${line}`),
  ]
}
const linesOf = (value: unknown): readonly string[] => {
  if (value === undefined) return []
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return text.replace(/\n$/, '').split('\n')
}
