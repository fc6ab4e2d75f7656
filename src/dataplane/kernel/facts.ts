// What a machine is, as its kernel says. Nothing is sent.
import { type Cidr, contains, type Ip, parseIp } from '../../model/net.ts'
import type { Exec } from '../../system/exec.ts'
import { TUNNEL_DEVICES, VX_DEVICE } from '../node/state.ts'
import { OWNED_LABEL } from './owned.ts'
import { type Json, listOf, parseAnswers, wordOf } from './words.ts'

export interface NodeFacts {
  /** The address that it speaks to the world from, or the one that was asked about. */
  readonly privateIp: Ip
  /** The device that has privateIp, and its MTU. */
  readonly device: string
  readonly nodeMtu: number
  /** Its address in the pods' network and the device that has it; undefined where the CNI gives it none. */
  readonly cniIp: Ip | undefined
  readonly cniDevice: string | undefined
  /** The device of its tunnels while its engine keeps any: an engine that does owns addresses here. */
  readonly carryingBy: string | undefined
}

export interface FactsOptions {
  /** The cluster's pod networks. */
  readonly podCidrs: readonly Cidr[]
  /** Networks of this node's own pods, where they are known: an address in one of these is the CNI's before any other is. */
  readonly nodePodCidrs?: readonly Cidr[]
  /** The node's address, where it is known already. */
  readonly nodeIp?: Ip
}

/** Some address of the world: which way would a packet go? (Of the networks for documentation, RFC 5737.) */
const WORLD = '192.0.2.1'

/** Reads the facts. Throws where the node has no IPv4 address that speaks to the world, or none as was asked about. */
export async function readNodeFacts(exec: Exec, { podCidrs, nodePodCidrs = [], nodeIp }: FactsOptions): Promise<NodeFacts> {
  const { stdout } = await exec(['ip', '-j', '-force', '-batch', '-'], { input: `addr show\nroute get ${WORLD}\n`, okCodes: [0, 1, 2] })
  const [links = [], [way] = []] = parseAnswers(stdout)
  const addresses = links.flatMap((link) =>
    listOf(link.addr_info)
      .filter((info) => wordOf(info, 'family') === 'inet' && !isOwned(info))
      .map((info) => ({
        ip: parseIp(wordOf(info, 'local') ?? ''),
        prefix: Number(wordOf(info, 'prefixlen')),
        scope: wordOf(info, 'scope'),
        device: wordOf(link, 'ifname') ?? '',
        mtu: Number(wordOf(link, 'mtu')),
      })),
  )
  const others = addresses.filter(({ device }) => device !== VX_DEVICE)
  const world = wordOf(way, 'prefsrc')
  const own =
    nodeIp === undefined
      ? (others.find(({ ip }) => ip === world) ?? others.find(({ scope }) => scope === 'global'))
      : others.find(({ ip }) => ip === nodeIp)
  if (own === undefined)
    throw new Error(nodeIp === undefined ? 'no IPv4 address on this node speaks to the world' : `no device of this node has ${nodeIp}`)
  const within = (networks: readonly Cidr[]) => others.filter(({ ip }) => networks.some((network) => contains(network, ip)))
  // An overlay's own device has the one address alone; the pods' bridge has a network.
  const [cni] = [...within(nodePodCidrs), ...within(podCidrs)].sort((a, b) => Number(a.prefix === 32) - Number(b.prefix === 32))
  return {
    ...{ privateIp: own.ip, device: own.device, nodeMtu: own.mtu },
    ...{ cniIp: cni?.ip, cniDevice: cni?.device },
    carryingBy: links.some((link) => listOf(link.addr_info).some(isOwned)) ? tunnelDeviceOf(links) : undefined,
  }
}

const isOwned = (info: Json): boolean => wordOf(info, 'label') === OWNED_LABEL
const tunnelDeviceOf = (links: readonly Json[]): string | undefined =>
  links.map((link) => wordOf(link, 'ifname') ?? '').find((name) => TUNNEL_DEVICES.includes(name))
