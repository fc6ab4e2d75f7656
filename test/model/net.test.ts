import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { bytesOf, contains, hostCidr, networkAddress, overlaps, parseCidr, parseCidrs, parseIp } from '../../src/model/net.ts'

const ipv4 = fc.ipV4()
const cidr = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([ip, length]) => `${ip}/${length}`)

describe('IPv4 by hand is what ipaddr.js makes of it', () => {
  it('addresses', () => {
    fc.assert(
      fc.property(ipv4, (text) => {
        expect(parseIp(text)).toBe(ipaddr.parse(text).toString())
        expect(bytesOf(parseIp(text))).toEqual(ipaddr.parse(text).toByteArray())
      }),
    )
  })

  it('networks', () => {
    fc.assert(
      fc.property(cidr, (text) => {
        const network = ipaddr.IPv4.networkAddressFromCIDR(text).toString()
        expect(parseCidr(text)).toBe(`${network}/${text.split('/')[1]}`)
      }),
    )
  })

  it('containment', () => {
    // Networks near each other, or nothing would ever contain anything.
    const near = fc
      .tuple(fc.nat(3), fc.nat(3), fc.nat(255), fc.integer({ min: 4, max: 32 }))
      .map(([b, c, d, n]) => `10.${b}.${c}.${d}/${n}`)
    fc.assert(
      fc.property(near, near, (outer, inner) => {
        const [outerCidr, innerCidr] = [parseCidr(outer), parseCidr(inner)]
        const expected =
          Number(inner.split('/')[1]) >= Number(outer.split('/')[1]) &&
          ipaddr.parse(networkAddress(innerCidr)).match(ipaddr.parseCIDR(outer))
        expect(contains(outerCidr, innerCidr)).toBe(expected)
        expect(overlaps(outerCidr, innerCidr)).toBe(expected || contains(innerCidr, outerCidr))
        expect(contains(outerCidr, networkAddress(innerCidr))).toBe(contains(outerCidr, hostCidr(networkAddress(innerCidr))))
      }),
    )
  })
})

it.each(['', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.256', '1.2.3.4 ', '0x1.2.3.4', '1.2.3.-4', '::1%eth0', 'a.b.c.d', '١.2.3.4'])(
  '"%s" is no address',
  (text) => {
    expect(() => parseIp(text)).toThrow(RangeError)
  },
)
it.each(['1.2.3.4', '1.2.3.4/', '1.2.3.4/33', '1.2.3.4/08', '1.2.3.4/8/8', '1.2.3.4/-1', '1.2.3.4/+8', '::/129', '/8', '1.2.3/8'])(
  '"%s" is no network',
  (text) => {
    expect(() => parseCidr(text)).toThrow(RangeError)
  },
)
it('families never contain each other, and IPv6 is written in its short form', () => {
  expect(contains(parseCidr('::/0'), parseIp('10.0.0.1'))).toBe(false)
  expect(contains(parseCidr('0.0.0.0/0'), parseIp('::1'))).toBe(false)
  expect(parseCidr('FD00:0:0::1/64')).toBe('fd00::/64')
  expect(contains(parseCidr('fd00::/64'), parseIp('fd00::5'))).toBe(true)
  expect(parseCidrs(' 10.1.2.3/8, ,fd00::1/64,')).toEqual(['10.0.0.0/8', 'fd00::/64'])
})
