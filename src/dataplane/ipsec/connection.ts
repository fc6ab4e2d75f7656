// The IKE connections of a cable. Pure.
import { remembered } from '../../model/canonical.ts'
import { type Cidr, familyOf, parseCidr } from '../../model/net.ts'
import type { EndpointSpec } from '../../model/resources.ts'
import type { Cable } from '../cable.ts'
import type { EspMode } from './daemon/charon-conf.ts'

const DEFAULT_PORT = 4500
/** Reqids of ours: a fixed range, so that what a killed charon left in the kernel is known. */
const REQIDS = { first: 0x53_00_00_00, count: 0x1_00_00_00 } as const

/** One IKE connection, with children for pairs of networks. */
export interface WantedConnection {
  /** The remote gateway's cable name; with more behind it where a pair of networks has a connection of its own. */
  readonly name: string
  readonly cable: Cable
  readonly localId: string
  readonly remoteId: string
  /** The address to dial first, then any: a translation may show another one, and then the id decides. */
  readonly remoteAddresses: readonly string[]
  /** Whether this side initiates. */
  readonly isDialled: boolean
  /** Our mark, and all that list-conns does not show: a connection of another mark is loaded again. */
  readonly mark: string
  readonly children: readonly WantedChild[]
}
export interface WantedChild {
  readonly name: string
  readonly local: Cidr
  readonly remote: Cidr
  readonly reqid: number
}

const CABLE_PREFIX = 'submariner-cable-'
const MARK_PREFIX = 'subctl-'
/** To be raised with every change of what connectionMessage says beyond addresses, ids and networks: then it is loaded again, and tunnels stay. */
const FORM = 1

export const isOwnName = (name: string): boolean => name.startsWith(CABLE_PREFIX)
export const isOwnMark = (mark: string): boolean => mark.startsWith(MARK_PREFIX)
/** What a mark says of where the tunnel leads, without the form of the message. */
export const pathOf = (mark: string): string => mark.replace(/-f\d+$/, '')
export const isOwnReqid = (reqid: number): boolean => reqid >= REQIDS.first && reqid < REQIDS.first + REQIDS.count

/**
 * The connections of the cables, in their order; reqids are the same each time for the same set of names. Of cables that are the same objects as before
 * they are mostly the same too.
 */
export function wantedConnections(cables: readonly Cable[], esp: EspMode): WantedConnection[] {
  const pairs = cables.flatMap(pairsOf)
  const homes = new Set(pairs.map(({ home }) => home))
  if (homes.size === pairs.length) return cables.flatMap((cable) => atHome(cable)[esp]())
  const reqids = reqidsOf(pairs)
  return cables.flatMap((cable) => connectionsOf(cable, esp, ({ name, home }) => reqids.get(name) ?? home))
}

/** Where no two names want the same reqid, as nearly always. */
const atHome = remembered((cable: Cable) => {
  const of = (esp: EspMode) => {
    let made: WantedConnection[] | undefined
    return (): WantedConnection[] => {
      made ??= connectionsOf(cable, esp, ({ home }) => home)
      return made
    }
  }
  return { kernel: of('kernel'), userspace: of('userspace') }
})

interface Pair {
  readonly name: string
  readonly local: Cidr
  readonly remote: Cidr
  readonly i: number
  readonly j: number
  /** The reqid that it has unless another has it. */
  readonly home: number
}

/** A pair is named by the places of its networks in the published lists; a gateway's own address is no network. */
const pairsOf = remembered(({ local, remote }: Cable): Pair[] =>
  networksOf(local).flatMap((from, i) =>
    networksOf(remote)
      .map((to, j) => ({ name: `${remote.cable_name}-${i}-${j}`, local: from, remote: to, i, j }))
      .filter((pair) => familyOf(pair.local) === familyOf(pair.remote))
      .map((pair) => ({ ...pair, home: REQIDS.first + (hash(pair.name) % REQIDS.count) })),
  ),
)

const networksOf = remembered((spec: EndpointSpec): Cidr[] =>
  spec.subnets.filter((subnet) => !subnet.startsWith(`${spec.private_ip}/`)).map(parseCidr),
)

function reqidsOf(pairs: readonly Pair[]): ReadonlyMap<string, number> {
  const taken = new Set<number>()
  const reqids = new Map<string, number>()
  for (const { name, home } of pairs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    let reqid = home
    while (taken.has(reqid)) reqid = REQIDS.first + ((reqid + 1 - REQIDS.first) % REQIDS.count)
    taken.add(reqid)
    reqids.set(name, reqid)
  }
  return reqids
}

// FNV-1a: spreads names over the range of reqids.
function hash(text: string): number {
  let value = 0x81_1c_9d_c5
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01_00_01_93) >>> 0
  return value
}

/** Between equals one connection whose children are the pairs; with a preferred server one a pair, with an id of its own. */
function connectionsOf(cable: Cable, esp: EspMode, reqidOf: (pair: Pair) => number): WantedConnection[] {
  const pairs = pairsOf(cable)
  const { local, remote, address, port } = cable
  const role = roleOf(cable)
  const any = familyOf(address) === 4 ? '0.0.0.0/0' : '::/0'
  const childOf = (pair: Pair): WantedChild => ({ name: pair.name, local: pair.local, remote: pair.remote, reqid: reqidOf(pair) })
  const shared = {
    cable,
    remoteAddresses: role === 'server' ? [any] : [address, any],
    isDialled: role !== 'server',
    mark: `${MARK_PREFIX}${localPort(cable)}-${port}-${isEncapsulated(cable, esp) ? 'udp' : 'esp'}-${esp}-f${FORM}`,
  }
  if (role === 'equal')
    return [{ ...shared, name: remote.cable_name, localId: local.private_ip, remoteId: remote.private_ip, children: pairs.map(childOf) }]
  return pairs.map((pair) => ({
    ...shared,
    name: pair.name,
    localId: `${local.private_ip}-${pair.i}-${pair.j}`,
    remoteId: `${remote.private_ip}-${pair.j}-${pair.i}`,
    children: [childOf(pair)],
  }))
}

/** Who dials, as upstream's libreswan driver has it: both, unless a gateway prefers to be the server. */
function roleOf({ local, remote }: Cable): 'equal' | 'server' | 'client' {
  const [own, other] = [local, remote].map((spec) => spec.backend_config?.['preferred-server'])
  const isServer = own === 'true'
  if (other === undefined || (isServer === (other === 'true') && !isServer)) return 'equal'
  if (isServer && other === 'true') return local.cable_name > remote.cable_name ? 'server' : 'client'
  return isServer ? 'server' : 'client'
}

/** The port that this gateway's IKE and ESP come from. */
export function localPort({ local }: Cable): number {
  const text = local.backend_config?.['udp-port'] ?? ''
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port > 0 && port < 65_536 ? port : DEFAULT_PORT
}

export const isEncapsulated = (cable: Cable, esp: EspMode): boolean => esp === 'userspace' || cable.nat
