// What must be said to charon so that it has the wanted connections, each with one IKE SA and one child a pair of networks. Pure.
import type { Cidr } from '../../model/net.ts'
import { isOwnMark, isOwnName, isOwnReqid, pathOf, type WantedConnection } from './connection.ts'
import type { SeenChild, SeenConnection, SeenSa } from './seen.ts'

export interface SeenCharon {
  readonly connections: readonly SeenConnection[]
  readonly sas: readonly SeenSa[]
}

export type Step =
  | { readonly what: 'load'; readonly connection: WantedConnection }
  | { readonly what: 'unload'; readonly name: string }
  /** Also with a peer that does not answer. `isMerge`: nothing is wrong with it, but one SA is enough for all children. */
  | { readonly what: 'end'; readonly id: string; readonly name: string; readonly why: string; readonly isMerge?: true }
  /** `isLeading`: this side made the SA, and goes first. */
  | { readonly what: 'endChild'; readonly id: string; readonly name: string; readonly why: string; readonly isLeading: boolean }

const LIVE_CHILD = ['CREATED', 'ROUTED', 'INSTALLING', 'INSTALLED', 'UPDATING', 'REKEYING', 'REKEYED', 'RETRYING']
const UP_CHILD = ['INSTALLED', 'UPDATING', 'REKEYING', 'REKEYED']
/** SAs established closer together than this were started by both sides at once; otherwise the newer one shows that the older is dead. */
const AT_ONCE_SECONDS = 2
/** An SA so young may not have its children yet. */
const YOUNG_SECONDS = 3

/** All but initiating; puts stand before drops. */
export function planSteps(seen: SeenCharon, wanted: readonly WantedConnection[]): Step[] {
  const names = new Set(wanted.map(({ name }) => name))
  const loaded = new Map(seen.connections.map((connection) => [connection.name, connection]))
  const ownSas = seen.sas.filter((sa) => isOwnName(sa.name) && sa.children.every(({ reqid }) => reqid === 0 || isOwnReqid(reqid)))
  const sasOf = Map.groupBy(ownSas, ({ name }) => name)
  const moved = new Set(wanted.filter((connection) => isMoved(connection, loaded.get(connection.name))).map(({ name }) => name))
  return [
    // The SAs of a connection that leads elsewhere now go first: were they left by a crash in between, nothing would tell them from good ones.
    ...ownSas.filter(({ name }) => moved.has(name)).map((sa) => end(sa, 'its addresses have changed')),
    ...wanted
      .filter((connection) => !isLoaded(connection, loaded.get(connection.name)))
      .map((connection): Step => ({ what: 'load', connection })),
    ...seen.connections.filter(({ name, mark }) => isOwnMark(mark) && !names.has(name)).map(({ name }): Step => ({ what: 'unload', name })),
    ...ownSas.filter(({ name }) => !names.has(name)).map((sa) => end(sa, 'no longer wanted')),
    ...wanted.filter(({ name }) => !moved.has(name)).flatMap((connection) => tidy(connection, sasOf.get(connection.name) ?? [])),
  ]
}

function tidy(connection: WantedConnection, sas: readonly SeenSa[]): Step[] {
  const surplus = surplusSas(connection, sas)
  const staying = sas.filter((sa) => !surplus.includes(sa))
  return [
    ...surplus.map((sa) => end(sa, 'surplus')),
    ...mergedSas(connection, staying).map((sa): Step => ({ ...end(sa, 'one is enough'), isMerge: true })),
    ...staying.flatMap((sa) => badChildren(connection, sa)),
  ]
}

const end = ({ id, name }: SeenSa, why: string): Extract<Step, { what: 'end' }> => ({ what: 'end', id, name, why })

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

const isSameNetworks = (
  seen: { readonly local: string; readonly remote: string } | undefined,
  wanted: { readonly local: Cidr; readonly remote: Cidr },
): boolean => seen?.local === wanted.local && seen.remote === wanted.remote

type Better = (a: SeenSa, b: SeenSa) => boolean
/**
 * Which of two SAs stays; both sides choose alike: of SAs that were started at once the one that the gateway with the lower cable name started,
 * otherwise the newer one.
 */
const betterOf = ({ cable }: Pick<WantedConnection, 'cable'>): Better => {
  const isLower = cable.local.cable_name < cable.remote.cable_name
  return (a, b) => {
    const [ageA, ageB] = [a.ageSeconds ?? 0, b.ageSeconds ?? 0]
    if (Math.abs(ageA - ageB) > AT_ONCE_SECONDS) return ageA < ageB
    const [isALower, isBLower] = [a.isInitiator === isLower, b.isInitiator === isLower]
    if (isALower !== isBLower) return isALower
    return ageA === ageB ? a.spi < b.spi : ageA < ageB
  }
}

