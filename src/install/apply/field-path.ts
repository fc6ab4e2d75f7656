// Paths of fields as an API server writes them: `.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].name`.
import { isRecord } from '../tree.ts'

/** What a path leads to: nothing where it stands for no field of the object. */
export type Found = { readonly value: unknown } | undefined

/** The value at a path in an object. */
export function fieldAt(object: unknown, path: string): Found {
  if (path === '') return { value: object }
  if (path.startsWith('.') && isRecord(object)) return underKey(object, path.slice(1))
  if (path.startsWith('[') && Array.isArray(object)) return inList(object, path)
  return undefined
}

/** Names of fields may have dots and stand unquoted, as labels do: of those that fit the one counts under which the rest is found. */
function underKey(object: Readonly<Record<string, unknown>>, path: string): Found {
  const keys = Object.keys(object).filter((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`))
  for (const key of keys.sort((a, b) => b.length - a.length)) {
    const found = fieldAt(object[key], path.slice(key.length))
    if (found !== undefined) return found
  }
  return undefined
}

/** `[name="a"]` and `[=3]` name an item by what it holds, `[3]` by its place. */
function inList(list: readonly unknown[], path: string): Found {
  const [whole = '', inner = ''] = /^\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]/.exec(path) ?? []
  if (whole === '') return undefined
  const rest = path.slice(whole.length)
  if (/^\d+$/.test(inner)) return Number(inner) < list.length ? fieldAt(list[Number(inner)], rest) : undefined
  const wanted = [...inner.matchAll(/(?:^|,)([^=,"]*)=("(?:[^"\\]|\\.)*"|[^,"]+)/g)].map(([, key = '', text = '']) => [key, text] as const)
  const item = list.find(
    (one) =>
      wanted.length > 0 && wanted.every(([key, text]) => JSON.stringify(key === '' ? one : isRecord(one) ? one[key] : undefined) === text),
  )
  return item === undefined ? undefined : fieldAt(item, rest)
}
