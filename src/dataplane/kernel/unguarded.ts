// What of a plan's protection is missing in the kernel at this moment, in words.
import type { NodePlan } from '../node/state.ts'
import { chainPuts } from './chains.ts'
import { routeWords, ruleWords } from './links.ts'
import type { Seen } from './read.ts'
import { setChanges } from './sets.ts'

/** One line for each thing that is missing or other than it should be: rejects, the rule that leads to them, packet filter and its sets. */
export function unguardedIn({ links, iptables, sets }: Seen, plan: NodePlan): readonly string[] {
  const routes = new Set(links.routes)
  const rules = new Set([...links.rules, ...links.foreignRules])
  const rejects = plan.routes.filter(({ dev }) => dev === undefined).map(routeWords)
  const changes = setChanges(sets, plan.sets)
  return [
    ...plan.rules.filter((rule) => rule.iif === undefined && !rules.has(ruleWords(rule))).map((rule) => `no rule: ${ruleWords(rule)}`),
    ...rejects.filter((words) => !routes.has(words)).map((words) => `no route: ${words}`),
    ...changes.put.map((line) => `sets: ${line} is missing`),
    ...chainPuts(iptables.tables, plan.chains).said.map(
      (line) => `packet filter (${iptables.backend}): ${line.replace(/ (written|set)$/, '')} not as planned`,
    ),
  ]
}
