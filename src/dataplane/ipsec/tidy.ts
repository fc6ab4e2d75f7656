// What of a connection's SAs is too much. Pure.
import type { WantedConnection } from './connection.ts'
import { isLive, isSameNetworks, progressOf, YOUNG_SECONDS } from './progress.ts'
import type { EndStep, Step, When } from './step.ts'
import type { SeenChild, SeenSa } from './vici/seen.ts'

/** SAs established closer together than this were started by both sides at once; otherwise the newer one shows that the older is dead. */
const AT_ONCE_SECONDS = 2

/** Leaves one IKE SA with one child a pair of networks. */
export function tidySteps(connection: WantedConnection, sas: readonly SeenSa[]): Step[] {
  const surplus = surplusSas(connection, sas)
  const staying = sas.filter((sa) => !surplus.includes(sa))
  return [
    ...surplus.map((sa) => endStep(sa, 'surplus')),
    ...mergedSas(connection, staying).map((sa) => endStep(sa, 'one is enough', 'sparingly')),
    ...futileSas(connection, staying).map((sa) => endStep(sa, 'another one is up', 'later')),
    ...staying.flatMap((sa) => badChildren(connection, sa)),
  ]
}

export const endStep = ({ id, name }: SeenSa, why: string, when: When = 'now'): EndStep => ({ what: 'end', when, id, name, why })

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

/** Half open ones of ours while all is up by another: were the peer to answer one of them in the end, it would take the place of a good one. */
function futileSas(connection: WantedConnection, sas: readonly SeenSa[]): SeenSa[] {
  const halfOpen = sas.filter((sa) => sa.state === 'CONNECTING' && sa.isInitiator)
  // Most that are there are alone: among many clusters that do not answer this is asked for each.
  if (halfOpen.length === 0 || halfOpen.length === sas.length) return []
  return progressOf(connection, sas).up.size < connection.children.length ? [] : halfOpen
}

/** Children with other networks than their name means now, and the second ones of a name. */
function badChildren({ children }: WantedConnection, sa: SeenSa): Step[] {
  const wanted = new Map(children.map((child) => [child.name, child]))
  return sa.children
    .filter(({ state }) => state === 'INSTALLED')
    .flatMap((child): Step[] => {
      const want = wanted.get(child.name)
      const { id, name } = child
      // The side that made the SA goes first.
      const endOf = (why: string): Step => ({ what: 'endChild', when: sa.isInitiator ? 'now' : 'later', id, name, why })
      if (want === undefined || !isSameNetworks(child, want)) return [endOf('its networks are no longer these')]
      const isSecond = sa.children.some((other) => other.state === 'INSTALLED' && other.name === name && other.spi < child.spi)
      return isSecond ? [endOf('surplus')] : []
    })
}
