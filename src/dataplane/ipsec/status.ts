import type { Connection } from '../../model/resources.ts'
import type { Cable } from '../cable.ts'
import type { WantedConnection } from './connection.ts'
import { progressOf } from './progress.ts'
import type { SasByName } from './vici/seen.ts'

/** Why connections are down, by their names. */
export type Reasons = ReadonlyMap<string, string>

/** A cable is connected when every pair of networks of all its connections is up. */
export function statusOf(cable: Cable, connections: readonly WantedConnection[], sas: SasByName, reasons: Reasons): Connection {
  const all = connections.reduce((sum, { children }) => sum + children.length, 0)
  const up = connections.reduce((sum, connection) => sum + progressOf(connection, sas.get(connection.name) ?? []).up.size, 0)
  if (up === all) return { status: 'connected', statusMessage: '', ...partsOf(cable) }
  const reason = connections.map(({ name }) => reasons.get(name)).find((text) => text !== undefined)
  const part = up === 0 ? '' : `${up} of ${all} pairs of networks are up`
  if (reason === undefined) return { status: 'connecting', statusMessage: part, ...partsOf(cable) }
  return { status: 'error', statusMessage: part === '' ? reason : `${part}: ${reason}`, ...partsOf(cable) }
}

/** Nothing is known of a cable, for this reason. */
export const unknown = (cable: Cable, statusMessage: string): Connection => ({ status: 'error', statusMessage, ...partsOf(cable) })

const partsOf = (cable: Cable): Pick<Connection, 'endpoint' | 'usingIP' | 'usingNAT'> => ({
  endpoint: cable.remote,
  usingIP: cable.address,
  usingNAT: cable.nat,
})
