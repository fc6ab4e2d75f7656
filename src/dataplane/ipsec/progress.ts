// How far connections are. Pure.
import type { WantedChild, WantedConnection } from './connection.ts'
import type { SeenChild, SeenSa } from './vici/seen.ts'

const LIVE_CHILD = ['CREATED', 'ROUTED', 'INSTALLING', 'INSTALLED', 'UPDATING', 'REKEYING', 'REKEYED', 'RETRYING']
const UP_CHILD = ['INSTALLED', 'UPDATING', 'REKEYING', 'REKEYED']
/** An SA so young may not have its children yet. */
export const YOUNG_SECONDS = 3

export const isLive = ({ state }: SeenChild): boolean => LIVE_CHILD.includes(state)

/** Whether something that charon has covers just these two networks. */
export const isSameNetworks = (
  seen: { readonly local: string; readonly remote: string } | undefined,
  wanted: Pick<WantedChild, 'local' | 'remote'> | undefined,
): boolean => seen !== undefined && wanted !== undefined && seen.local === wanted.local && seen.remote === wanted.remote

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
export function progressOf(connection: WantedConnection, sas: readonly SeenSa[]): Progress {
  const all = sas.filter((sa) => sa.name === connection.name)
  const own = all.filter((sa) => !ENDING.includes(sa.state))
  const carrying = own.filter((sa) => CARRYING.includes(sa.state))
  if (carrying.length > 0) return progressWith(connection, { all, own, carrying })
  const isMoving = all.some((sa) => sa.state === 'DELETING')
  const missing = isMoving || own.length > 0 || !connection.isDialled ? NONE : connection.children.map((child) => child.name)
  return { up: NO_NAMES, isOpen: false, isLeading: false, isMoving, missing }
}

const ENDING = ['DELETING', 'DESTROYING']
const CARRYING = ['ESTABLISHED', 'REKEYING', 'REKEYED']
const NO_NAMES: ReadonlySet<string> = new Set()
const NONE: readonly string[] = []

interface Sas {
  readonly all: readonly SeenSa[]
  /** Those that do not end. */
  readonly own: readonly SeenSa[]
  /** Of them, those that children can be added to: at least one. */
  readonly carrying: readonly SeenSa[]
}

function progressWith({ children, isDialled }: WantedConnection, { all, own, carrying }: Sas): Progress {
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
    isOpen: true,
    isLeading: carrying.some((sa) => sa.isInitiator),
    isMoving,
    missing: isBusy || !isDialled ? [] : children.filter((child) => !live.has(child.name)).map((child) => child.name),
  }
}

const isChildOf = (children: readonly WantedChild[], seen: SeenChild): boolean =>
  isSameNetworks(
    seen,
    children.find(({ name }) => name === seen.name),
  )
