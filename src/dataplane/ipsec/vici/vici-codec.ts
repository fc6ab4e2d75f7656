// The encoding of charon's control protocol (vici; README.md of strongSwan's vici plugin). Pure.

export type Value = string | readonly string[] | Section
/** A message or a part of it. Decoded ones have no prototype, so that no key means more than itself. */
export interface Section {
  readonly [key: string]: Value
}

export const PACKET = {
  request: 0,
  response: 1,
  unknownCommand: 2,
  register: 3,
  unregister: 4,
  confirm: 5,
  unknownEvent: 6,
  event: 7,
} as const

/** Bytes that are no vici. */
export class ViciFormatError extends Error {
  override readonly name = 'ViciFormatError'
}

export interface Packet {
  readonly type: number
  /** Of a request, a registration or an event. */
  readonly name: string
  /** For decodeMessage. */
  readonly body: Buffer
}

const ELEMENT = { sectionStart: 1, sectionEnd: 2, keyValue: 3, listStart: 4, listItem: 5, listEnd: 6 } as const
const NAMED: readonly number[] = [PACKET.request, PACKET.register, PACKET.unregister, PACKET.event]
// charon takes no packet above 512 KiB and sends none; a section in a section happens four deep at most.
const MOST_BYTES = 512 * 1024
const MOST_DEPTH = 16

/** A packet with its length in front, as it goes through the socket. Throws RangeError where a name, a value or the whole is too long. */
export function encodePacket(type: number, name: string, message: Section = {}): Buffer {
  const body = Buffer.concat([Buffer.from([type]), ...(NAMED.includes(type) ? [short(name)] : []), ...encodeSection(message)])
  if (body.length > MOST_BYTES) throw new RangeError(`vici: a packet of ${body.length} bytes is over charon's limit`)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

function encodeSection(section: Section): Buffer[] {
  return Object.entries(section).flatMap(([key, value]) => {
    if (typeof value === 'string') return [Buffer.from([ELEMENT.keyValue]), short(key), long(value)]
    if (Array.isArray(value))
      return [
        Buffer.from([ELEMENT.listStart]),
        short(key),
        ...value.flatMap((item: string) => [Buffer.from([ELEMENT.listItem]), long(item)]),
        Buffer.from([ELEMENT.listEnd]),
      ]
    return [Buffer.from([ELEMENT.sectionStart]), short(key), ...encodeSection(value as Section), Buffer.from([ELEMENT.sectionEnd])]
  })
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length > 255) throw new RangeError(`vici: the name "${text.slice(0, 40)}..." is longer than 255 bytes`)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

function long(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length > 65_535) throw new RangeError(`vici: a value of ${bytes.length} bytes is too long`)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Reads a packet without its length. Throws ViciFormatError. */
export function readPacket(bytes: Buffer): Packet {
  const reader = new Reader(bytes)
  const type = reader.byte()
  const name = NAMED.includes(type) ? reader.short() : ''
  return { type, name, body: reader.rest() }
}

/** Throws ViciFormatError. */
export const decodeMessage = (body: Buffer): Section => decodeSection(new Reader(body))

type Mutable = { [key: string]: Value }

function decodeSection(reader: Reader): Section {
  const root: Mutable = Object.create(null) as Mutable
  const open: Mutable[] = [root]
  let list: string[] | undefined
  while (!reader.done) {
    const current = open.at(-1) ?? root
    const element = reader.byte()
    if (list !== undefined) {
      if (element === ELEMENT.listItem) list.push(reader.long())
      else if (element === ELEMENT.listEnd) list = undefined
      else throw new ViciFormatError(`element ${element} in a list`)
    } else if (element === ELEMENT.keyValue) current[reader.short()] = reader.long()
    else if (element === ELEMENT.listStart) {
      list = []
      current[reader.short()] = list
    } else if (element === ELEMENT.sectionStart) {
      const inner: Mutable = Object.create(null) as Mutable
      current[reader.short()] = inner
      if (open.push(inner) > MOST_DEPTH) throw new ViciFormatError('sections too deep')
    } else if (element === ELEMENT.sectionEnd && open.length > 1) open.pop()
    else throw new ViciFormatError(`element ${element} out of place`)
  }
  if (open.length > 1 || list !== undefined) throw new ViciFormatError('a section or a list without an end')
  return root
}

class Reader {
  readonly #bytes: Buffer
  #at = 0
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  get done(): boolean {
    return this.#at >= this.#bytes.length
  }
  rest(): Buffer {
    return this.#bytes.subarray(this.#at)
  }
  byte(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw new ViciFormatError('the packet ends in the middle')
    this.#at += 1
    return value
  }
  short(): string {
    return this.#text(this.byte())
  }
  long(): string {
    return this.#text(this.byte() * 256 + this.byte())
  }
  #text(length: number): string {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new ViciFormatError('the packet ends in the middle')
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end
    return text
  }
}

/** Cuts a stream into packets. Throws ViciFormatError at a length that no charon sends. */
export function packetCutter(): (bytes: Buffer) => Buffer[] {
  let parts: Buffer[] = []
  let have = 0
  return (bytes) => {
    parts.push(bytes)
    have += bytes.length
    const wanted = (): number => (have < 4 ? 4 : 4 + lengthOf(parts))
    if (have < wanted()) return []
    let rest = Buffer.concat(parts)
    const packets: Buffer[] = []
    while (rest.length >= 4 && rest.length >= 4 + lengthOf([rest])) {
      const end = 4 + lengthOf([rest])
      packets.push(rest.subarray(4, end))
      rest = rest.subarray(end)
    }
    parts = rest.length === 0 ? [] : [rest]
    have = rest.length
    return packets
  }
}

function lengthOf(parts: readonly Buffer[]): number {
  const [first] = parts
  const head = first !== undefined && first.length >= 4 ? first : Buffer.concat(parts)
  const length = head.readUInt32BE(0)
  if (length === 0 || length > MOST_BYTES) throw new ViciFormatError(`a packet of ${length} bytes`)
  return length
}
