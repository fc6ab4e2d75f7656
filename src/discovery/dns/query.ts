// A question as bytes. Whatever they are, reading them ends, in time that grows with their number alone: names are not followed, they are skipped.
import type { Labels } from './names.ts'
import { RCODE, TYPE } from './records.ts'

export interface Edns {
  /** The longest datagram that the asker takes. */
  readonly udpBytes: number
  readonly isDnssecOk: boolean
}
export interface Query {
  /** In lower case, one character a byte. */
  readonly labels: Labels
  readonly type: number
  readonly class: number
  /** The question's bytes: they come back as they are. */
  readonly question: Buffer
  readonly edns: Edns | undefined
  /** Whether nothing stands in the packet that an answer does not depend on, so that the same bytes get the same answer. */
  readonly isPlain: boolean
}
/** What can be said of a packet that is no question: an error, with the question where it could be read. */
export interface Fault {
  readonly rcode: number
  readonly question: Buffer | undefined
  readonly edns: Edns | undefined
}
export type Read = { readonly query: Query } | { readonly fault: Fault } | 'ignored'

export const HEADER_BYTES = 12
const [QR, OPCODE] = [0x8000, 0x7800]
const MOST_NAME_BYTES = 255
const OPT_BYTES = 11
const LEAST_UDP = 512

/** Answers, and what is too short to have a number, are ignored: to answer them would let two servers talk for ever. */
export function readQuery(bytes: Buffer): Read {
  if (bytes.length < HEADER_BYTES) return 'ignored'
  const flags = bytes.readUInt16BE(2)
  if ((flags & QR) !== 0) return 'ignored'
  const fault = (rcode: number, question?: Buffer, edns?: Edns): Read => ({ fault: { rcode, question, edns } })
  if ((flags & OPCODE) !== 0) return fault(RCODE.NOTIMP)
  if (bytes.readUInt16BE(4) !== 1) return fault(RCODE.FORMERR)
  const name = readLabels(bytes)
  if (name === undefined || name.end + 4 > bytes.length) return fault(RCODE.FORMERR)
  const end = name.end + 4
  const question = bytes.subarray(HEADER_BYTES, end)
  const records = readRecords(bytes, end)
  if (records === undefined) return fault(RCODE.FORMERR, question)
  const { opt, count } = records
  if (opt !== undefined && opt.version !== 0) return fault(RCODE.BADVERS, question, opt)
  const type = bytes.readUInt16BE(name.end)
  // These stand in front of messages, never in a question.
  if (type === TYPE.OPT || type === 0) return fault(RCODE.FORMERR, question, opt)
  return {
    query: {
      labels: name.labels,
      type,
      class: bytes.readUInt16BE(name.end + 2),
      question,
      edns: opt,
      isPlain: count === (opt === undefined ? 0 : 1) && bytes.length === end + (opt === undefined ? 0 : OPT_BYTES),
    },
  }
}

/** The name of the question, which nothing stands before that a pointer could lead to. Undefined where it is none. */
function readLabels(bytes: Buffer): { readonly labels: Labels; readonly end: number } | undefined {
  const labels: string[] = []
  for (let at = HEADER_BYTES; at < bytes.length && at - HEADER_BYTES < MOST_NAME_BYTES; ) {
    const length = bytes[at] ?? 0
    if (length === 0) return { labels, end: at + 1 }
    if (length > 63 || at + 1 + length > bytes.length) return undefined
    labels.push(lower(bytes.toString('latin1', at + 1, at + 1 + length)))
    at += 1 + length
  }
  return undefined
}

/** ASCII's letters alone: DNS knows no others. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

interface Opt extends Edns {
  readonly version: number
}

/** Looks for the OPT record among those after the question. Undefined where they are not what the header says, or there are two. */
function readRecords(bytes: Buffer, from: number): { readonly opt: Opt | undefined; readonly count: number } | undefined {
  const beforeAdditional = bytes.readUInt16BE(6) + bytes.readUInt16BE(8)
  const count = beforeAdditional + bytes.readUInt16BE(10)
  let opt: Opt | undefined
  let at = from
  for (let i = 0; i < count; i += 1) {
    const start = skipName(bytes, at)
    if (start === undefined || start + 10 > bytes.length) return undefined
    at = start + 10 + bytes.readUInt16BE(start + 8)
    if (at > bytes.length) return undefined
    if (bytes.readUInt16BE(start) !== TYPE.OPT) continue
    // Its owner is the root: one byte.
    if (opt !== undefined || i < beforeAdditional || bytes[start - 1] !== 0) return undefined
    opt = optOf(bytes, start)
  }
  return { opt, count }
}

const optOf = (bytes: Buffer, start: number): Opt => ({
  udpBytes: Math.max(LEAST_UDP, bytes.readUInt16BE(start + 2)),
  version: bytes[start + 5] ?? 0,
  isDnssecOk: ((bytes[start + 6] ?? 0) & 0x80) !== 0,
})

/** Where the name ends: after a pointer, or after the root. */
function skipName(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at < bytes.length; ) {
    const length = bytes[at] ?? 0
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    if (length > 63) return undefined
    at += 1 + length
  }
  return undefined
}
