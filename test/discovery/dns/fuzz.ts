import packet from 'dns-packet'
import { HEADER_BYTES } from '../../../src/discovery/dns/query.ts'
import type { Responder } from '../../../src/discovery/dns/responder.ts'
import { hostilePacket, openRandom } from './packets.ts'
import { completeIndex, export_, importObject, responderOf, sliceObject } from './world.ts'

export interface FuzzResult {
  readonly sent: number
  readonly answered: number
  /** How many of the answers had each code. */
  readonly codes: Readonly<Record<number, number>>
}

/** Has so many hostile packets answered, over UDP and TCP in turn. Throws at the first answer that is none: not what was asked, too long, or not to be read. */
export function fuzz(count: number, seed: number, responder: Responder = responderOf(hostileWorld())): FuzzResult {
  const random = openRandom(seed)
  const codes: Record<number, number> = {}
  let answered = 0
  for (let i = 0; i < count; i += 1) {
    const bytes = hostilePacket(random)
    const asked = Buffer.from(bytes)
    const transport = i % 2 === 0 ? 'udp' : 'tcp'
    const back = responder[transport](bytes)
    if (!bytes.equals(asked)) throw new Error(`packet ${i} of seed ${seed} was changed: ${asked.toString('hex')}`)
    if (back === undefined) continue
    answered += 1
    const code = (back[3] ?? 0) & 15
    codes[code] = (codes[code] ?? 0) + 1
    const fault = faultOf(asked, back, transport)
    if (fault !== undefined) throw new Error(`packet ${i} of seed ${seed}: ${fault}: ${asked.toString('hex')} -> ${back.toString('hex')}`)
  }
  return { sent: count, answered, codes }
}

function hostileWorld() {
  const index = completeIndex()
  export_(index, 'web', { east: '100.2.0.10', north: '100.3.0.10' })
  index.imports.put(importObject('db', { type: 'Headless' }))
  index.slices.put(
    sliceObject('db', 'east', {
      endpoints: Array.from({ length: 40 }, (_, i) => ({ ip: `10.2.0.${i + 1}`, ...(i === 0 && { hostname: 'a' }) })),
    }),
  )
  return index
}

function faultOf(asked: Buffer, back: Buffer, transport: 'udp' | 'tcp'): string | undefined {
  if (asked.length < HEADER_BYTES) return 'what has no number was answered'
  if (back.readUInt16BE(0) !== asked.readUInt16BE(0)) return 'another number'
  if (((back[2] ?? 0) & 0x80) === 0) return 'no answer, but a question'
  if (((asked[2] ?? 0) & 0x80) !== 0) return 'an answer was answered'
  if (transport === 'udp' && back.length > Math.max(512, 10 * asked.length)) return 'too long'
  const questions = back.readUInt16BE(4)
  try {
    const { answers, authorities, additionals } = packet.decode(back)
    if (questions === 0 && answers.length + authorities.length > 0) return 'records without a question'
    if (additionals.filter(({ type }) => type === 'OPT').length > 1) return 'two OPT records'
    return undefined
  } catch (error) {
    return `not to be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
