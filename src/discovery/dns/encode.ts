// An answer as bytes. dns-packet writes what is in records; names of owners are written here, since it does not shorten them: an answer with many
// addresses would be four times as long.
import packet from 'dns-packet'
import type { Labels } from './names.ts'
import { type Edns, HEADER_BYTES } from './query.ts'
import { type Answer, CLASS_IN, RCODE, type Record_, TYPE } from './records.ts'

/** What of a packet comes back in its answer. */
export interface Asked {
  /** The packet; it is longer than a header. */
  readonly bytes: Buffer
  readonly labels: Labels
  readonly question: Buffer | undefined
  readonly edns: Edns | undefined
}
export type Sections = Pick<Answer, 'isAuthoritative' | 'answers' | 'authority' | 'additional'> & { readonly rcode: number }

/** The longest datagram that we say we take, and send: it fits into every network without being cut in pieces. */
export const MOST_UDP_BYTES = 1_232
export const MOST_BYTES = 65_535
const [QR, AA, TC, RD_AND_CD] = [0x8000, 0x0400, 0x0200, 0x0110]
const OPT_BYTES = 11
const POINTER = 0xc000
/** Pointers reach no farther. */
const MOST_POINTED = 0x3fff

// Nothing is ever written at the same time; what is given away is copied.
const scratch = Buffer.alloc(MOST_BYTES + 2 ** 12)

/** The bytes, at most so many: with what fits, and TC where answers are left out. An answer that fits but for its additional records goes without those. */
export function encodeAnswer(
  asked: Asked,
  { rcode, isAuthoritative, answers, authority, additional }: Sections,
  mostBytes: number,
): Buffer {
  const limit = mostBytes - (asked.edns === undefined ? 0 : OPT_BYTES)
  const write = openWriter(asked, limit)
  const [said, referred] = [write.all(answers), write.all(authority)]
  const isCut = said < answers.length || referred < authority.length
  const extra = isCut ? 0 : write.all(additional)
  const end = asked.edns === undefined ? write.end() : writeOpt(write.end(), rcode, asked.edns)
  const flags = QR | (isAuthoritative ? AA : 0) | (isCut ? TC : 0) | (asked.bytes.readUInt16BE(2) & RD_AND_CD) | (rcode & 15)
  const counts = [asked.question === undefined ? 0 : 1, said, referred, extra + (asked.edns === undefined ? 0 : 1)]
  asked.bytes.copy(scratch, 0, 0, 2)
  for (const [i, number] of [flags, ...counts].entries()) scratch.writeUInt16BE(number, 2 + 2 * i)
  return Buffer.from(scratch.subarray(0, end))
}

interface Writer {
  /** How many there was room for. */
  all(records: readonly Record_[]): number
  end(): number
}

function openWriter({ labels, question }: Asked, limit: number): Writer {
  const known = new Map<string, number>()
  let end = HEADER_BYTES
  if (question !== undefined) {
    // A dot within a label would make two names look the same; nothing here has such a name.
    if (!labels.some((label) => label.includes('.'))) remember(known, labels, HEADER_BYTES)
    end += question.copy(scratch, HEADER_BYTES)
  }
  const one = (record: Record_): boolean => {
    const after = writeRecord(record, end, known)
    if (after > limit) return false
    end = after
    return true
  }
  return {
    all(records) {
      const left = records.findIndex((record) => !one(record))
      return left === -1 ? records.length : left
    },
    end: () => end,
  }
}

function writeRecord({ owner, type, ttl, data }: Record_, from: number, known: Map<string, number>): number {
  const at = writeName(owner, from, known)
  scratch.writeUInt16BE(TYPE[type], at)
  scratch.writeUInt16BE(CLASS_IN, at + 2)
  scratch.writeUInt32BE(ttl, at + 4)
  const { encode } = packet.record(type)
  encode(data, scratch, at + 8)
  return at + 8 + encode.bytes
}

/** The labels up to the first tail that stands in the packet already, and a pointer to that. */
function writeName(labels: Labels, from: number, known: Map<string, number>): number {
  let at = from
  for (const [i, label] of labels.entries()) {
    const there = known.get(labels.slice(i).join('.'))
    if (there !== undefined) {
      scratch.writeUInt16BE(POINTER | there, at)
      remember(known, labels.slice(0, i), from, labels.slice(i))
      return at + 2
    }
    scratch[at] = scratch.write(label, at + 1, 'latin1')
    at += 1 + label.length
  }
  remember(known, labels, from)
  scratch[at] = 0
  return at + 1
}

/** Where each of the labels stands, with what comes after them. */
function remember(known: Map<string, number>, labels: Labels, from: number, tail: Labels = []): void {
  let at = from
  for (const [i, label] of labels.entries()) {
    const name = [...labels.slice(i), ...tail].join('.')
    if (at <= MOST_POINTED && !known.has(name)) known.set(name, at)
    at += 1 + label.length
  }
}

function writeOpt(at: number, rcode: number, { isDnssecOk }: Edns): number {
  scratch[at] = 0
  scratch.writeUInt16BE(TYPE.OPT, at + 1)
  scratch.writeUInt16BE(MOST_UDP_BYTES, at + 3)
  scratch.writeUInt16BE((rcode >> 4) << 8, at + 5)
  scratch.writeUInt16BE(isDnssecOk ? 0x8000 : 0, at + 7)
  scratch.writeUInt16BE(0, at + 9)
  return at + OPT_BYTES
}

/** An error without anything else. */
export const encodeFault = (asked: Asked, rcode: number): Buffer =>
  encodeAnswer(asked, { rcode, isAuthoritative: false, answers: [], authority: [], additional: [] }, MOST_UDP_BYTES)

/** The number that the answer's code has. */
export const rcodeOf = ({ rcode }: Answer): number => RCODE[rcode]
