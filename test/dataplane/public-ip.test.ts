import { describe, expect, it } from '@jest/globals'
import { findPublicIp, type PublicIpRequest, parseResolvers, type Resolving } from '../../src/dataplane/public-ip.ts'
import { parseIp } from '../../src/model/net.ts'

function world(more: Partial<Resolving> = {}): Resolving & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    fetch: async (url) => {
      asked.push(url)
      throw new Error('no answer within 5000 ms')
    },
    lookup: async () => [],
    loadBalancer: async () => undefined,
    shuffle: (items) => items,
    ...more,
  }
}
const ask = (sources: string, more: Partial<Resolving> = {}, request: Partial<PublicIpRequest> = {}) =>
  findPublicIp({ sources, isAirGapped: false, isUsed: true, ...request }, world(more))
const page = (text: string): Partial<Resolving> => ({ fetch: async () => text })

describe('the public address', () => {
  it.each([
    ['ipv4:203.0.113.7', {}, '203.0.113.7'],
    ['api:ip.example/plain', page('203.0.113.8\n'), '203.0.113.8'],
    ['api:ip.example', page('{"ip": "203.0.113.9", "of": "you"}'), '203.0.113.9'],
    ['dns:gw.example', { lookup: async () => [parseIp('203.0.113.20'), parseIp('203.0.113.10')] }, '203.0.113.10'],
    ['lb:gateway', { loadBalancer: async () => '203.0.113.11' }, '203.0.113.11'],
    ['lb:gateway', { loadBalancer: async () => 'lb.example', lookup: async () => [parseIp('203.0.113.12')] }, '203.0.113.12'],
    ['lb:none, ipv4:203.0.113.13', {}, '203.0.113.13'],
  ] as const)('by %s', async (sources, more, ip) => {
    expect(await ask(sources, more)).toMatchObject({ ip })
  })

  it.each([
    ['ipv4:127.0.0.1', {}, /not an address of a machine/],
    ['ipv4:300.1.1.1', {}, /is not an IP address/],
    ['api:ip.example', page('<html>error 10.0.0.1 or 10.0.0.2</html>'), /holds 2 addresses/],
    ['api:ip.example', page('version 1.2.3.4.5'), /holds no address/],
    ['api:ip.example', {}, /api:ip.example: no answer within 5000 ms/],
    ['dns:gw.example', {}, /has no IPv4 address/],
    ['lb:gateway', {}, /no load balancer yet/],
    ['http://x', {}, /"http:\/\/x" is not/],
    ['api:ip.example:8080', {}, /is not ipv4:ADDRESS/],
    ['api:$(reboot)', {}, /is not ipv4:ADDRESS/],
  ] as const)('by %s is not found, with the reason', async (sources, more, reason) => {
    const { ip, problems } = await ask(sources, more)
    expect([ip, problems.join()]).toEqual([undefined, expect.stringMatching(reason)])
  })

  it('is asked of three well-known sites where none are named, and of none where nobody uses it or nobody outside may be asked', async () => {
    const all = world()
    expect(await findPublicIp({ sources: '', isAirGapped: false, isUsed: true }, all)).toMatchObject({ ip: undefined })
    expect(all.asked).toHaveLength(3)
    for (const request of [
      { sources: '', isAirGapped: false, isUsed: false },
      { sources: '', isAirGapped: true, isUsed: true },
      { sources: 'api:ip.example,dns:gw.example,lb:x', isAirGapped: true, isUsed: true },
    ]) {
      const one = world()
      expect(await findPublicIp(request, one)).toEqual({ ip: undefined, problems: [] })
      expect(one.asked).toEqual([])
    }
    expect(await ask('api:ip.example,ipv4:203.0.113.7', {}, { isAirGapped: true })).toEqual({ ip: '203.0.113.7', problems: [] })
  })
})

it('a list of resolvers is upstream’s', () => {
  expect(parseResolvers('api:h/p, ipv4:1.2.3.4,,lb:s,dns:a.b')).toEqual({
    resolvers: [
      { method: 'api', parameter: 'h/p' },
      { method: 'ipv4', parameter: '1.2.3.4' },
      { method: 'lb', parameter: 's' },
      { method: 'dns', parameter: 'a.b' },
    ],
    problems: [],
  })
})
