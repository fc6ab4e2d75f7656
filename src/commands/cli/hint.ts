// A line that is printed to be typed must reach the cluster that it is about: what named the cluster on the command line is named in it too.
import type { Given } from './given.ts'
import type { CommandSpec } from './specs/spec.ts'

/** Commands that act on the cluster which they are given; others go to the broker's, or to none. */
const OF_CLUSTER = ['join', 'upgrade', 'uninstall', 'verify', 'show', 'export', 'unexport', 'resolve'] as const

/** How a cluster of this context is named on a command line; `current` is the name of none. */
export function contextFlags(given: Given, name: string, env: Readonly<Record<string, string | undefined>>): string {
  const kubeconfig = given.text('kubeconfig')
  const file = kubeconfig === undefined || kubeconfig === env.KUBECONFIG ? '' : ` --kubeconfig ${kubeconfig}`
  return name === 'current' ? file : `${file} --context ${name}`
}

/** What the command line said of the cluster, as flags: ` --context east`, or `` where nothing did. */
export function placeFlags(spec: CommandSpec, given: Given, env: Readonly<Record<string, string | undefined>>): string {
  const has = (flag: string): boolean => spec.flags.some(({ name }) => name === flag)
  if (!OF_CLUSTER.some((name) => name === spec.name) || !has('context')) return ''
  return contextFlags(given, given.text('context') ?? 'current', env)
}

const COMMAND = new RegExp(
  `\\bsubctl (?:${OF_CLUSTER.join('|')})\\b(?: (?:all|clusters|endpoints|gateways|connections|route-agents|services)\\b)?`,
  'g',
)
/** A flag that names a cluster, ahead of where the next command or sentence begins. */
const NAMED = /^(?:(?!\bsubctl )[^`;\n])*?--(?:contexts?|kubeconfig)\b/

/** The text with the flags behind each command of a cluster in it that does not name one. */
export const pointed = (text: string, flags: string): string =>
  flags === ''
    ? text
    : text.replace(COMMAND, (command, offset: number) => (NAMED.test(text.slice(offset + command.length)) ? command : `${command}${flags}`))
