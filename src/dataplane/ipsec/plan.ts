// What must be said to charon so that it has the wanted connections, each with one IKE SA and one child a pair of networks. Pure.
import { isOwnMark, isOwnName, isOwnReqid, pathOf, type WantedConnection } from './connection.ts'
import { isSameNetworks } from './progress.ts'
import type { Step } from './step.ts'
import { endStep, tidySteps } from './tidy.ts'
import type { SeenConnection, SeenSa } from './vici/seen.ts'

export interface SeenCharon {
  readonly connections: readonly SeenConnection[]
  readonly sas: readonly SeenSa[]
}

/** All but initiating; puts stand before drops. */
export function planSteps(seen: SeenCharon, wanted: readonly WantedConnection[]): Step[] {
  const names = new Set(wanted.map(({ name }) => name))
  const loaded = new Map(seen.connections.map((connection) => [connection.name, connection]))
  const ownSas = seen.sas.filter((sa) => isOwnName(sa.name) && sa.children.every(({ reqid }) => reqid === 0 || isOwnReqid(reqid)))
  const sasOf = Map.groupBy(ownSas, ({ name }) => name)
  const moved = new Set(wanted.filter((connection) => isMoved(connection, loaded.get(connection.name))).map(({ name }) => name))
  return [
    // The SAs of a connection that leads elsewhere now go first: were they left by a crash in between, nothing would tell them from good ones.
    ...ownSas.filter(({ name }) => moved.has(name)).map((sa) => endStep(sa, 'its addresses have changed')),
    ...wanted
      .filter((connection) => !isLoaded(connection, loaded.get(connection.name)))
      .map((connection): Step => ({ what: 'load', connection })),
    ...seen.connections.filter(({ name, mark }) => isOwnMark(mark) && !names.has(name)).map(({ name }): Step => ({ what: 'unload', name })),
    ...ownSas.filter(({ name }) => !names.has(name)).map((sa) => endStep(sa, 'no longer wanted')),
    ...wanted.filter(({ name }) => !moved.has(name)).flatMap((connection) => tidySteps(connection, sasOf.get(connection.name) ?? [])),
  ]
}

const isLoaded = (wanted: WantedConnection, seen: SeenConnection | undefined): boolean =>
  seen !== undefined && seen.mark === wanted.mark && isSamePath(wanted, seen) && isSameChildren(wanted, seen)

/** Whether charon has this connection of ours, but with other ends: what is up of it leads elsewhere. */
const isMoved = (wanted: WantedConnection, seen: SeenConnection | undefined): boolean =>
  seen !== undefined && isOwnMark(seen.mark) && !isSamePath(wanted, seen)

const isSamePath = ({ cable, mark, localId, remoteId, remoteAddresses }: WantedConnection, seen: SeenConnection): boolean =>
  pathOf(seen.mark) === pathOf(mark) &&
  seen.local === cable.local.private_ip &&
  seen.localId === localId &&
  seen.remoteId === remoteId &&
  seen.remote.join() === remoteAddresses.join()

function isSameChildren({ children }: WantedConnection, seen: SeenConnection): boolean {
  const have = new Map(seen.children.map((child) => [child.name, child]))
  return have.size === children.length && children.every((child) => isSameNetworks(have.get(child.name), child))
}
