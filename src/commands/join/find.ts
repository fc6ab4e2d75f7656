import { ownFaults } from '../../install/claims.ts'
import { bestGateways, candidates, checkCount, type GatewayChoice, labelledGateways, settledGateways } from '../../install/gateways.ts'
import { type Networks, networksOf } from '../../install/networks/discover.ts'
import { checkPlatform, platformOf } from '../../install/networks/platform.ts'
import { readSeen } from '../../install/networks/read.ts'
import type { Seen as ClusterSeen } from '../../install/networks/seen.ts'
import { checkOwnNetworks } from '../../install/refuse.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { EXIT, UserError } from '../../model/errors.ts'
import { NAMESPACE, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import { type Cidr, overlaps, parseCidrs } from '../../model/net.ts'
import { type Given, usage } from '../cli/given.ts'
import type { Context } from '../context.ts'

/** What a join knows of its cluster before it asks anybody. */
export interface Seen {
  readonly seen: ClusterSeen
  readonly networks: Networks
  /** Whether the cluster has settings of an earlier join. */
  readonly hasJoined: boolean
}
export interface Found extends Seen {
  readonly gateways: GatewayChoice
}

/** Looks at the cluster, and refuses what cannot be connected. */
export async function find(given: Given, api: KubeApi): Promise<Seen> {
  const seen = await readSeen(api)
  const networks = networksOf(seen, givenNetworks(given))
  const platform = platformOf(seen, networks.cni, networks.proxy)
  checkPlatform(platform, { anything: given.on('ignore-requirements') })
  checkOwnNetworks(networks)
  // A node that is named but not there is no reason to look any further.
  settledGateways(seen.nodes, given.many('gateway'))
  checkCount(seen.nodes, given.number('gateways', 1, 100))
  return { seen, networks: { ...networks, notes: [...networks.notes, ...platform.notes] }, hasJoined: (await joinedAs(api)) !== undefined }
}

/** Settles the gateway nodes: named, labelled, chosen by the terminal's user, or the best. */
export async function settleGateways(context: Context, given: Given, { nodes }: ClusterSeen): Promise<GatewayChoice> {
  const [named, count] = [given.many('gateway'), given.number('gateways', 1, 100)]
  const settled = settledGateways(nodes, named, count)
  if (settled !== undefined) return settled
  const there = [...labelledGateways(nodes), ...named]
  return count > 1 || there.length > 0 ? bestGateways(nodes, count, there) : await chooseGateway(context, given, nodes)
}

/** Throws where the cluster has joined under another id. */
export async function checkOwnId(api: KubeApi, clusterId: string): Promise<void> {
  const id = await joinedAs(api)
  if (id !== undefined && id !== clusterId)
    throw new UserError('SUB0415', `This cluster (${api.server}) has joined as "${id}"`, {
      hint: 'Join it under that id, or take it out first: subctl uninstall',
    })
}

async function joinedAs(api: KubeApi): Promise<string | undefined> {
  return (await api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE))?.data?.SUBMARINER_CLUSTERID
}

export type FactRow = readonly [what: string, value: string, source: string]
export const networkRows = ({ networks }: Seen): readonly FactRow[] => [
  ['CNI', networks.cni.value, networks.cni.source],
  ['kube-proxy', networks.proxy.value, networks.proxy.source],
  ['pods', networks.pods.value.join(', '), networks.pods.source],
  ['services', networks.services.value.join(', '), networks.services.source],
]
export const gatewayRow = (gateways: GatewayChoice): FactRow => ['gateways', gateways.nodes.join(', '), gateways.reason]

/** The networks that flags say. Throws usage errors, so that it is of use before anybody is asked too. */
export function givenNetworks(given: Given): { readonly podCidrs?: readonly Cidr[]; readonly serviceCidrs?: readonly Cidr[] } {
  const [podCidrs, serviceCidrs] = [cidrs(given, 'pod-cidr'), cidrs(given, 'service-cidr')]
  const faults = ownFaults(podCidrs ?? [], serviceCidrs ?? [])
  if (faults.length > 0) throw new UserError('SUB0418', `Cannot join: ${faults.join('; ')}`, { exitCode: EXIT.usage })
  return { ...(podCidrs && { podCidrs }), ...(serviceCidrs && { serviceCidrs }) }
}

function cidrs(given: Given, flag: string): readonly Cidr[] | undefined {
  const list = given.parsed(flag, parseCidrs)
  if (list?.length === 0) throw usage(`--${flag} names no network`, flag)
  const both = list?.flatMap((one, i) => list.slice(i + 1).flatMap((other) => (overlaps(one, other) ? [[one, other] as const] : [])))[0]
  if (both !== undefined) throw usage(`--${flag} names ${both[0]} and ${both[1]}, which overlap: the wider one says it all`, flag)
  return list
}

async function chooseGateway(context: Context, given: Given, nodes: ClusterSeen['nodes']): Promise<GatewayChoice> {
  const best = bestGateways(nodes)
  const isAsking = context.ask !== undefined && !given.on('yes') && !given.on('plan') && given.text('emit') === undefined
  if (!isAsking || nodes.length === 1) return best
  const list = candidates(nodes)
  const lines = list.map(({ name, reason }, i) => `  ${i + 1}) ${name}  (${reason})`)
  const question = `No node is a gateway yet. Which shall carry the tunnels? Several, with commas between them, take over from each other.\n${lines.join('\n')}\nNumbers or names [${list[0]?.name}]: `
  for (let asked = question; ; ) {
    const answer = ((await context.ask?.(asked, '--gateway NODE, or --yes for the best')) ?? '').trim()
    if (answer === '') return best
    const said = answer.split(/[\s,]+/).filter((one) => one !== '')
    const chosen = said.map((one) => list.find(({ name }, i) => name === one || String(i + 1) === one)?.name)
    const wrong = said.find((_, i) => chosen[i] === undefined)
    const nodes = [...new Set(chosen.filter((name) => name !== undefined))].sort()
    if (wrong === undefined && nodes.length > 0) return { nodes, reason: 'your answer' }
    asked = `"${wrong ?? answer}" is none of them.\nNumbers or names [${list[0]?.name}]: `
  }
}
