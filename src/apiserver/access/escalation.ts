// Nobody gives rights that they do not have themselves, unless they may `escalate` a role or `bind` to it.
import type { Served } from '../kinds/served.ts'
import type { ApiObject } from '../objects/json.ts'
import type { Reader } from '../storage/item.ts'
import { mayAsk, mayReadPath, type ResourceAsk, type Rule, readRules, roleRefOf, rulesOfRole } from './rights.ts'
import type { User } from './user.ts'

const GROUP = 'rbac.authorization.k8s.io'

/** Why the user may not write this role or binding; undefined for other kinds, and where it is allowed. */
export function escalation(user: User, served: Served, object: ApiObject, reader: Reader): string | undefined {
  const { namespace = '', name } = object.metadata
  const may = (verb: string, resource: string, of: string): boolean =>
    mayAsk(user, { verb, group: GROUP, resource, namespace, name: of }, reader)
  if (served.kind === 'Role' || served.kind === 'ClusterRole') {
    if (may('escalate', served.plural, name)) return undefined
    return missing(user, readRules(object), namespace, reader)
  }
  if (served.kind === 'RoleBinding' || served.kind === 'ClusterRoleBinding') {
    const ref = roleRefOf(object)
    if (may('bind', ref.kind === 'Role' ? 'roles' : 'clusterroles', ref.name)) return undefined
    const rules = rulesOfRole(ref, namespace, reader)
    if (rules.length === 0) return `user "${user.name}" may not bind to a role that does not exist or has no rules`
    return missing(user, rules, namespace, reader)
  }
  return undefined
}

function missing(user: User, rules: readonly Rule[], namespace: string, reader: Reader): string | undefined {
  const lacks = rules.some(
    (rule) =>
      asksOf(rule, namespace).some((ask) => !mayAsk(user, ask, reader)) ||
      rule.nonResourceURLs.some((path) => rule.verbs.some((verb) => !mayReadPath(user, { verb, path }, reader))),
  )
  return lacks ? `user "${user.name}" is attempting to grant RBAC permissions not currently held` : undefined
}

/** Every single thing that a rule allows, one by one: the first that is not held ends the look. `*` is asked for as such: a rule with `*` alone allows it. */
function* asksOf({ verbs, apiGroups, resources, resourceNames }: Rule, namespace: string): Generator<ResourceAsk> {
  const names = resourceNames.length === 0 ? [''] : resourceNames
  for (const group of new Set(apiGroups))
    for (const resource of new Set(resources))
      for (const verb of new Set(verbs)) for (const name of new Set(names)) yield { verb, group, resource, namespace, name }
}
