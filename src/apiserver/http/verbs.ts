import type { ResourceAsk } from '../access/rights.ts'
import type { User } from '../access/user.ts'
import { forbidden, methodNotAllowed, StatusError } from '../objects/status.ts'
import { fieldSelector } from '../reads/select.ts'
import type { Ask } from './ask.ts'
import { isOn } from './ask.ts'
import type { Target } from './path.ts'

type Objects = Extract<Target, { what: 'objects' }>

const OF_OBJECT: Readonly<Record<string, string>> = { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
const OF_COLLECTION: Readonly<Record<string, string>> = { GET: 'list', POST: 'create', DELETE: 'deletecollection' }

/** The request as rights speak of it. Throws 405 for a method that its target does not have. */
export function resourceAsk({ method, query }: Ask, { served, namespace, name, subresource }: Objects): ResourceAsk {
  const table = name === '' ? OF_COLLECTION : OF_OBJECT
  const verb = Object.hasOwn(table, method) ? table[method] : undefined
  const isLost = served.namespaced && namespace === '' && verb !== 'list'
  if (verb === undefined || isLost || (subresource !== undefined && verb === 'delete')) throw methodNotAllowed()
  const isWatch = method === 'GET' && isOn(query, 'watch')
  return {
    verb: isWatch ? 'watch' : verb,
    group: served.group,
    resource: subresource === undefined ? served.plural : `${served.plural}/${subresource}`,
    namespace: served.kind === 'Namespace' ? name : namespace,
    name: name !== '' ? name : verb === 'list' ? (fieldSelector(served, query.get('fieldSelector') ?? '').name ?? '') : '',
  }
}

export function refusal(user: User, { served }: Objects, ask: ResourceAsk): StatusError {
  const where = ask.namespace === '' ? 'at the cluster scope' : `in the namespace "${ask.namespace}"`
  const what = `cannot ${ask.verb} resource "${ask.resource}" in API group "${ask.group}" ${where}`
  return forbidden(served, ask.name, `User "${user.name}" ${what}`)
}

export const pathRefusal = (user: User, { method, path }: Ask): StatusError =>
  new StatusError(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${method.toLowerCase()} path "${path}"`, {})
