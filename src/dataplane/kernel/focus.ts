// What two plans differ in, where that is little: then a pass has little to do, and can say it in words that hold whatever the kernel has.
import { canonical, remembered } from '../../model/canonical.ts'
import type { Cidr } from '../../model/net.ts'
import { diffSorted, TEXT_ORDER } from '../../model/sorted.ts'
import { type NodePlan, type OwnName, type Peer, ROUTE_ORDER, type Route } from '../node/state.ts'

/** The routes, the members of sets and the nodes on the VXLAN that a plan has and the one before had not, or had otherwise; and those that it has no more. */
export interface Focus {
  readonly put: readonly Route[]
  readonly drop: readonly Route[]
  readonly sets: readonly SetFocus[]
  readonly peers: PeerFocus
}
export interface PeerFocus {
  readonly put: readonly Peer[]
  readonly drop: readonly Peer[]
}
export interface SetFocus {
  readonly name: OwnName
  readonly put: readonly Cidr[]
  readonly drop: readonly Cidr[]
}

/** Of networks, and of nodes. What costs is to read, the more the more is there; the words for a few hundred cost less than that. */
const MOST = 256

/** Undefined where plans differ in more than a few networks and nodes. */
export function focusOf(before: NodePlan, after: NodePlan): Focus | undefined {
  if (restOf(before) !== restOf(after)) return undefined
  const former = new Map(before.sets.map(({ name, networks }) => [name, networks]))
  if (former.size !== after.sets.length || after.sets.some(({ name }) => !former.has(name))) return undefined
  const sets = after.sets.map(({ name, networks }) => ({ name, ...diffSorted<Cidr>(former.get(name) ?? [], networks, TEXT_ORDER) }))
  const peers = peerFocus(before.peers, after.peers)
  if (peers === undefined) return undefined
  const focus = {
    ...diffSorted(before.routes, after.routes, ROUTE_ORDER),
    sets: sets.filter(({ put, drop }) => put.length + drop.length > 0),
    peers,
  }
  return networksOf(focus).size > MOST || peers.put.length + peers.drop.length > MOST ? undefined : focus
}

export const isNothing = ({ put, drop, sets, peers }: Focus): boolean =>
  [put, drop, sets, peers.put, peers.drop].every((part) => part.length === 0)

const networksOf = ({ put, drop, sets }: Pick<Focus, 'put' | 'drop' | 'sets'>): ReadonlySet<Cidr> =>
  new Set([...[...put, ...drop].map(({ to }) => to), ...sets.flatMap((set) => [...set.put, ...set.drop])])

const restOf = remembered(({ link, rules, chains, sysctls }: NodePlan): string => canonical({ link, rules, chains, sysctls }))

/** Undefined where what goes and what stays have something in common, as of a node with another address: then the order would matter. */
function peerFocus(before: readonly Peer[], after: readonly Peer[]): PeerFocus | undefined {
  const [had, has] = [new Set(before.map(peerText)), new Set(after.map(peerText))]
  const stays = new Set(after.flatMap(wordsOf))
  const drop = before.filter((peer) => !has.has(peerText(peer)))
  return drop.some((peer) => wordsOf(peer).some((word) => stays.has(word)))
    ? undefined
    : { put: after.filter((peer) => !had.has(peerText(peer))), drop }
}
const wordsOf = ({ ip, mac, nodeIp }: Peer): readonly string[] => [`vx ${ip}`, mac, nodeIp]
const peerText = (peer: Peer): string => wordsOf(peer).join()
