// What the active gateways say of their connections to the other clusters.
import { suffersFrom } from '../../model/gateway-status.ts'
import type { Connection } from '../../model/resources.ts'
import { activeGateways, type Look } from '../look.ts'
import { refusedOfCluster } from './refused.ts'

/** Why no gateway is connected to a cluster. */
export interface ConnectionProblem {
  readonly text: string
  /** Whether what it publishes is not taken. */
  readonly isRefused: boolean
}

/** One for each of these clusters that no gateway is connected to. */
export function connectionProblems(seen: Look, expected: readonly string[]): readonly ConnectionProblem[] {
  return expected.flatMap((id) => {
    const mine = connectionsTo(seen, id)
    if (mine.some(isUp)) return []
    if (mine.length > 0) return [{ text: `${id}: ${say(mine[0])}`, isRefused: false }]
    const [refused] = refusedOfCluster(seen, id)
    const why = refused === undefined ? 'nothing usable is known of its gateway' : `refused: ${refused}`
    return [{ text: `no connection to ${id}: ${why}`, isRefused: refused !== undefined }]
  })
}

/** Whether one of the active gateways is connected to the cluster. */
export const isConnected = (seen: Look, id: string): boolean => connectionsTo(seen, id).some(isUp)

const isUp = ({ status }: Connection): boolean => status === 'connected'
const connectionsTo = (seen: Look, id: string): readonly Connection[] =>
  activeGateways(seen).flatMap(({ status }) => (status?.connections ?? []).filter(({ endpoint }) => endpoint?.cluster_id === id))

/** What to do about connections that are not up: a port that nobody answers on is named, with both its ends. */
export function connectionHint(seen: Look, problems: readonly ConnectionProblem[]): string {
  const gateways = activeGateways(seen)
  const names = gateways.map(({ metadata }) => metadata.name).join(', ')
  if (gateways.length > 0 && gateways.every((gateway) => suffersFrom(gateway, 'SUB0501'))) return `see the log of charon on ${names}`
  if (problems.every(({ isRefused }) => isRefused))
    return 'what they publish on the broker is to be mended there; `subctl forget ID` takes a cluster out that is no member'
  const silent = [...new Set(problems.flatMap(({ text }) => /no answer from (\S+):(\d+)/.exec(text)?.slice(1).join(' port ') ?? []))]
  if (silent.length === 0)
    return `check that UDP ${seen.settings.CE_IPSEC_NATTPORT ?? 4500} is open between the gateways, then the log of charon and of the engine`
  const from = gateways.map(({ metadata, status }) => `${metadata.name} (${status.localEndpoint?.private_ip})`).join(', ')
  return `open UDP between ${from} and ${silent.join(', ')}, both ways: nothing comes back from there`
}

const say = (connection: Connection | undefined): string =>
  connection === undefined ? 'none' : `${connection.status}${connection.statusMessage ? `, ${connection.statusMessage}` : ''}`
