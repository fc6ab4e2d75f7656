// What two plans differ in, where that is little: then a pass has little to look at.
import { canonical } from '../../model/canonical.ts'
import type { Cidr } from '../../model/net.ts'
import type { IpSet, NodePlan, OwnName, Route } from '../node/state.ts'

/** What a pass is confined to: the routes to these networks, and these sets. */
export interface Focus {
  readonly networks: ReadonlySet<Cidr>
  readonly sets: ReadonlySet<OwnName>
}

/** With more networks than this to ask for, reading everything costs no more. */
const MOST_NETWORKS = 16

/** Undefined where plans differ in more than a few networks. */
export function focusOf(before: NodePlan, after: NodePlan): Focus | undefined {
  if (restOf(before) !== restOf(after)) return undefined
  const networks = differing(before.routes, after.routes)
  const former = new Map(before.sets.map((set) => [set.name, set]))
  if (former.size !== after.sets.length || after.sets.some(({ name }) => !former.has(name))) return undefined
  const sets = after.sets.filter((set) => !isSameSet(set, former.get(set.name))).map(({ name }) => name)
  return networks.size > MOST_NETWORKS ? undefined : { networks, sets: new Set(sets) }
}

export const isNothing = ({ networks, sets }: Focus): boolean => networks.size === 0 && sets.size === 0

export const within = (plan: NodePlan, { networks, sets }: Focus): NodePlan => ({
  ...plan,
  routes: plan.routes.filter(({ to }) => networks.has(to)),
  sets: plan.sets.filter(({ name }) => sets.has(name)),
})

const restOf = ({ link, peers, rules, chains, sysctls }: NodePlan): string => canonical({ link, peers, rules, chains, sysctls })

function differing(before: readonly Route[], after: readonly Route[]): ReadonlySet<Cidr> {
  const keyOf = ({ table, to, dev }: Route): string => `${to} ${table} ${dev === undefined ? 'reject' : 'way'}`
  const left = new Map(before.map((route) => [keyOf(route), route]))
  const found = new Set<Cidr>()
  for (const route of after) {
    const key = keyOf(route)
    const former = left.get(key)
    left.delete(key)
    if (former === undefined || !isSameRoute(former, route)) found.add(route.to)
  }
  for (const { to } of left.values()) found.add(to)
  return found
}

const isSameRoute = (a: Route, b: Route): boolean => a.dev === b.dev && a.via === b.via && a.src === b.src
const isSameSet = (a: IpSet, b: IpSet | undefined): boolean =>
  a.networks.length === b?.networks.length && a.networks.every((network, i) => network === b.networks[i])
