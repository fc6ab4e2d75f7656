// Who holds which addresses, for any number of claims: intervals kept sorted, so that a claim costs a binary search.
import { bytesOf, type Cidr, familyOf, type Ip, networkAddress, parseCidr, prefixLength } from './net.ts'
import { lowerBound } from './sorted.ts'

/** Networks that no cluster can have, and what they are for. */
export const RESERVED: readonly { readonly network: Cidr; readonly use: string }[] = [
  { network: parseCidr('0.0.0.0/8'), use: 'addresses of no host' },
  { network: parseCidr('127.0.0.0/8'), use: 'loopback addresses' },
  { network: parseCidr('169.254.0.0/16'), use: 'link-local addresses' },
  { network: parseCidr('224.0.0.0/4'), use: 'multicast' },
  { network: parseCidr('240.0.0.0/4'), use: 'reserved, and used between the nodes of a cluster' },
]
/** The widest network that a cluster may claim. */
export const WIDEST = 8

/** Why a network cannot be any cluster's; undefined where it can. */
export function unfit(network: Cidr): string | undefined {
  if (familyOf(network) !== 4) return `${network} is not an IPv4 network`
  if (prefixLength(network) < WIDEST) return `${network} is wider than /${WIDEST}`
  const [from, to] = rangeOf(network)
  const reserved = RESERVED_RANGES.find((other) => from <= other.to && other.from <= to)
  return reserved === undefined ? undefined : `${network} lies in ${reserved.network} (${reserved.use})`
}

/** Whether another machine can have the address: neither loopback nor link-local nor multicast nor reserved. */
export function isUnicast(ip: Ip): boolean {
  if (familyOf(ip) === 6) return true
  const number = numberOf(ip)
  return !RESERVED_RANGES.some(({ from, to }) => from <= number && number <= to)
}

/** IPv4 networks and addresses with their owners. Networks of different owners never overlap. */
export interface Claims {
  /** The owner whose network the network touches, if that is another than `owner`. */
  foreignNetwork(network: Cidr, owner: string): string | undefined
  /** An address in the network that another than `owner` has. */
  foreignAddress(network: Cidr, owner: string): { readonly ip: Ip; readonly owner: string } | undefined
  /** The owner of the network that holds the address. */
  networkOf(ip: Ip): string | undefined
  /** The caller has asked the above first. */
  addNetwork(network: Cidr, owner: string): void
  addAddress(ip: Ip, owner: string): void
  /** Takes all back that the owner has. */
  forget(owner: string): void
}

interface Held {
  readonly from: number
  readonly to: number
  readonly owner: string
}

export function openClaims(): Claims {
  const networks: Held[] = []
  const addresses: { readonly at: number; readonly ip: Ip; readonly owner: string }[] = []
  const touching = (from: number, to: number): [first: number, end: number] => {
    const first = lowerBound(networks, (held) => held.to < from)
    return [first, lowerBound(networks, (held) => held.from <= to)]
  }
  return {
    foreignNetwork(network, owner) {
      const [first, end] = touching(...rangeOf(network))
      for (let i = first; i < end; i += 1) if (networks[i]?.owner !== owner) return networks[i]?.owner
      return undefined
    },
    foreignAddress(network, owner) {
      const [from, to] = rangeOf(network)
      const first = lowerBound(addresses, (held) => held.at < from)
      for (let i = first; (addresses[i]?.at ?? Number.POSITIVE_INFINITY) <= to; i += 1) {
        const held = addresses[i]
        if (held !== undefined && held.owner !== owner) return held
      }
      return undefined
    },
    networkOf(ip) {
      if (familyOf(ip) !== 4) return undefined
      const [first, end] = touching(numberOf(ip), numberOf(ip))
      return first < end ? networks[first]?.owner : undefined
    },
    addNetwork(network, owner) {
      if (familyOf(network) !== 4) return
      const [from, to] = rangeOf(network)
      const [first, end] = touching(from, to)
      const touched = first === end ? [] : networks.slice(first, end)
      const merged = touched.reduce((sum, held) => ({ from: Math.min(sum.from, held.from), to: Math.max(sum.to, held.to), owner }), {
        from,
        to,
        owner,
      })
      networks.splice(first, end - first, merged)
    },
    addAddress(ip, owner) {
      if (familyOf(ip) !== 4) return
      const at = numberOf(ip)
      addresses.splice(
        lowerBound(addresses, (held) => held.at < at),
        0,
        { at, ip, owner },
      )
    },
    forget(owner) {
      for (const list of [networks, addresses])
        for (let i = list.length - 1; i >= 0; i -= 1) if (list[i]?.owner === owner) list.splice(i, 1)
    },
  }
}

/** Numbers of texts that were asked for not long ago: the same few thousand come again with every change. */
const NUMBERS = new Map<string, number>()
const MOST_NUMBERS = 16_384
function numberOf(ip: Ip): number {
  const known = NUMBERS.get(ip)
  if (known !== undefined) return known
  const number = bytesOf(ip).reduce((sum, byte) => sum * 256 + byte, 0)
  if (NUMBERS.size >= MOST_NUMBERS) NUMBERS.clear()
  NUMBERS.set(ip, number)
  return number
}

type Range = readonly [from: number, to: number]
const RANGES = new Map<string, Range>()
/** First and last address of an IPv4 network. */
function rangeOf(network: Cidr): Range {
  const known = RANGES.get(network)
  if (known !== undefined) return known
  const from = numberOf(networkAddress(network))
  const range: Range = [from, from + 2 ** (32 - prefixLength(network)) - 1]
  if (RANGES.size >= MOST_NUMBERS) RANGES.clear()
  RANGES.set(network, range)
  return range
}
const RESERVED_RANGES = RESERVED.map((item) => {
  const [from, to] = rangeOf(item.network)
  return { ...item, from, to }
})
