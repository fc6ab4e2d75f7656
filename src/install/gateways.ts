import { UserError } from '../model/errors.ts'
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

/** The gateways where they are settled: named by the user, beside those labelled already. Undefined where one is to be chosen. */
export function settledGateways(nodes: readonly Node[], named: readonly string[]): GatewayChoice | undefined {
  const missing = named.filter((name) => !nodes.some((node) => node.metadata.name === name))
  if (missing.length > 0)
    throw new UserError('SUB0413', `This cluster has no node ${missing.map((name) => `"${name}"`).join(', ')}`, {
      hint: `Its nodes: ${nodes.map((node) => node.metadata.name).join(', ')}`,
    })
  const labelled = labelledGateways(nodes)
  if (named.length > 0) return { nodes: [...new Set([...labelled, ...named])].sort(), reason: '--gateway' }
  return labelled.length > 0 ? { nodes: labelled, reason: `label ${GATEWAY_LABEL}=true` } : undefined
}

/** Nodes in the order they suit as a gateway: ready before not, workers before the control plane, then by name. */
export function candidates(nodes: readonly Node[]): readonly { readonly name: string; readonly reason: string }[] {
  const rank = (node: Node): number => (isReady(node) ? 0 : 2) + (isControlPlane(node) ? 1 : 0)
  const linux = nodes.filter((node) => (node.metadata.labels?.['kubernetes.io/os'] ?? 'linux') === 'linux')
  return [...linux]
    .sort((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((node) => ({ name: node.metadata.name, reason: describe(node) }))
}

/** The best candidate. Throws where there is no node at all. */
export function bestGateway(nodes: readonly Node[]): GatewayChoice {
  const [best] = candidates(nodes)
  if (best === undefined)
    throw new UserError('SUB0413', 'This cluster has no node that could be its gateway', { hint: 'See `kubectl get nodes`.' })
  return { nodes: [best.name], reason: `chosen: ${best.reason}; --gateway NODE takes another` }
}

const describe = (node: Node): string =>
  [isControlPlane(node) ? 'control plane' : 'worker', isReady(node) ? 'ready' : 'not ready'].join(', ')
const isReady = (node: Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true && !isCordoned(node)
const isControlPlane = (node: Node): boolean =>
  Object.keys(node.metadata.labels ?? {}).some((label) => /^node-role\.kubernetes\.io\/(control-plane|master)$/.test(label))