/** SAs that carry what a better one carries, and those that have carried nothing for a while. */
export function surplusSas(connection: Pick<WantedConnection, 'cable'>, sas: readonly SeenSa[]): SeenSa[] {
  const isBetter = betterOf(connection)
  const established = sas.filter((sa) => sa.state === 'ESTABLISHED')
  const liveOf = (sa: SeenSa): SeenChild[] => sa.children.filter(isLive)
  const isIdle = (sa: SeenSa): boolean => liveOf(sa).length === 0 && sa.tasks.length === 0 && (sa.ageSeconds ?? 0) > AT_ONCE_SECONDS
  // One child seen twice has moved from one SA to the next while the list was written: rekeying.
  const isSameTwice = (a: SeenChild, b: SeenChild): boolean => a.name === b.name && a.id !== b.id
  return established.filter((sa) =>
    established.some((other) => {
      if (other === sa) return false
      const [mine, theirs] = [liveOf(sa), liveOf(other)]
      return (isIdle(sa) && theirs.length > 0) || (isBetter(other, sa) && mine.some((a) => theirs.some((b) => isSameTwice(a, b))))
    }),
  )
}

/** SAs that share the children with a better one for a while, as is left where charon made anew what was queued in an SA that was ended. */
export function mergedSas(connection: Pick<WantedConnection, 'cable'>, sas: readonly SeenSa[]): SeenSa[] {
  const isBetter = betterOf(connection)
  const old = sas.filter((sa) => sa.state === 'ESTABLISHED' && sa.tasks.length === 0 && (sa.ageSeconds ?? 0) > YOUNG_SECONDS)
  return old.filter((sa) => old.some((other) => other !== sa && isBetter(other, sa)))
}

const isLive = ({ state }: SeenChild): boolean => LIVE_CHILD.includes(state)

/** Children with other networks than their name means now, and the second ones of a name. */
function badChildren({ children }: WantedConnection, sa: SeenSa): Step[] {
  const wanted = new Map(children.map((child) => [child.name, child]))
  return sa.children
    .filter(({ state }) => state === 'INSTALLED')
    .flatMap((child): Step[] => {
      const want = wanted.get(child.name)
      const { id, name } = child
      const endOf = (why: string): Step => ({ what: 'endChild', id, name, why, isLeading: sa.isInitiator })
      if (want === undefined || !isSameNetworks(child, want)) return [endOf('its networks are no longer these')]
      const isSecond = sa.children.some((other) => other.state === 'INSTALLED' && other.name === name && other.spi < child.spi)
      return isSecond ? [endOf('surplus')] : []
    })
}

export interface Progress {
  /** Names of children that carry packets. */
  readonly up: ReadonlySet<string>
  /** Whether an IKE SA is there for children to be added to. */
  readonly isOpen: boolean
  /** Whether this side made an SA that is up: it adds the children then. */
  readonly isLeading: boolean
  /** Whether an SA is being replaced: children may be on their way, and the list, which is not of one moment, without them. */
  readonly isMoving: boolean
  /** Children to initiate now, were it not for back-off; none while charon or the peer is at it. */
  readonly missing: readonly string[]
}

/** How far a connection is. */
export function progressOf({ name, children, isDialled }: WantedConnection, sas: readonly SeenSa[]): Progress {
  const all = sas.filter((sa) => sa.name === name)
  const own = all.filter((sa) => !['DELETING', 'DESTROYING'].includes(sa.state))
  const carrying = own.filter((sa) => ['ESTABLISHED', 'REKEYING', 'REKEYED'].includes(sa.state))
  const up = new Set(
    carrying.flatMap((sa) =>
      sa.children
        .filter((child) => UP_CHILD.includes(child.state))
        .filter((child) => isChildOf(children, child))
        .map((child) => child.name),
    ),
  )
  const live = new Set(own.flatMap((sa) => sa.children.filter(isLive).map((child) => child.name)))
  const isYoung = (sa: SeenSa): boolean => (sa.ageSeconds ?? 0) < YOUNG_SECONDS
  const isMoving =
    all.some((sa) => ['REKEYING', 'REKEYED', 'DELETING'].includes(sa.state)) ||
    carrying.some((sa) => isYoung(sa) && sa.children.length === 0)
  // Of two that came at once one will go: a child that were added to it would have charon make yet another SA.
  const isContested = carrying.length > 1 && carrying.some(isYoung)
  const isBusy = isMoving || isContested || own.some((sa) => !carrying.includes(sa) || sa.tasks.includes('CHILD_CREATE'))
  return {
    up,
    isOpen: carrying.length > 0,
    isLeading: carrying.some((sa) => sa.isInitiator),
    isMoving,
    missing: isBusy || !isDialled ? [] : children.filter((child) => !live.has(child.name)).map((child) => child.name),
  }
}

const isChildOf = (children: WantedConnection['children'], seen: SeenChild): boolean =>
  isSameNetworks(seen, children.find(({ name }) => name === seen.name) ?? { local: '' as Cidr, remote: '' as Cidr })
