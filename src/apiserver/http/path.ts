import type { KindTable, Served } from '../kinds/served.ts'
import { badRequest } from '../objects/status.ts'

/** What a path leads to. */
export type Target =
  | {
      readonly what: 'objects'
      readonly served: Served
      /** "" for all, and for kinds without one. */
      readonly namespace: string
      /** "" for the collection. */
      readonly name: string
      readonly subresource: 'status' | undefined
    }
  | { readonly what: 'path'; readonly path: string }

/** Undefined where nothing is. Throws 400 for what is no path. */
export function parsePath(table: KindTable, path: string): Target {
  const steps = path.split('/').slice(1).map(decoded)
  const [root, ...rest] = steps
  const [group, version, after] = root === 'api' ? ['', rest[0], rest.slice(1)] : root === 'apis' ? [rest[0], rest[1], rest.slice(2)] : []
  const plain: Target = { what: 'path', path }
  if (group === undefined || version === undefined || after === undefined || after.length === 0) return plain
  const isScoped = after[0] === 'namespaces' && after.length > 2 && !(group === '' && after.length === 3 && after[2] === 'status')
  const [plural = '', name = '', subresource, more] = isScoped ? after.slice(2) : after
  const served = table.at(group, version, plural)
  if (served === undefined || more !== undefined || (isScoped && !served.namespaced)) return plain
  if (subresource !== undefined && !(subresource === 'status' && served.hasStatus)) return plain
  // One object of a kind with namespaces is only found in its own.
  if (name !== '' && served.namespaced && !isScoped) return plain
  const namespace = isScoped ? (after[1] ?? '') : ''
  return { what: 'objects', served, namespace, name, subresource: subresource === undefined ? undefined : 'status' }
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    throw badRequest('the path is not well encoded')
  }
}
