// From what is there to what should be: lines for `ip -batch` and `bridge -batch`.
import { diff } from '../../model/diff.ts'
import { ALIAS, type NodePlan, OWNER, type Peer, type Route, VX_DEVICE } from '../node/state.ts'
import { fdbOf, type LinkState, neighbourOf, routeKey, routeWords, ruleWords, vxWords } from './links.ts'

export interface LinkChanges {
  /** In this order: `ip`, `bridge`, `ip`: what leads packets somewhere comes last, what leads them nowhere any more goes then. */
  readonly base: readonly string[]
  readonly bridge: readonly string[]
  readonly paths: readonly string[]
  /** Of the peers that are gone, and of the link. */
  readonly bridgeDrops: readonly string[]
  readonly drops: readonly string[]
}

const same = (text: string): string => text

export function linkChanges(state: LinkState, plan: NodePlan): LinkChanges {
  const link = planLink(state, plan)
  const onVx = (words: string): boolean => words.includes(` dev ${VX_DEVICE}`)
  // A link that is made anew, or that gets another address, loses what stands on it.
  const kept = (words: readonly string[]): readonly string[] => (link.isFresh ? words.filter((item) => !onVx(item)) : words)
  const neighbours = diff(kept(state.neighbours), plan.peers.map(neighbourOf), firstWord, same)
  const fdb = diff(kept(state.fdb), plan.peers.map(fdbOf), firstWord, same)
  const routes = wayChanges({ ...state, routes: kept(state.routes) }, plan)
  const wanted = plan.rules.map(ruleWords)
  const rules = diff(state.rules, wanted, same, same)
  return {
    base: [
      ...routes.rejects,
      ...rules.put.filter((words) => !state.foreignRules.includes(words)).map((words) => `rule add ${words} protocol ${OWNER}`),
      ...link.put,
    ],
    bridge: fdb.put.map(putFdb),
    paths: [...neighbours.put.map(putNeighbour), ...routes.ways],
    bridgeDrops: link.isGone ? [] : fdb.drop.map(dropFdb),
    drops: [
      ...[...rules.drop, ...twice(state.rules)].map((words) => `rule del ${words} protocol ${OWNER}`),
      ...routes.drop.filter((words) => !(link.isGone && onVx(words))).map(dropRoute),
      ...(link.isGone ? [] : neighbours.drop.map(dropNeighbour)),
      ...link.drop,
    ],
  }
}

interface WayChanges {
  /** Lines for `ip -batch`: what leads packets nowhere goes ahead of what leads them somewhere. */
  readonly rejects: readonly string[]
  readonly ways: readonly string[]
  /** Words of the routes that go. */
  readonly drop: readonly string[]
}

function wayChanges(state: LinkState, plan: NodePlan): WayChanges {
  const { put, drop } = diff(state.routes, feasibleRoutes(state, plan), routeKey, same)
  return {
    rejects: put.filter(isReject).map(putRoute),
    ways: put.filter((words) => !isReject(words)).map(putRoute),
    drop,
  }
}

/** Lines that put these routes whatever is there, in the same order. */
export function putRoutes(routes: readonly Route[]): readonly string[] {
  const words = routes.map(routeWords)
  return [...words.filter(isReject), ...words.filter((one) => !isReject(one))].map(putRoute)
}

/** Lines for `bridge` and for `ip` that put these nodes whatever is there; the VXLAN must be. */
export const putPeers = (peers: readonly Peer[]): { readonly bridge: readonly string[]; readonly ip: readonly string[] } => ({
  bridge: peers.map(fdbOf).map(putFdb),
  ip: peers.map(neighbourOf).map(putNeighbour),
})
export const dropPeers = (peers: readonly Peer[]): { readonly bridge: readonly string[]; readonly ip: readonly string[] } => ({
  bridge: peers.map(fdbOf).map(dropFdb),
  ip: peers.map(neighbourOf).map(dropNeighbour),
})

const putFdb = (words: string): string => `fdb replace ${words} self permanent`
const dropFdb = (words: string): string => `fdb del ${words} self`
const putNeighbour = (words: string): string => `neigh replace ${words} nud permanent protocol ${OWNER}`
const dropNeighbour = (words: string): string => `neigh del ${firstWord(words)} dev ${VX_DEVICE}`
const isReject = (words: string): boolean => words.startsWith('unreachable')
export const dropRoute = (words: string): string => `route del ${routeKey(words)} proto ${OWNER}`
const putRoute = (words: string): string => `route replace ${words} proto ${OWNER}`
const firstWord = (words: string): string => words.split(' ')[0] ?? ''
const twice = (items: readonly string[]): readonly string[] => items.filter((item, i) => items.indexOf(item) !== i)

/** Routes whose device is there and up, without a source that this node does not have: as the kernel can hold them now. */
export function feasibleRoutes({ devices, addresses }: LinkState, plan: NodePlan): readonly string[] {
  const own = new Set(addresses.map(({ ip }) => ip))
  if (plan.link !== undefined) own.add(plan.link.ip)
  return plan.routes
    .filter(({ dev }) => dev === undefined || (dev === VX_DEVICE ? plan.link !== undefined : devices.get(dev)?.isUp === true))
    .map(({ src, ...route }) => routeWords(src !== undefined && own.has(src) ? { ...route, src } : route))
}

interface LinkPlan {
  readonly put: readonly string[]
  readonly drop: readonly string[]
  /** Made anew, or with another address. */
  readonly isFresh: boolean
  readonly isGone: boolean
}

function planLink({ vx, devices }: LinkState, { link }: NodePlan): LinkPlan {
  const remove = `link del dev ${VX_DEVICE}`
  if (link === undefined) {
    // A VXLAN of that name without our mark is somebody else's.
    const isOurs = vx !== undefined && devices.get(VX_DEVICE)?.alias === ALIAS
    return { put: [], drop: isOurs ? [remove] : [], isFresh: false, isGone: isOurs }
  }
  const want = vxWords(link)
  const set = (words: readonly string[]): string => `link set dev ${VX_DEVICE} ${words.join(' ')}`
  const address = `addr add ${want.address} dev ${VX_DEVICE}`
  if (vx?.make !== want.make) {
    const make = [`link add ${VX_DEVICE} ${want.make}`, set(want.set), address]
    return { put: vx === undefined ? make : [remove, ...make], drop: [], isFresh: true, isGone: false }
  }
  // Only what differs: a MAC that is set anew, even to the same, takes all neighbours away. An address that stays beside another of its network would
  // go with it.
  const settings = want.set.filter((words) => !vx.set.includes(words))
  const isMoved = vx.addresses.join() !== want.address
  return {
    put: [
      ...(settings.length === 0 ? [] : [set(settings)]),
      ...(isMoved ? [...vx.addresses.map((item) => `addr del ${item} dev ${VX_DEVICE}`), address] : []),
    ],
    drop: [],
    isFresh: isMoved || settings.some((words) => !/^(mtu|alias) /.test(words)),
    isGone: false,
  }
}
