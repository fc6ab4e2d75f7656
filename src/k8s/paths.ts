import { KINDS, type Kind } from '../model/kinds.ts'
import type { Query } from './api.ts'

/** Path of a collection, or of one object where a name is given. */
export function pathOf(kind: Kind, namespace: string | undefined, name?: string, subresource?: string): string {
  const { group, version, plural, namespaced } = KINDS[kind]
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${base}${scope}/${plural}${object}${subresource === undefined ? '' : `/${subresource}`}`
}

/** The path with parameters; those without a value are left out. */
export function withParameters(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/** Selection of a list or watch. */
export const selectorsOf = (query: Query): Record<string, string | undefined> => ({
  labelSelector:
    query.labels === undefined || Object.keys(query.labels).length === 0
      ? undefined
      : Object.entries(query.labels)
          .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
          .join(','),
  fieldSelector: query.name === undefined ? undefined : `metadata.name=${query.name}`,
})
