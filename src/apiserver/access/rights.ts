// Rights as Roles, ClusterRoles and their bindings give them (RBAC). What is not allowed is refused.
import { isRecord, type Json, listOf, parseStored, recordAt, textAt } from '../objects/json.ts'
import type { Item, Reader } from '../storage/item.ts'
import { AUTHENTICATED, MASTERS, type User } from './user.ts'

/** What is asked for. `resource` holds the subresource, as in `nodes/status`. */
export interface ResourceAsk {
  readonly verb: string
  readonly group: string
  readonly resource: string
  /** "" for kinds without one, and for all namespaces. */
  readonly namespace: string
  /** "" for a whole collection. */
  readonly name: string
}
export interface PathAsk {
  readonly verb: string
  readonly path: string
}
export interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
  readonly nonResourceURLs: readonly string[]
}

const ANYBODY = ['/healthz', '/livez', '/readyz', '/version']
const KNOWN_USERS = ['/api', '/apis', '/openapi/v2', '/openapi/v3', '/version']

export function mayAsk(user: User, ask: ResourceAsk, reader: Reader): boolean {
  if (user.groups.includes(MASTERS)) return true
  for (const rule of rulesOf(user, ask.namespace, reader)) if (ruleAllows(rule, ask)) return true
  return false
}

export function mayReadPath(user: User, { verb, path }: PathAsk, reader: Reader): boolean {
  if (user.groups.includes(MASTERS)) return true
  const under = (known: string): boolean => path === known || path.startsWith(`${known}/`)
  if (verb === 'get' && ANYBODY.some(under)) return true
  if (verb === 'get' && user.groups.includes(AUTHENTICATED) && KNOWN_USERS.some(under)) return true
  for (const { verbs, nonResourceURLs } of rulesOf(user, '', reader)) {
    const fits = nonResourceURLs.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))))
    if (fits && (verbs.includes(verb) || verbs.includes('*'))) return true
  }
  return false
}

export function ruleAllows(rule: Rule, { verb, group, resource, name }: ResourceAsk): boolean {
  const has = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value)
  const [, subresource] = resource.split('/')
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, group) &&
    (has(rule.resources, resource) || (subresource !== undefined && rule.resources.includes(`*/${subresource}`))) &&
    (rule.resourceNames.length === 0 || (name !== '' && rule.resourceNames.includes(name)))
  )
}

/** The rules that bindings give to the user, in the namespace and everywhere. */
function* rulesOf(user: User, namespace: string, reader: Reader): Generator<Rule> {
  const bindings = [...reader.all('ClusterRoleBinding'), ...(namespace === '' ? [] : reader.all('RoleBinding', namespace))]
  for (const item of bindings) {
    const { subjects, role } = bindingOf(item)
    if (subjects.some((subject) => isSubject(subject, user, item.namespace))) yield* rulesOfRole(role, item.namespace, reader)
  }
}

export interface RoleRef {
  readonly kind: string
  readonly name: string
}
export function rulesOfRole({ kind, name }: RoleRef, namespace: string, reader: Reader): readonly Rule[] {
  const inNamespace = kind === 'Role' ? namespace : ''
  const item = kind === 'Role' || kind === 'ClusterRole' ? reader.get(kind, inNamespace, name) : undefined
  return item === undefined ? [] : roleOf(item)
}

function isSubject(subject: Json, user: User, namespace: string): boolean {
  const name = textAt(subject, 'name')
  const kind = textAt(subject, 'kind')
  if (kind === 'User') return name === user.name
  if (kind === 'Group') return user.groups.includes(name)
  return kind === 'ServiceAccount' && user.name === `system:serviceaccount:${textAt(subject, 'namespace') || namespace}:${name}`
}

interface Binding {
  readonly subjects: readonly Json[]
  readonly role: RoleRef
}
// What is stored does not change: each text is read once.
const bindings = new WeakMap<Item, Binding>()
const roles = new WeakMap<Item, readonly Rule[]>()

function bindingOf(item: Item): Binding {
  const known = bindings.get(item)
  if (known !== undefined) return known
  const object = parseStored(item.text)
  const binding = { subjects: listOf(object.subjects).filter(isRecord), role: roleRefOf(object) }
  bindings.set(item, binding)
  return binding
}

function roleOf(item: Item): readonly Rule[] {
  const known = roles.get(item)
  if (known !== undefined) return known
  const rules = readRules(parseStored(item.text))
  roles.set(item, rules)
  return rules
}

export const roleRefOf = (binding: Json): RoleRef => {
  const ref = recordAt(binding, 'roleRef')
  return { kind: textAt(ref, 'kind'), name: textAt(ref, 'name') }
}

export const readRules = (role: Json): readonly Rule[] =>
  listOf(role.rules)
    .filter(isRecord)
    .map((rule) => ({
      verbs: texts(rule.verbs),
      apiGroups: texts(rule.apiGroups),
      resources: texts(rule.resources),
      resourceNames: texts(rule.resourceNames),
      nonResourceURLs: texts(rule.nonResourceURLs),
    }))
const texts = (value: unknown): string[] => listOf(value).filter((item) => typeof item === 'string')
