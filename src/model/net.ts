// Addresses and networks. Text from a flag, a file or another cluster becomes an Ip or a Cidr here, once; only such values reach a command line.
import ipaddr from 'ipaddr.js'

declare const brand: unique symbol
/** An address in canonical text: equal addresses are equal strings. */
export type Ip = string & { readonly [brand]: 'Ip' }
/** A network in canonical text, host bits cleared: equal networks are equal strings. */
export type Cidr = string & { readonly [brand]: 'Cidr' }
export type Family = 4 | 6

/** Parses an IPv4 address in four decimal parts, or an IPv6 address without a zone. Throws RangeError. */
export function parseIp(text: string): Ip {
  if (ipv4Number(text) !== undefined) return text as Ip
  if (!isStrict(text)) throw new RangeError(`"${text}" is not an IP address`)
  return ipaddr.parse(text).toString() as Ip
}

/** The address that the text is; none where it is something else. */
export function ipOrNone(text: string): readonly Ip[] {
  try {
    return [parseIp(text)]
  } catch {
    return []
  }
}

/** Parses `address/length` and clears the host bits. Throws RangeError. */
export function parseCidr(text: string): Cidr {
  const [address = '', bits = '', more] = text.split('/')
  const ipv4 = ipv4Number(address)
  if (ipv4 !== undefined && more === undefined && IPV4_LENGTH.test(bits)) return `${ipv4Text(cut(ipv4, Number(bits)))}/${bits}` as Cidr
  if (more !== undefined || !isStrict(address) || !/^(0|[1-9]\d{0,2})$/.test(bits))
    throw new RangeError(`"${text}" is not a network (address/length)`)
  const parsed = ipaddr.parse(address)
  const length = Number(bits)
  const bytes = parsed.toByteArray()
  if (length > bytes.length * 8) throw new RangeError(`"${text}" is not a network: its length is over ${bytes.length * 8}`)
  const cleared = bytes.map((byte, i) => byte & (0xff << Math.max(0, 8 - Math.max(0, length - i * 8))) & 0xff)
  return `${ipaddr.fromByteArray(cleared).toString()}/${length}` as Cidr
}

/** Parses a comma-separated list; blanks and empty items are left out. Throws RangeError. */
export const parseCidrs = (text: string): Cidr[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map(parseCidr)

export const familyOf = (value: Ip | Cidr): Family => (value.includes(':') ? 6 : 4)
export const prefixLength = (cidr: Cidr): number => Number(cidr.slice(cidr.indexOf('/') + 1))
/** The lowest address of a network. */
export const networkAddress = (cidr: Cidr): Ip => cidr.slice(0, cidr.indexOf('/')) as Ip
/** The network that holds one address alone. */
export const hostCidr = (ip: Ip): Cidr => `${ip}/${familyOf(ip) === 4 ? 32 : 128}` as Cidr

/** Whether every address of `inner` (an address or a network) lies in `outer`. Never across families. */
export function contains(outer: Cidr, inner: Ip | Cidr): boolean {
  if (!outer.includes(':') && !inner.includes(':')) {
    const [network, length] = ipv4Parts(outer)
    const [address, innerLength] = ipv4Parts(inner)
    return innerLength >= length && cut(address, length) === network
  }
  const network = inner.includes('/') ? (inner as Cidr) : hostCidr(inner as Ip)
  if (familyOf(outer) !== familyOf(network) || prefixLength(network) < prefixLength(outer)) return false
  return parseCidr(`${networkAddress(network)}/${prefixLength(outer)}`) === outer
}

export const overlaps = (a: Cidr, b: Cidr): boolean => contains(a, b) || contains(b, a)

/** The bytes of an address, most significant first. */
export const bytesOf = (ip: Ip): number[] => (ip.includes(':') ? ipaddr.parse(ip).toByteArray() : ip.split('.').map(Number))

// IPv4 by hand: with hundreds of clusters thousands of addresses are parsed for each change, and a general parser is fifty times as slow.
const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/
const IPV4_LENGTH = /^([12]?\d|3[0-2])$/

/** The address as a number; undefined for any other text than its canonical one. */
function ipv4Number(text: string): number | undefined {
  if (!IPV4.test(text)) return undefined
  let number = 0
  for (const part of text.split('.')) {
    if (Number(part) > 255) return undefined
    number = number * 256 + Number(part)
  }
  return number
}
const [DOT, SLASH, ZERO] = [46, 47, 48]
/** The number of an address or a network, and its length. */
function ipv4Parts(value: Ip | Cidr): [number: number, length: number] {
  let number = 0
  let part = 0
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i)
    if (code === SLASH) return [number * 256 + part, Number(value.slice(i + 1))]
    if (code === DOT) number = number * 256 + part
    part = code === DOT ? 0 : part * 10 + code - ZERO
  }
  return [number * 256 + part, 32]
}
/** Without its host bits. */
const cut = (number: number, length: number): number => number - (number % 2 ** (32 - length))
const ipv4Text = (number: number): string => [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.')

function isStrict(text: string): boolean {
  if (text.includes(':')) return ipaddr.IPv6.isValid(text) && !text.includes('%')
  return ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text)
}
