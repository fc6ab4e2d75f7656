// Names of sets that say what is in them.
import { sha256 } from '../../system/digest.ts'
import type { IpSet, NodePlan, OwnName } from './state.ts'

/** Of the digest; the kernel takes names of 31 characters. */
const DIGITS = 8

/**
 * The same plan with sets that change their names with their contents, in the rules too. A program that writes sets back as it has read them (kube-router
 * before 2.6.2, and so k3s) then never undoes a change: it does not know the new name, and no rule knows the old one.
 */
export function namedByContents(plan: NodePlan): NodePlan {
  const names = new Map(plan.sets.map((set): [string, OwnName] => [set.name, nameOf(set)]))
  const renamed = (rule: string): string => rule.replace(/(?<=--match-set )\S+/g, (name) => names.get(name) ?? name)
  return {
    ...plan,
    sets: plan.sets.map(({ name, networks }) => ({ name: names.get(name) ?? name, networks })),
    chains: plan.chains.map((chain) => ({ ...chain, rules: chain.rules.map(renamed) })),
  }
}

const nameOf = ({ name, networks }: IpSet): OwnName => `${name}-${sha256(networks.join()).slice(0, DIGITS)}`
