// What the active gateways say of their connections to the other clusters.
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

const say = (connection: Connection | undefined): string =>
  connection === undefined ? 'none' : `${connection.status}${connection.statusMessage ? `, ${connection.statusMessage}` : ''}`
