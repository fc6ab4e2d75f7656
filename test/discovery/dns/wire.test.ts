// What a packet looks like, coming and going.
import { describe, expect, it } from '@jest/globals'
import packet from 'dns-packet'
import { MOST_UDP_BYTES } from '../../../src/discovery/dns/encode.ts'
import type { Index } from '../../../src/discovery/dns/index.ts'
import { completeIndex, export_, importObject, lines, questionBytes, responderOf, sliceObject, udp } from './world.ts'

const WEB = 'web.shop.svc.clusterset.local'
const BIG = 'big.shop.svc.clusterset.local'

function world(): Index {
  const index = completeIndex()
  export_(index, 'web', { east: '100.2.0.10' })
  index.imports.put(importObject('big', { type: 'Headless' }))
  index.slices.put(
    sliceObject('big', 'east', {
      endpoints: Array.from({ length: 200 }, (_, i) => ({ ip: `10.2.${i >> 7}.${(i % 128) + 1}`, hostname: `big-${i}` })),
    }),
  )
  return index
}
const responder = responderOf(world())
const codeOf = (bytes: Buffer | undefined): number | undefined => (bytes?.[3] ?? 0) & 15
const [FORMERR, NXDOMAIN, NOTIMP, REFUSED] = [1, 3, 4, 5]

describe('an answer', () => {
  it('has the number, the question as it was written and the wish for recursion of its question, and offers none', () => {
    const asked = questionBytes('WeB.Shop.svc.CLUSTERSET.local', 'A', { flags: 0x0110 })
    const { bytes, ...answer } = udp(responder, asked)
    expect(answer).toMatchObject({
      id: 4711,
      type: 'response',
      flag_rd: true,
      flag_ra: false,
      flag_cd: true,
      flag_ad: false,
      rcode: 'NOERROR',
    })
    expect(bytes.subarray(12, asked.length).equals(asked.subarray(12))).toBe(true)
    expect(lines(udp(responder, asked))[1]).toBe('an WeB.Shop.svc.CLUSTERSET.local 5 A 100.2.0.10')
  })
  it('says each name once', () => {
    // A header, the question, and a pointer with 14 bytes for the address.
    expect(udp(responder, questionBytes(WEB, 'A')).bytes).toHaveLength(12 + WEB.length + 2 + 4 + 16)
  })
  it('has as much as 512 bytes hold where the asker does not say that it takes more, and says that it is cut', () => {
    const answer = udp(responder, questionBytes(BIG, 'A'))
    expect(answer.flag_tc).toBe(true)
    expect(answer.answers).toHaveLength(29)
    expect(answer.bytes.length).toBeLessThanOrEqual(512)
  })
  it.each([
    [512, 512],
    [540, 540],
    [4096, 10 * questionBytes(BIG, 'A', { edns: { udpPayloadSize: 4096 } }).length],
    [1, 512],
  ])('to an asker that takes %i bytes has at most %i', (udpPayloadSize, most) => {
    const { bytes, flag_tc } = udp(responder, questionBytes(BIG, 'A', { edns: { udpPayloadSize } }))
    expect(flag_tc).toBe(true)
    expect(bytes.length).toBeLessThanOrEqual(most)
    expect(bytes.length).toBeGreaterThan(most - 16)
  })
  it('is never ten times as long as a question, beyond 512 bytes, whoever sent it', () => {
    const padded = Buffer.concat([questionBytes(BIG, 'A', { edns: { udpPayloadSize: 65_535 } }), Buffer.alloc(1_000)])
    expect(udp(responder, padded).bytes.length).toBeLessThanOrEqual(MOST_UDP_BYTES)
    for (const type of ['A', 'SRV', 'ANY', 'SOA'])
      for (const edns of [undefined, { udpPayloadSize: 65_535 }]) {
        const asked = questionBytes(BIG, type, edns && { edns })
        expect(udp(responder, asked).bytes.length).toBeLessThanOrEqual(Math.max(512, 10 * asked.length))
      }
  })
  it('is whole over TCP', () => {
    const answer = packet.decode(responder.tcp(questionBytes(BIG, 'SRV')) ?? Buffer.alloc(0))
    expect(answer.flag_tc).toBe(false)
    expect(answer.answers).toHaveLength(200)
    expect(answer.additionals).toHaveLength(200)
    expect(answer.additionals[7]).toMatchObject({ name: `big-7.east.${BIG}`, type: 'A', data: '10.2.0.8' })
  })
  it('leaves addresses of SRV targets out before it is cut', () => {
    const index = completeIndex()
    index.imports.put(importObject('mid', { type: 'Headless' }))
    index.slices.put(
      sliceObject('mid', 'east', { endpoints: Array.from({ length: 7 }, (_, i) => ({ ip: `10.2.0.${i + 1}`, hostname: `m${i}` })) }),
    )
    const answer = udp(responderOf(index), questionBytes('mid.shop.svc.clusterset.local', 'SRV'))
    expect(answer.flag_tc).toBe(false)
    expect(answer.answers).toHaveLength(7)
    expect(answer.additionals.length).toBeLessThan(7)
    expect(answer.bytes.length).toBeLessThanOrEqual(512)
  })
})

