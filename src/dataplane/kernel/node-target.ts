import type { Exec } from '../../system/exec.ts'
import { NOTHING, type NodePlan, VX_DEVICE } from '../node/state.ts'
import type { Target } from '../target.ts'
import { chainDrops, chainPuts, type SeenTable } from './chains.ts'
import { restore } from './iptables.ts'
import { linkChanges } from './link-changes.ts'
import { type NodeOptions, readNode, type Seen } from './read.ts'
import { setChanges } from './sets.ts'
import { applySysctls, planSysctls } from './sysctls.ts'
import { unguardedIn } from './unguarded.ts'

export interface NodeTarget extends Target<NodePlan> {
  /** What of the plan's protection is not in force at this moment, one line each; none when all is. */
  unguarded(plan: NodePlan): Promise<readonly string[]>
}

/** A node's kernel. A pass that fails has changed what it could; the next one goes on from there. */
export function openNode(options: NodeOptions): NodeTarget {
  const reconcile = async (plan: NodePlan): Promise<readonly string[]> => apply(options, plan, await readNode(options))
  return {
    reconcile,
    cleanUp: async () => void (await reconcile(NOTHING)),
    unguarded: async (plan) => unguardedIn(await readNode(options), plan),
  }
}

/** Protection first, then ways, and what is no longer wanted last. */
async function apply({ exec, files, runDir }: NodeOptions, plan: NodePlan, seen: Seen): Promise<readonly string[]> {
  const { iptables, links } = seen
  const { backend } = iptables
  const sets = setChanges(seen.sets, plan.sets)
  const paths = linkChanges(links, plan)
  const ip = (lines: readonly string[]): Promise<readonly string[]> => batch(exec, ['ip', '-force', '-batch', '-'], lines)
  const bridge = (lines: readonly string[]): Promise<readonly string[]> => batch(exec, ['bridge', '-force', '-batch', '-'], lines)
  const ipset = (lines: readonly string[]): Promise<readonly string[]> => batch(exec, ['ipset', '-exist', 'restore'], lines)
  const unlock = sets.isStale ? await restore(exec, backend, chainDrops(iptables.tables, [])) : []
  const tables = sets.isStale ? iptables.tables.map(withoutOurs) : iptables.tables
  const said: string[] = [...unlock]
  said.push(...(await ipset(sets.put)))
  said.push(...(await restore(exec, backend, chainPuts(tables, plan.chains))))
  said.push(...(await ip(paths.base)))
  const devices = new Set([...links.devices.keys(), ...(plan.link === undefined ? [] : [VX_DEVICE])])
  const sysctls = await planSysctls(files, runDir, plan.sysctls, devices)
  said.push(...(await applySysctls(files, sysctls)))
  said.push(...(await bridge(paths.bridge)), ...(await ip(paths.paths)))
  said.push(...(await ip(paths.drops)), ...(await bridge(paths.bridgeDrops)))
  said.push(...(await restore(exec, backend, chainDrops(tables, plan.chains))))
  if (iptables.other !== undefined) said.push(...(await restore(exec, iptables.other.backend, chainDrops(iptables.other.tables, []))))
  said.push(...(await ipset([...sets.drop, ...sets.destroy])))
  return said
}

const withoutOurs = (table: SeenTable): SeenTable => ({
  ...table,
  own: new Map(),
  hooks: new Map([...table.hooks].map(([hook, rules]) => [hook, rules.filter((rule) => !/(?:^|\s)-[jg] SUBMARINER-/.test(rule))])),
})

async function batch(exec: Exec, argv: readonly [string, ...string[]], lines: readonly string[]): Promise<readonly string[]> {
  if (lines.length > 0) await exec(argv, { input: `${lines.join('\n')}\n` })
  return lines
}
