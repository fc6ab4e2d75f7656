// Which lines of `ip monitor` a node's plan has to be compared with the kernel for. Others tell of what the plan wants, mostly because we did it.
import { remembered } from '../../model/canonical.ts'
import type { Cidr } from '../../model/net.ts'
import { lowerBound } from '../../model/sorted.ts'
import { type NodePlan, OWNER, ROUTE_ORDER, VX_DEVICE } from '../node/state.ts'
import { vxWords } from './links.ts'

/** The arguments whose output is judged here, an entry a line. */
export const MONITOR = ['ip', '-N', '-o', 'monitor', 'link', 'address', 'route', 'rule'] as const

/**
 * Whether a line tells of something that the plan does not say itself. Routes, rules and the VXLAN are judged; other links and their IPv4 addresses always
 * matter, those of IPv6 never: no plan has any. Rules of others matter at our priorities alone: there they can stand in the place of ours.
 */
export function isNews(line: string, plan: NodePlan | undefined): boolean {
  const isGone = line.startsWith('Deleted ')
  const words = (isGone ? line.slice('Deleted '.length) : line).trim().split(/\s+/)
  const [first = ''] = words
  if (plan === undefined) return true
  const known = plannedIn(plan)
  const isOurs = wordAfter(words, 'proto') === String(OWNER)
  if (/^\d+:$/.test(first) && words.includes('lookup')) {
    if (!isOurs) return known.priorities.has(Number.parseInt(first, 10))
    return known.rules.has(ruleText(Number.parseInt(first, 10), wordAfter(words, 'iif'), wordAfter(words, 'lookup'))) === isGone
  }
  if (/^\d+:$/.test(first)) return words[2] !== 'inet6' && (isGone || !isVxOf(plan, words))
  return isOurs && hasRoute(plan, words) === isGone
}

/**
 * Whether a link or an address is the VXLAN's as the plan has it, or on its way there: a link that has never been up (`noop`) is being made, and nobody but
 * us makes it. One that is down after that has lost its routes, of which the kernel tells nothing, and comes up without them.
 */
function isVxOf({ link }: NodePlan, [, name = '', ...words]: readonly string[]): boolean {
  if (link === undefined || name.replace(/:$/, '') !== VX_DEVICE) return false
  if (words[0] === 'inet') return words[1] === vxWords(link).address
  if (wordAfter(words, 'qdisc') === 'noop') return true
  const mac = words[words.findIndex((word) => word.startsWith('link/')) + 1]
  return /[<,]UP[,>]/.test(words[0] ?? '') && wordAfter(words, 'mtu') === String(link.mtu) && mac === link.mac
}

interface Planned {
  readonly rules: ReadonlySet<string>
  readonly priorities: ReadonlySet<number>
}

const plannedIn = remembered(
  (plan: NodePlan): Planned => ({
    rules: new Set(plan.rules.map(({ priority, iif, table }) => ruleText(priority, iif, String(table)))),
    priorities: new Set(plan.rules.map(({ priority }) => priority)),
  }),
)

const ruleText = (priority: number, iif = '', table = ''): string => `${priority} ${iif} ${table}`
/** Whether the plan has the route. A type of route, which is a number here, stands ahead of the network; without one the route leads somewhere. */
function hasRoute({ routes }: NodePlan, words: readonly string[]): boolean {
  const to = (/^\d+$/.test(words[0] ?? '') ? words[1] : words[0]) ?? ''
  const [table, dev, via] = ['table', 'dev', 'via'].map((key) => wordAfter(words, key))
  const told = { table: Number(table), to: (to.includes('/') ? to : `${to}/32`) as Cidr, ...(dev !== undefined && { dev }) }
  const found = routes[lowerBound(routes, (route) => ROUTE_ORDER.compare(route, told) < 0)]
  return found !== undefined && found.table === told.table && found.to === told.to && found.dev === dev && found.via === via
}

function wordAfter(words: readonly string[], key: string): string | undefined {
  const at = words.indexOf(key)
  return at === -1 ? undefined : words[at + 1]
}