describe('EDNS', () => {
  const optOf = (bytes: Buffer) => packet.decode(bytes).additionals.find(({ type }) => type === 'OPT')
  it('is answered with our size, and the wish for DNSSEC comes back', () => {
    const { bytes } = udp(responder, questionBytes(WEB, 'A', { edns: { udpPayloadSize: 4096, flags: 0x8000 } }))
    expect(optOf(bytes)).toMatchObject({ udpPayloadSize: MOST_UDP_BYTES, extendedRcode: 0, ednsVersion: 0, flags: 0x8000 })
  })
  it('is not answered where it was not asked for', () => {
    expect(optOf(udp(responder, questionBytes(WEB, 'A')).bytes)).toBeUndefined()
  })
  it('of another version is refused by its own code', () => {
    const asked = questionBytes(WEB, 'A', { edns: { udpPayloadSize: 1232 } })
    asked[asked.length - 11 + 6] = 1
    const { bytes, answers } = udp(responder, asked)
    expect(optOf(bytes)).toMatchObject({ extendedRcode: 1, ednsVersion: 0 })
    expect([codeOf(bytes), answers]).toEqual([0, []])
  })
  it('twice in one packet is no question', () => {
    const once = questionBytes(WEB, 'A', { edns: { udpPayloadSize: 1232 } })
    const twice = Buffer.concat([once, once.subarray(-11)])
    twice.writeUInt16BE(2, 10)
    expect(codeOf(responder.udp(twice))).toBe(FORMERR)
  })
})

describe('a packet', () => {
  const asked = questionBytes(WEB, 'A')
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(asked)
    change(bytes)
    return bytes
  }
  it('that is an answer, or too short for one, gets none', () => {
    expect(responder.udp(changed((bytes) => bytes.writeUInt16BE(0x8180, 2)))).toBeUndefined()
    for (let length = 0; length < 12; length += 1) expect(responder.udp(asked.subarray(0, length))).toBeUndefined()
  })
  it('that is cut anywhere after its header is an error of form', () => {
    for (let length = 12; length < asked.length; length += 1) expect(codeOf(responder.udp(asked.subarray(0, length)))).toBe(FORMERR)
  })
  it.each([0, 2, 65_535])('with %i questions is an error of form', (count) => {
    expect(codeOf(responder.udp(changed((bytes) => bytes.writeUInt16BE(count, 4))))).toBe(FORMERR)
  })
  it.each([1, 2, 4, 5, 6, 15])('with operation %i is not implemented', (operation) => {
    expect(codeOf(responder.udp(changed((bytes) => bytes.writeUInt16BE(operation << 11, 2))))).toBe(NOTIMP)
  })
  it('of another class is refused', () => {
    expect(codeOf(responder.udp(questionBytes(WEB, 'A', { class: 'CH' })))).toBe(REFUSED)
  })
  it('whose name points to itself is an error of form', () => {
    expect(codeOf(responder.udp(changed((bytes) => bytes.writeUInt16BE(0xc00c, 12))))).toBe(FORMERR)
  })
  it('whose label has a dot in it is not the name that it looks like', () => {
    const [, ...rest] = ['web.shop', 'svc', 'clusterset', 'local']
    const label = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
    const name = Buffer.concat([label('web.shop'), ...rest.map(label), Buffer.from([0])])
    const bytes = Buffer.concat([asked.subarray(0, 12), name, asked.subarray(-4)])
    const answer = responder.udp(bytes)
    expect([codeOf(answer), answer?.subarray(12, bytes.length)]).toEqual([NXDOMAIN, bytes.subarray(12)])
    expect(answer?.readUInt16BE(6)).toBe(0)
  })
  it('that says to have more records than it has is an error of form', () => {
    for (const at of [6, 8, 10]) expect(codeOf(responder.udp(changed((bytes) => bytes.writeUInt16BE(65_535, at))))).toBe(FORMERR)
  })
})
