// What two plans differ in, where that is little: then a pass has little to do, and can say it in words that hold whatever the kernel has.
import { canonical } from '../../model/canonical.ts'
import type { Cidr } from '../../model/net.ts'
import type { NodePlan, OwnName, Route } from '../node/state.ts'

/** The routes and the members of sets that a plan has and the one before had not, or had otherwise; and those that it has no more. */
export interface Focus {
  readonly put: readonly Route[]
  readonly drop: readonly Route[]
  readonly sets: readonly SetFocus[]
}
export interface SetFocus {
  readonly name: OwnName
  readonly put: readonly Cidr[]
  readonly drop: readonly Cidr[]
}

/** With more networks than this, reading everything costs no more. */
const MOST_NETWORKS = 16

/** Undefined where plans differ in more than a few networks. */
export function focusOf(before: NodePlan, after: NodePlan): Focus | undefined {
  if (restOf(before) !== restOf(after)) return undefined
  const former = new Map(before.sets.map(({ name, networks }) => [name, networks]))
  if (former.size !== after.sets.length || after.sets.some(({ name }) => !former.has(name))) return undefined
  const sets = after.sets.map(({ name, networks }) => setFocus(name, former.get(name) ?? [], networks))
  const focus = { ...differing(before.routes, after.routes), sets: sets.filter(({ put, drop }) => put.length + drop.length > 0) }
  return networksOf(focus).size > MOST_NETWORKS ? undefined : focus
}

export const isNothing = ({ put, drop, sets }: Focus): boolean => put.length + drop.length + sets.length === 0

const networksOf = ({ put, drop, sets }: Focus): ReadonlySet<Cidr> =>
  new Set([...[...put, ...drop].map(({ to }) => to), ...sets.flatMap((set) => [...set.put, ...set.drop])])

const restOf = ({ link, peers, rules, chains, sysctls }: NodePlan): string => canonical({ link, peers, rules, chains, sysctls })

function setFocus(name: OwnName, before: readonly Cidr[], after: readonly Cidr[]): SetFocus {
  if (before.length === after.length && before.every((network, i) => network === after[i])) return { name, put: [], drop: [] }
  const [had, has] = [new Set(before), new Set(after)]
  return { name, put: after.filter((network) => !had.has(network)), drop: before.filter((network) => !has.has(network)) }
}

function differing(before: readonly Route[], after: readonly Route[]): Pick<Focus, 'put' | 'drop'> {
  const keyOf = ({ table, to, dev }: Route): string => `${to} ${table} ${dev === undefined ? 'reject' : 'way'}`
  const left = new Map(before.map((route) => [keyOf(route), route]))
  const put = after.filter((route) => {
    const key = keyOf(route)
    const former = left.get(key)
    left.delete(key)
    return former === undefined || !isSameRoute(former, route)
  })
  return { put, drop: [...left.values()] }
}

const isSameRoute = (a: Route, b: Route): boolean => a.dev === b.dev && a.via === b.via && a.src === b.src
