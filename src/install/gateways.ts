import { EXIT, UserError } from '../model/errors.ts'
import { GATEWAY_LABEL } from '../model/names.ts'
import { isCordoned } from '../model/nodes.ts'
import type { Node } from '../model/resources.ts'

/** The nodes that carry tunnels, and why these. */
export interface GatewayChoice {
  readonly nodes: readonly string[]
  readonly reason: string
}

/** Nodes that are gateways already. */
export const labelledGateways = (nodes: readonly Node[]): readonly string[] =>
  nodes.filter((node) => node.metadata.labels?.[GATEWAY_LABEL] === 'true').map((node) => node.metadata.name)

/** The gateways where they are settled: named by the user, beside those labelled already. Undefined where there are fewer than `count`. */
export function settledGateways(nodes: readonly Node[], named: readonly string[], count = 1): GatewayChoice | undefined {
  const missing = named.filter((name) => !nodes.some((node) => node.metadata.name === name))
  if (missing.length > 0)
    throw new UserError('SUB0413', `This cluster has no node ${missing.map((name) => `"${name}"`).join(', ')}`, {
      exitCode: EXIT.usage,
      hint: `Its nodes: ${nodes.map((node) => node.metadata.name).join(', ')}`,
    })
  const labelled = labelledGateways(nodes)
  const all = [...new Set([...labelled, ...named])].sort()
  if (all.length < count || all.length === 0) return undefined
  return { nodes: all, reason: named.length > 0 ? '--gateway' : `label ${GATEWAY_LABEL}=true` }
}

/** Throws where the cluster has fewer nodes that could be gateways than are wanted. */
export function checkCount(nodes: readonly Node[], count: number): void {
  const able = new Set([...byFitness(nodes).map(({ metadata }) => metadata.name), ...labelledGateways(nodes)])
  if (count <= Math.max(1, able.size)) return
  throw new UserError(
    'SUB0413',
    `This cluster has ${able.size} node${able.size === 1 ? '' : 's'} that could be gateways, fewer than the ${count} of --gateways`,
    {
      exitCode: EXIT.usage,
      hint: `Ask for at most ${able.size}, or add nodes first. There are: ${[...able].join(', ')}`,
    },
  )
}

/** Nodes in the order they suit as a gateway: ready before not, workers before the control plane, then by name. */
export function candidates(nodes: readonly Node[]): readonly { readonly name: string; readonly reason: string }[] {
  return byFitness(nodes).map((node) => ({ name: node.metadata.name, reason: describe(node) }))
}

/** So many gateways, those settled among them: the best candidates, each in a zone that has none yet as long as there is one. Throws where there is no node at all. */
export function bestGateways(nodes: readonly Node[], count = 1, settled: readonly string[] = []): GatewayChoice {
  const chosen = nodes.filter(({ metadata }) => settled.includes(metadata.name))
  const added: Node[] = []
  while (chosen.length + added.length < count) {
    const taken = new Set([...chosen, ...added])
    const zones = new Set([...taken].map(zoneOf))
    const left = byFitness(nodes).filter((node) => !taken.has(node))
    // A ready node of a zone that has a gateway is better than one that is not ready elsewhere.
    const next = left.find((node) => isReady(node) && !zones.has(zoneOf(node))) ?? left[0]
    if (next === undefined) break
    added.push(next)
  }
  const [best] = added
  if (chosen.length + added.length === 0)
    throw new UserError('SUB0413', 'This cluster has no node that could be its gateway', { hint: 'See `kubectl get nodes`.' })
  const names = [...chosen, ...added].map(({ metadata }) => metadata.name)
  if (best === undefined) return { nodes: names, reason: 'all nodes that there are' }
  const why = added.length === 1 ? describe(best) : added.map((node) => `${node.metadata.name}: ${describe(node)}`).join('; ')
  return { nodes: names.sort(), reason: `chosen: ${why}; --gateway NODE takes another` }
}

/** What the choice of gateways means for the loss of one, where a better one could be made; undefined where none can. */
export function spreadNote(nodes: readonly Node[], gateways: readonly string[]): string | undefined {
  const chosen = nodes.filter(({ metadata }) => gateways.includes(metadata.name))
  const zones = new Set(chosen.map(zoneOf))
  const ready = byFitness(nodes).filter((node) => isReady(node) && !chosen.includes(node))
  const elsewhere = ready.find((node) => zoneOf(node) !== '' && !zones.has(zoneOf(node)))
  const [second] = elsewhere === undefined ? ready : [elsewhere]
  if (second === undefined) return undefined
  const zone = zoneOf(second) === '' ? '' : `, zone ${zoneOf(second)}`
  const also = `--gateway ${second.metadata.name}`
  if (chosen.length === 1)
    return `one gateway: while its node is down no traffic passes between clusters; a second one (${second.metadata.name}${zone}) takes over within seconds: ${also}`
  if (elsewhere === undefined || zones.size > 1) return undefined
  return `all gateways are in zone ${[...zones].join()}: one in another (${second.metadata.name}${zone}) outlasts it: ${also}`
}

const zoneOf = ({ metadata }: Node): string => metadata.labels?.['topology.kubernetes.io/zone'] ?? ''
function byFitness(nodes: readonly Node[]): readonly Node[] {
  const rank = (node: Node): number => (isReady(node) ? 0 : 2) + (isControlPlane(node) ? 1 : 0)
  const linux = nodes.filter((node) => (node.metadata.labels?.['kubernetes.io/os'] ?? 'linux') === 'linux')
  return [...linux].sort((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
}
const describe = (node: Node): string =>
  [isControlPlane(node) ? 'control plane' : 'worker', isReady(node) ? 'ready' : 'not ready', zoneOf(node) && `zone ${zoneOf(node)}`]
    .filter((text) => text !== '')
    .join(', ')
const isReady = (node: Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true && !isCordoned(node)
const isControlPlane = (node: Node): boolean =>
  Object.keys(node.metadata.labels ?? {}).some((label) => /^node-role\.kubernetes\.io\/(control-plane|master)$/.test(label))
