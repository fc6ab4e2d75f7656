// What a node's kernel holds of ours, as plain data: a plan is the desired one.
import type { Cidr, Ip } from '../../model/net.ts'
import { OVERLAY_PORT } from '../../model/ports.ts'
import { type Order, TEXT_ORDER } from '../../model/sorted.ts'

/** The protocol number that marks routes, rules and neighbours as ours. */
export const OWNER = 77
/** Routes to remote networks: table, and priority of its rule. */
export const TABLE = 150
/** Routes to this cluster's own pods for what comes out of a tunnel: table, and priority of its rules. */
export const RETURN_TABLE = 149
/** Routes into this node's own tunnels, for what other nodes have sent here: table, and priority of its rule. */
export const CARRY_TABLE = 148
/** A route that leads somewhere, and the reject behind it. */
export const METRIC = { route: 100, reject: 4_294_967_295 } as const
export const VX_DEVICE = 'vx-submariner'
export const VX_NETWORK = '240.0.0.0/8'
export const VX_PORT = OVERLAY_PORT
export const VX_VNI = 100
/** Alias of links that are ours. */
export const ALIAS = 'submariner'
/** Devices that tunnels end in: kernel-libipsec's, and the XFRM interface of kernel ESP. */
export const USUAL_DEVICE = 'ipsec0'
export const TUNNEL_DEVICES: readonly string[] = [USUAL_DEVICE, 'subm-ipsec']

/** The VXLAN between the nodes of one cluster. */
export interface VxLink {
  /** The outer source address. */
  readonly local: Ip
  readonly mac: string
  readonly mtu: number
  /** This node's own address in VX_NETWORK. */
  readonly ip: Ip
}

/** Another node on the VXLAN. */
export interface Peer {
  readonly ip: Ip
  readonly mac: string
  readonly nodeIp: Ip
}

export interface Route {
  readonly table: number
  readonly to: Cidr
  /** Undefined for a reject. */
  readonly dev?: string
  readonly via?: Ip
  readonly src?: Ip
}

/** The order of a plan's routes: by table, in each what leads nowhere first, then by network. */
export const ROUTE_ORDER: Order<Route> = {
  compare: (a, b) => b.table - a.table || Number(a.dev !== undefined) - Number(b.dev !== undefined) || TEXT_ORDER.compare(a.to, b.to),
  isSame: (a, b) => a.dev === b.dev && a.via === b.via && a.src === b.src,
}

export interface Rule {
  readonly priority: number
  readonly table: number
  /** The device that packets came in by. */
  readonly iif?: string
}

export type IptablesTable = 'raw' | 'mangle' | 'nat' | 'filter'
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'
/** A built-in chain's jump to a chain of ours: ahead of all others, or behind every jump to another chain. */
export interface Jump {
  readonly hook: Hook
  readonly place: 'first' | 'last'
}
export type OwnName = `SUBMARINER-${string}`

/** A chain of ours, whole. Rules are written as iptables-save prints them. */
export interface Chain {
  readonly table: IptablesTable
  readonly name: OwnName
  readonly jumps: readonly Jump[]
  readonly rules: readonly string[]
}

/** A set of networks, of type hash:net. */
export interface IpSet {
  readonly name: OwnName
  /** In TEXT_ORDER. */
  readonly networks: readonly Cidr[]
}

/** A setting of a device; held only while the device is there. */
export interface Sysctl {
  readonly device: string
  readonly name: 'forwarding' | 'rp_filter'
  readonly value: string
  /** `strict`: only where the device's reverse path filter is strict, by itself or by `all`. */
  readonly when: 'always' | 'strict'
}

/** All that the project keeps in a node's kernel, but for tunnels and the gateway's own addresses. Equal values are the same kernel. */
export interface NodePlan {
  readonly link: VxLink | undefined
  readonly peers: readonly Peer[]
  /** In ROUTE_ORDER. */
  readonly routes: readonly Route[]
  readonly rules: readonly Rule[]
  readonly sets: readonly IpSet[]
  readonly chains: readonly Chain[]
  readonly sysctls: readonly Sysctl[]
}

/** The plan of a node that the project has left. */
export const NOTHING: NodePlan = { link: undefined, peers: [], routes: [], rules: [], sets: [], chains: [], sysctls: [] }
