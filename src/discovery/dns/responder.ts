// From the bytes of a question to the bytes of its answer. Nothing in a packet makes it throw.
import { type AnswerSettings, answerTo } from './answer.ts'
import { openCache } from './cache.ts'
import type { Directory } from './directory.ts'
import { type Asked, encodeAnswer, encodeFault, MOST_BYTES, MOST_UDP_BYTES, rcodeOf } from './encode.ts'
import { HEADER_BYTES, type Query, readQuery } from './query.ts'
import { type Answer, RCODE } from './records.ts'

export interface ResponderOptions {
  readonly directory: Directory
  readonly settings: AnswerSettings
  /** In [0, 1): where the turns of a question begin. */
  readonly random: () => number
  /** Told of a fault of ours. The packet was answered SERVFAIL. */
  readonly onFault: (error: unknown) => void
}
/** Undefined: nothing is to be sent. The bytes are the caller's. */
export type Respond = (bytes: Buffer) => Buffer | undefined
export interface Responder {
  /** A datagram's. */
  readonly udp: Respond
  /** A stream's: as long as it must be. */
  readonly tcp: Respond
}

/** Without EDNS; RFC 1035. */
const PLAIN_UDP_BYTES = 512
/** A datagram may have a made-up sender: what it sets off is no more than 512 bytes, or so many times its own length. */
const MOST_GAIN = 10
/** Three answers each of 5000 names take 2.6 MB; what was not asked for lately is forgotten by halves. */
const CACHE_BYTES = 6e6
const MOST_KEY_BYTES = 300

export function openResponder(options: ResponderOptions): Responder {
  const cache = openCache(CACHE_BYTES)
  const anyTurn = (): number => Math.floor(options.random() * 2 ** 16)
  const udp = (bytes: Buffer): Buffer | undefined => {
    if (bytes.length < HEADER_BYTES || bytes.length > MOST_KEY_BYTES) return make(bytes, anyTurn())?.bytes
    // All but the question's number.
    const key = bytes.toString('latin1', 2)
    const cached = cache.get(key)
    if (cached === undefined) {
      const turn = anyTurn()
      const made = make(bytes, turn)
      if (made?.answer === undefined) return made?.bytes
      const { turns, epochs } = made.answer
      const answers = Array.from({ length: turns }, (): string | undefined => undefined)
      answers[turn % turns] = shortened(made)
      cache.put(key, { answers, epochs, turn: turn + 1, questionEnd: made.questionEnd })
      return made.bytes
    }
    const { answers } = cached
    const slot = cached.turn % answers.length
    const known = answers[slot]
    cached.turn += 1
    if (known !== undefined) return completed(known, bytes, cached.questionEnd)
    const made = make(bytes, slot)
    if (made === undefined) return undefined
    const text = shortened(made)
    answers[slot] = text
    cache.grow(text)
    return made.bytes
  }
  const make = (bytes: Buffer, turn: number): Made | undefined => madeOf(bytes, { options, turn, mostBytes: mostUdpBytes })
  const tcp = (bytes: Buffer): Buffer | undefined => madeOf(bytes, { options, turn: anyTurn(), mostBytes: () => MOST_BYTES })?.bytes
  return { udp: guarded(udp, options.onFault), tcp: guarded(tcp, options.onFault) }
}

const mostUdpBytes = ({ edns }: Query, asked: number): number =>
  edns === undefined ? PLAIN_UDP_BYTES : Math.min(edns.udpBytes, MOST_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, MOST_GAIN * asked))

const NUMBER_BYTES = 2
const KEPT_HEADER_BYTES = HEADER_BYTES - NUMBER_BYTES

/** An answer without its number and its question, which whoever asks the same brings along. */
const shortened = ({ bytes, questionEnd }: Made): string =>
  // Two texts put together would keep both.
  Buffer.concat([bytes.subarray(NUMBER_BYTES, HEADER_BYTES), bytes.subarray(questionEnd)]).toString('latin1')

/** The whole answer to the question that ends there. */
function completed(kept: string, asked: Buffer, questionEnd: number): Buffer {
  const answer = Buffer.allocUnsafe(questionEnd + kept.length - KEPT_HEADER_BYTES)
  answer.write(kept, questionEnd - KEPT_HEADER_BYTES, 'latin1')
  answer.copyWithin(NUMBER_BYTES, questionEnd - KEPT_HEADER_BYTES, questionEnd)
  asked.copy(answer, 0, 0, NUMBER_BYTES)
  asked.copy(answer, HEADER_BYTES, HEADER_BYTES, questionEnd)
  return answer
}

interface Made {
  readonly bytes: Buffer
  /** Where the question ends in them, as it does in what was asked. */
  readonly questionEnd: number
  /** Where it may be kept for the same question. */
  readonly answer: Answer | undefined
}
interface Making {
  readonly options: ResponderOptions
  readonly turn: number
  readonly mostBytes: (query: Query, asked: number) => number
}

function madeOf(bytes: Buffer, { options, turn, mostBytes }: Making): Made | undefined {
  const read = readQuery(bytes)
  if (read === 'ignored') return undefined
  if ('fault' in read)
    return { bytes: encodeFault({ bytes, labels: [], ...read.fault }, read.fault.rcode), questionEnd: HEADER_BYTES, answer: undefined }
  const { query } = read
  const asked: Asked = { bytes, labels: query.labels, question: query.question, edns: query.edns }
  const answer = answerTo(query, options.directory, options.settings, turn)
  const sections = { ...answer, rcode: rcodeOf(answer) }
  return {
    bytes: encodeAnswer(asked, sections, mostBytes(query, bytes.length)),
    questionEnd: HEADER_BYTES + query.question.length,
    answer: query.isPlain ? answer : undefined,
  }
}

/** A fault of ours costs one answer, not the server. */
const guarded =
  (respond: Respond, onFault: (error: unknown) => void): Respond =>
  (bytes) => {
    try {
      return respond(bytes)
    } catch (error) {
      onFault(error)
      return encodeFault({ bytes, labels: [], question: undefined, edns: undefined }, RCODE.SERVFAIL)
    }
  }
