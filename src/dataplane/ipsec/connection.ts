// What charon is told of a cable. Pure.
import { type Cidr, familyOf, type Ip, parseCidr } from '../../model/net.ts'
import type { EndpointSpec } from '../../model/resources.ts'
import type { Cable } from '../cable.ts'
import type { EspMode } from './charon-conf.ts'
import type { Section } from './vici-codec.ts'

export const DEFAULT_PORT = 4500
/** Reqids of ours: a fixed range, so that what a killed charon left in the kernel is known. */
export const REQIDS = { first: 0x53_00_00_00, count: 0x1_00_00_00 } as const
/** Ties the policies of kernel ESP to the device subm-ipsec. */
export const IF_ID = 0x53_75_62

/** One IKE connection, with a child for each pair of networks. */
export interface WantedConnection {
  /** The remote gateway's cable name. */
  readonly name: string
  readonly cable: Cable
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

// AEAD first; then what upstream's libreswan offers by default, on a FIPS host too. Its PFS wants the group of the IKE SA again.
const GROUPS = 'ecp256-x25519-ecp384-ecp521-modp2048-modp3072-modp4096-modp8192'
const IKE_PROPOSALS = [
  `aes256gcm16-aes128gcm16-prfsha512-prfsha384-prfsha256-${GROUPS}`,
  `chacha20poly1305-prfsha512-prfsha256-${GROUPS}`,
  `aes256-aes128-sha512-sha384-sha256-prfsha512-prfsha384-prfsha256-${GROUPS}`,
  `aes256-aes128-sha1-prfsha1-${GROUPS}`,
]
const ESP_CIPHERS = ['aes256gcm16-aes128gcm16', 'chacha20poly1305', 'aes256-aes128-sha512-sha256', 'aes256-aes128-sha1']
const ESP_PROPOSALS = [...ESP_CIPHERS.map((ciphers) => `${ciphers}-${GROUPS}`), ...ESP_CIPHERS]

/** The connections of the cables, in their order; reqids are the same each time for the same set of names. */
export function wantedConnections(cables: readonly Cable[], esp: EspMode): WantedConnection[] {
  const taken = new Set<number>()
  const reqids = new Map<string, number>()
  const networks = new Map<EndpointSpec, Cidr[]>()
  const networksOf = (spec: EndpointSpec): Cidr[] => {
    const known = networks.get(spec) ?? publishedNetworks(spec)
    networks.set(spec, known)
    return known
  }
  const children = cables.map((cable) => ({ cable, pairs: pairsOf(cable, networksOf) }))
  for (const name of children.flatMap(({ pairs }) => pairs.map((pair) => pair.name)).sort()) {
    let reqid = REQIDS.first + (hash(name) % REQIDS.count)
    while (taken.has(reqid)) reqid = REQIDS.first + ((reqid + 1 - REQIDS.first) % REQIDS.count)
    taken.add(reqid)
    reqids.set(name, reqid)
  }
  return children.map(({ cable, pairs }) => ({
    name: cable.remote.cable_name,
    cable,
    mark: `${MARK_PREFIX}${localPort(cable)}-${cable.port}-${isEncapsulated(cable, esp) ? 'udp' : 'esp'}-${esp}-f${FORM}`,
    children: pairs.map((pair) => ({ ...pair, reqid: reqids.get(pair.name) ?? REQIDS.first })),
  }))
}

/** A child a pair of networks, named by their places in the published lists; a gateway's own address is no network. */
function pairsOf({ local, remote }: Cable, networksOf: (spec: EndpointSpec) => Cidr[]): Omit<WantedChild, 'reqid'>[] {
  return networksOf(local).flatMap((from, i) =>
    networksOf(remote)
      .map((to, j) => ({ name: `${remote.cable_name}-${i}-${j}`, local: from, remote: to }))
      .filter((pair) => familyOf(pair.local) === familyOf(pair.remote)),
  )
}

const publishedNetworks = (spec: EndpointSpec): Cidr[] =>
  spec.subnets.filter((subnet) => !subnet.startsWith(`${spec.private_ip}/`)).map(parseCidr)

/** The port that this gateway's IKE and ESP come from. */
export function localPort({ local }: Cable): number {
  const text = local.backend_config?.['udp-port'] ?? ''
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port > 0 && port < 65_536 ? port : DEFAULT_PORT
}

const isEncapsulated = (cable: Cable, esp: EspMode): boolean => esp === 'userspace' || cable.nat

// FNV-1a: spreads names over the range of reqids.
function hash(text: string): number {
  let value = 0x81_1c_9d_c5
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01_00_01_93) >>> 0
  return value
}

/**
 * The message of load-conn. The remote address comes first, then any: a translation may show another one, and then the id decides.
 * Uniqueness is never by id, which two gateways may share; surplus SAs are ours to end (plan.ts).
 */
export function connectionMessage({ name, cable, mark, children }: WantedConnection, esp: EspMode): Section {
  const { local, remote, address, port } = cable
  return {
    [name]: {
      version: '2',
      local_addrs: [local.private_ip],
      remote_addrs: remoteAddresses(address),
      local_port: String(localPort(cable)),
      remote_port: String(port),
      proposals: IKE_PROPOSALS,
      encap: isEncapsulated(cable, esp) ? 'yes' : 'no',
      mobike: 'no',
      unique: 'never',
      keyingtries: '0',
      dpd_delay: '10s',
      rekey_time: '4h',
      local: { auth: 'psk', id: local.private_ip, aaa_id: mark },
      remote: { auth: 'psk', id: remote.private_ip },
      children: Object.fromEntries(children.map((child) => [child.name, childMessage(child, esp)])),
    },
  }
}

export const remoteAddresses = (address: Ip): string[] => [address, familyOf(address) === 4 ? '0.0.0.0/0' : '::/0']

const childMessage = ({ local, remote, reqid }: WantedChild, esp: EspMode): Section => ({
  mode: 'tunnel',
  local_ts: [local],
  remote_ts: [remote],
  esp_proposals: ESP_PROPOSALS,
  reqid: String(reqid),
  rekey_time: '1h',
  start_action: 'none',
  dpd_action: 'restart',
  close_action: 'none',
  ...(esp === 'kernel' ? { if_id_in: String(IF_ID), if_id_out: String(IF_ID) } : {}),
})
