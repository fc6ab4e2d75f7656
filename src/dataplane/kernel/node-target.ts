import type { Exec } from '../../system/exec.ts'
import { NOTHING, type NodePlan, VX_DEVICE } from '../node/state.ts'
import type { Target } from '../target.ts'
import { chainDrops, chainPuts, NO_CHANGE, type SeenTable } from './chains.ts'
import type { Focus } from './focus.ts'
import { restore } from './iptables.ts'
import { dropPeers, dropRoute, linkChanges, putPeers, putRoutes } from './link-changes.ts'
import { routeWords } from './links.ts'
import { needing } from './needing.ts'
import { type NodeOptions, readNode, type Seen } from './read.ts'
import { setChanges } from './sets.ts'
import { attempt, batch, type Step } from './steps.ts'
import { applySysctls, planSysctls } from './sysctls.ts'
import { unguardedIn } from './unguarded.ts'

export interface NodeTarget extends Target<NodePlan> {
  /** With a focus nothing but what it names is touched: enough where the rest was as it should be a moment ago. */
  reconcile(plan: NodePlan, focus?: Focus): Promise<readonly string[]>
  /** What of the plan's protection is not in force at this moment, one line each; none when all is. */
  unguarded(plan: NodePlan): Promise<readonly string[]>
}

/** A node's kernel. A pass that fails has put what it could and dropped nothing; the next one goes on from there. */
export function openNode(given: NodeOptions): NodeTarget {
  const options = { ...given, exec: needing(given.exec) }
  const reconcile = async (plan: NodePlan, focus?: Focus): Promise<readonly string[]> => {
    const done = focus === undefined ? undefined : await applyWithin(options.exec, focus)
    return done ?? (await apply(options, plan, await readNode(options)))
  }
  return {
    reconcile,
    cleanUp: async () => void (await reconcile(NOTHING)),
    unguarded: async (plan) => unguardedIn(await readNode(options), plan),
  }
}

/** Protection first, then ways, and what is no longer wanted last. */
async function apply({ exec, files, runDir }: NodeOptions, plan: NodePlan, seen: Seen): Promise<readonly string[]> {
  const { iptables, links } = seen
  const { backend, other } = iptables
  const sets = setChanges(seen.sets, plan.sets)
  const paths = linkChanges(links, plan)
  const tables = sets.isStale ? iptables.tables.map(withoutOurs) : iptables.tables
  const devices = new Set([...links.devices.keys(), ...(plan.link === undefined ? [] : [VX_DEVICE])])
  const ip = (lines: readonly string[]): Step => batch(exec, ['ip', '-force', '-batch', '-'], lines)
  const bridge = (lines: readonly string[]): Step => batch(exec, ['bridge', '-force', '-batch', '-'], lines)
  const ipset = (lines: readonly string[]): Step => batch(exec, ['ipset', '-exist', 'restore'], lines)
  const put = await attempt([
    // Sets that another version made otherwise are made anew, for which no rule may name them.
    () => restore(exec, backend, sets.isStale ? chainDrops(iptables.tables, []) : NO_CHANGE),
    ipset(sets.put),
    () => restore(exec, backend, chainPuts(tables, plan.chains)),
    ip(paths.base),
    async () => applySysctls(files, await planSysctls(files, runDir, plan.sysctls, devices)),
    bridge(paths.bridge),
    ip(paths.paths),
  ])
  const dropped = await attempt([
    ip(paths.drops),
    bridge(paths.bridgeDrops),
    () => restore(exec, backend, chainDrops(tables, plan.chains)),
    () => (other === undefined ? Promise.resolve([]) : restore(exec, other.backend, chainDrops(other.tables, []))),
    ipset([...sets.drop, ...sets.destroy]),
  ])
  return [...put, ...dropped]
}

/** What differs, in words that hold whatever the kernel has, so that nothing is read; undefined where it refuses one: then all has to be looked at. */
async function applyWithin(exec: Exec, { put, drop, sets, peers }: Focus): Promise<readonly string[] | undefined> {
  const [come, gone] = [putPeers(peers.put), dropPeers(peers.drop)]
  const bridge = (lines: readonly string[]): Step => batch(exec, ['bridge', '-batch', '-'], lines)
  const ip = batch(exec, ['ip', '-batch', '-'], [...come.ip, ...putRoutes(put), ...drop.map(routeWords).map(dropRoute), ...gone.ip])
  const ipset = (lines: readonly string[]): Step => batch(exec, ['ipset', '-exist', 'restore'], lines)
  const puts = ipset(sets.flatMap(({ name, put: networks }) => networks.map((network) => `add ${name} ${network}`)))
  const drops = ipset(sets.flatMap(({ name, drop: networks }) => networks.map((network) => `del ${name} ${network}`)))
  const said: string[] = []
  try {
    for (const step of [puts, bridge(come.bridge), ip, bridge(gone.bridge), drops]) said.push(...(await step()))
    return said
  } catch {
    return undefined
  }
}

const withoutOurs = (table: SeenTable): SeenTable => ({
  ...table,
  own: new Map(),
  hooks: new Map([...table.hooks].map(([hook, rules]) => [hook, rules.filter((rule) => !/(?:^|\s)-[jg] SUBMARINER-/.test(rule))])),
})
