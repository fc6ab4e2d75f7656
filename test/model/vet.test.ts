import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { CLUSTER_LABEL, SINCE_ANNOTATION } from '../../src/model/names.ts'
import { type Cidr, contains, type Ip, overlaps, parseCidr, parseIp } from '../../src/model/net.ts'
import type { OwnNetworks } from '../../src/model/remote.ts'
import type { ClusterSpec, EndpointSpec } from '../../src/model/resources.ts'
import { vet } from '../../src/model/vet.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'

const OWN: OwnNetworks = {
  clusterId: 'west',
  podCidrs: [parseCidr('10.200.0.0/16')],
  serviceCidrs: [parseCidr('100.200.0.0/16')],
  addresses: [parseIp('192.168.7.10'), parseIp('192.168.7.11')],
  brokerAddresses: [parseIp('198.51.100.9')],
}
const at = (day: number): { creationTimestamp: string } => ({ creationTimestamp: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z` })

describe('vet() lets honest clusters in', () => {
  it('with all their networks and the gateway to dial', () => {
    const { remotes, refused } = vet(OWN, [clusterOf('east', { n: 1 })], [endpointOf('east', { n: 1, healthCheckIP: '10.1.0.1' })])
    expect(refused).toEqual([])
    expect(remotes).toMatchObject([
      {
        id: 'east',
        networks: ['100.1.0.0/16', '10.1.0.0/16'],
        gateways: [
          { clusterId: 'east', address: '172.16.1.1', port: 4500, healthCheckIp: '10.1.0.1', subnets: ['100.1.0.0/16', '10.1.0.0/16'] },
        ],
      },
    ])
  })

  it('with an Endpoint alone, and with a Cluster alone, whose networks are known though no gateway is', () => {
    const { remotes } = vet(OWN, [clusterOf('north', { n: 2 })], [endpointOf('east', { n: 1 })])
    expect(remotes.map(({ id, networks, gateways }) => [id, networks.length, gateways.length])).toEqual([
      ['north', 2, 0],
      ['east', 2, 1],
    ])
  })

  it('passes over its own objects', () => {
    expect(vet(OWN, [clusterOf('west', { n: 200 })], [endpointOf('west', { n: 200 })])).toEqual({ remotes: [], refused: [] })
  })

  it('dials the public address behind NAT, at the published port', () => {
    const nat = { nat_enabled: true, public_ip: '203.0.113.7', backend_config: { 'udp-port': '4501' } }
    expect(vet(OWN, [], [endpointOf('east', nat)]).remotes[0]?.gateways[0]).toMatchObject({ address: '203.0.113.7', port: 4501 })
    expect(vet(OWN, [], [endpointOf('east', { ...nat, nat_enabled: false })]).remotes[0]?.gateways[0]).toMatchObject({
      address: '172.16.1.1',
    })
    expect(vet(OWN, [], [endpointOf('east', { ...nat, public_ip: '' })]).remotes[0]?.gateways[0]).toMatchObject({ address: '172.16.1.1' })
    for (const port of ['0', '65536', '1e3', ' 4501', '-1', ''])
      expect(vet(OWN, [], [endpointOf('east', { backend_config: { 'udp-port': port } })]).remotes[0]?.gateways[0]?.port).toBe(4500)
  })

  it('three clusters with the same private gateway address behind 1:1 NAT', () => {
    const behind = (id: string, n: number) =>
      endpointOf(id, { n, private_ip: '192.168.7.10', nat_enabled: true, public_ip: `203.0.113.${n}` })
    const { remotes, refused } = vet(
      OWN,
      [clusterOf('east', { n: 1 }), clusterOf('north', { n: 2 })],
      [behind('east', 1), behind('north', 2)],
    )
    expect(refused).toEqual([])
    expect(remotes.map(({ gateways }) => gateways[0]?.address)).toEqual(['203.0.113.1', '203.0.113.2'])
  })

  it('a gateway on the node that is the broker', () => {
    expect(vet(OWN, [], [endpointOf('east', { private_ip: '198.51.100.9' })]).remotes).toHaveLength(1)
  })

  it('the two newest gateways of a cluster', () => {
    const endpoints = [3, 1, 4, 2].map((day) => endpointOf('east', { private_ip: `172.16.1.${day}`, meta: at(day) }))
    const { remotes, refused } = vet(OWN, [clusterOf('east')], endpoints)
    expect(remotes[0]?.gateways.map(({ privateIp }) => privateIp)).toEqual(['172.16.1.4', '172.16.1.3'])
    expect(refused).toEqual([])
  })

  it('without IPv6 networks and without a foreign health-check address', () => {
    const endpoint = endpointOf('east', { subnets: ['fd00::/64', '10.1.0.0/16'], healthCheckIP: '8.8.8.8' })
    const { remotes, refused } = vet(OWN, [], [endpoint])
    expect(remotes[0]?.gateways[0]?.subnets).toEqual(['10.1.0.0/16'])
    expect(remotes[0]?.gateways[0]?.healthCheckIp).toBeUndefined()
    expect(refused.map(({ field }) => field)).toEqual(['spec.subnets[0]', 'spec.healthCheckIP'])
  })
})

/** Networks that nobody may claim. */
const CLAIMS: readonly (readonly [network: string, reason: RegExp])[] = [
  ['0.0.0.0/0', /wider than \/8/],
  ['8.0.0.0/7', /wider than \/8/],
  ['0.0.0.0/8', /no host/],
  ['127.0.0.0/8', /loopback/],
  ['127.0.0.53/32', /loopback/],
  ['169.254.0.0/16', /link-local/],
  ['169.254.169.254/32', /link-local/],
  ['224.0.0.0/24', /multicast/],
  ['240.10.0.0/16', /reserved/],
  ['255.255.255.255/32', /reserved/],
  ['10.200.0.0/16', /this cluster/],
  ['10.0.0.0/8', /this cluster|cluster senior/],
  ['10.200.77.0/24', /this cluster/],
  ['100.200.0.0/24', /this cluster/],
  ['192.168.7.0/24', /192\.168\.7\.10, an address of this cluster/],
  ['192.168.7.11/32', /address of this cluster/],
  ['198.51.100.0/24', /the broker/],
  ['10.9.0.0/16', /cluster senior/],
  ['10.9.3.0/24', /cluster senior/],
  ['172.16.9.0/24', /172\.16\.9\.1, an address of cluster senior/],
]
const SENIOR = [clusterOf('senior', { n: 9, meta: at(1) }), endpointOf('senior', { n: 9, meta: at(1) })] as const

describe('vet() refuses a claim', () => {
  it.each(CLAIMS)('of a Cluster on %s, and keeps its other networks', (network, reason) => {
    const greedy = clusterOf('east', { service_cidr: [network], meta: at(2) })
    const { remotes, refused } = vet(OWN, [SENIOR[0], greedy], [SENIOR[1]])
    expect(refused).toMatchObject([{ object: 'Cluster "east"', field: 'spec.service_cidr[0]', reason: expect.stringMatching(reason) }])
    expect(remotes.map(({ id, networks }) => [id, networks])).toEqual([
      ['senior', ['100.9.0.0/16', '10.9.0.0/16']],
      ['east', ['10.1.0.0/16']],
    ])
  })

  it.each(CLAIMS)('of an Endpoint on %s, whether its cluster has a Cluster object or not', (network, reason) => {
    const greedy = endpointOf('east', { subnets: ['10.1.0.0/16', network], meta: at(2) })
    const bare = vet(OWN, [SENIOR[0]], [SENIOR[1], greedy])
    expect(bare.refused).toMatchObject([
      { object: `Endpoint "${greedy.metadata.name}"`, field: 'spec.subnets[1]', reason: expect.stringMatching(reason) },
    ])
    expect(bare.remotes.map(({ id }) => id)).toEqual(['senior'])
    const both = vet(OWN, [SENIOR[0], clusterOf('east', { meta: at(2) })], [SENIOR[1], greedy])
    expect(both.refused).toMatchObject([{ field: 'spec.subnets[1]', reason: expect.stringMatching(/not in the networks/) }])
    expect(both.remotes.map(({ id, gateways }) => [id, gateways.length])).toEqual([
      ['senior', 1],
      ['east', 0],
    ])
  })

  it('that only a newer object of the cluster makes: the older gateway and its networks stay', () => {
    const good = endpointOf('east', { private_ip: '172.16.1.1', meta: at(2) })
    const bad = endpointOf('east', { private_ip: '172.16.1.2', subnets: ['0.0.0.0/0'], meta: at(3) })
    const { remotes } = vet(OWN, [], [bad, good])
    expect(remotes).toMatchObject([{ id: 'east', networks: ['100.1.0.0/16', '10.1.0.0/16'], gateways: [{ privateIp: '172.16.1.1' }] }])
  })

  it.each<[string, Partial<EndpointSpec>, RegExp]>([
    ['a node of ours', { private_ip: '192.168.7.10' }, /an address of this cluster/],
    ['in our pods', { private_ip: '10.200.3.4' }, /network of this cluster/],
    ['in the networks that it carries itself', { private_ip: '10.1.0.9' }, /network of cluster east/],
    ['in the networks of another cluster', { private_ip: '10.9.0.9' }, /network of cluster senior/],
    ['the gateway of another cluster', { private_ip: '172.16.9.1' }, /gateway of cluster senior/],
    ['loopback', { private_ip: '127.0.0.1' }, /not an address of a machine/],
    ['metadata service', { nat_enabled: true, public_ip: '169.254.169.254' }, /not an address of a machine/],
    ['multicast', { nat_enabled: true, public_ip: '224.0.0.5' }, /not an address of a machine/],
  ])('on a gateway address: %s', (_, spec, reason) => {
    const { remotes, refused } = vet(
      OWN,
      [SENIOR[0], clusterOf('east', { meta: at(2) })],
      [SENIOR[1], endpointOf('east', { ...spec, meta: at(2) })],
    )
    expect(refused).toMatchObject([{ reason: expect.stringMatching(reason) }])
    expect(remotes.map(({ gateways }) => gateways.length)).toEqual([1, 0])
  })

  it('of a newcomer on what an older member has, whatever their names and the order of the lists', () => {
    const old = clusterOf('zulu', { n: 5, meta: at(1) })
    const young = clusterOf('alpha', { n: 5, meta: at(2) })
    for (const clusters of [
      [old, young],
      [young, old],
    ]) {
      const { remotes } = vet(OWN, clusters, [endpointOf('alpha', { n: 5, meta: at(1) })])
      expect(remotes.map(({ id }) => id)).toEqual(['zulu'])
    }
  })

  it('by the time that the broker got the Cluster, where the copies here are all of one moment', () => {
    const old = clusterOf('zulu', { n: 5, meta: { ...at(9), annotations: { [SINCE_ANNOTATION]: '2026-01-01T00:00:00Z' } } })
    const young = clusterOf('alpha', { n: 5, meta: { ...at(9), annotations: { [SINCE_ANNOTATION]: '2026-01-02T00:00:00Z' } } })
    expect(vet(OWN, [young, old], []).remotes.map(({ id }) => id)).toEqual(['zulu'])
  })

  it('of an Endpoint without a Cluster on what a cluster with one has, however old it is', () => {
    const { remotes } = vet(OWN, [clusterOf('east', { n: 5, meta: at(9) })], [endpointOf('alpha', { n: 5, meta: at(1) })])
    expect(remotes.map(({ id }) => id)).toEqual(['east'])
  })
})

const NASTY = [
  '$(reboot)',
  '`reboot`',
  '; rm -rf /',
  '| nc evil 1',
  '&& true',
  "'",
  '"',
  '\\',
  '\n}\nconnections { evil {',
  '\r\nexport X=1',
  '\u0000',
  '\u001b[2J',
  '../../etc/passwd',
  '-o ProxyCommand=x',
  '#comment',
  '{ include /etc/shadow }',
  '\u202egnp',
  '%any',
  '*',
  'x'.repeat(10_000),
]
const STRINGS: readonly (readonly [string, (text: string) => unknown])[] = [
  ['cluster_id', (text) => endpointOf('east', { cluster_id: text })],
  ['cable_name', (text) => endpointOf('east', { cable_name: text })],
  ['healthCheckIP', (text) => endpointOf('east', { healthCheckIP: text })],
  ['hostname', (text) => endpointOf('east', { hostname: text })],
  ['subnets', (text) => endpointOf('east', { subnets: ['10.1.0.0/16', text] })],
  ['private_ip', (text) => ({ ...endpointOf('east'), spec: { ...endpointOf('east').spec, private_ip: text } })],
  ['public_ip', (text) => endpointOf('east', { public_ip: text })],
  ['backend', (text) => endpointOf('east', { backend: text })],
  ['backend_config', (text) => endpointOf('east', { backend_config: { 'interface-name': text } })],
  ['backend_config', (text) => endpointOf('east', { backend_config: { [text]: 'x' } })],
  ['metadata.name', (text) => endpointOf('east', { meta: { name: text } })],
  ['metadata.labels', (text) => endpointOf('east', { meta: { labels: { [CLUSTER_LABEL]: text } } })],
]

describe.each(STRINGS)('vet() lets no syntax through %s', (field, make) => {
  it.each(NASTY)('%j', (text) => {
    // A slash, an @ or a blank is an ordinary character of a driver's setting; nothing there is ever a path or a word of a command.
    if (field === 'backend_config' && /^[A-Za-z0-9+/=:._,@ -]+$/.test(text) && text.length < 253) return
    const { remotes, refused } = vet(OWN, [], [make(text)])
    expect(remotes).toEqual([])
    expect(refused).toHaveLength(1)
    expect(refused[0]?.field).toContain(field.replace('metadata.', ''))
    expect(JSON.stringify(refused)).toMatch(/^[\x20-\x7e]{1,400}$/)
  })
})

describe.each(['cluster_cidr', 'service_cidr', 'global_cidr', 'color_codes'] as const)(
  'vet() lets no syntax through Cluster.%s',
  (field) => {
    it.each(NASTY)('%j', (text) => {
      expect(vet(OWN, [clusterOf('east', { [field]: [text] } as Partial<ClusterSpec>)], []).remotes).toEqual([])
    })
  },
)

it.each([undefined, null, 0, 'x', [], {}, { kind: 'Endpoint' }, { metadata: null }, { metadata: { name: {} } }])(
  'vet() survives %j',
  (junk) => {
    expect(vet(OWN, [junk], [junk])).toMatchObject({ remotes: [], refused: [{}, {}] })
  },
)

it.each([
  '10.1.0.0',
  '10.1.0.0/33',
  '10.1.0.0/08',
  '10.1.0/16',
  '010.1.0.0/16',
  '10.1.0.0/16/16',
  '10.1.0.0/-1',
  '::ffff:10.1.0.0/112%eth0',
  '',
])('vet() refuses the network %j', (text) =>
  expect(vet(OWN, [], [endpointOf('east', { subnets: [text] })])).toMatchObject({ remotes: [], refused: [{ field: 'spec.subnets[0]' }] }),
)

// Quadratic work would show as a run of minutes.
it('vet() passes over the flood of one hostile cluster and takes thousands of honest ones', () => {
  const flood = Array.from({ length: 5_000 }, (_, i) =>
    endpointOf('flood', {
      private_ip: `172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
      subnets: Array.from({ length: 64 }, (__, j) => `10.${j}.0.0/16`),
    }),
  )
  const honest = Array.from({ length: 2_000 }, (_, i) =>
    clusterOf(`c${i}`, { cluster_cidr: [`11.${i >> 8}.${i & 255}.0/24`], service_cidr: [] }),
  )
  const { remotes } = vet(OWN, honest, flood)
  expect(remotes).toHaveLength(2_001)
})

const ip = fc.tuple(
  fc.constantFrom(10, 100, 172, 192, 127, 240),
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 3 }),
)
const network = fc.tuple(ip, fc.integer({ min: 6, max: 32 })).map(([bytes, length]) => parseCidr(`${bytes.join('.')}/${length}`))
const clusterArb = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  pods: fc.array(network, { maxLength: 3 }),
  day: fc.integer({ min: 1, max: 4 }),
})
const endpointArb = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  at: ip,
  subnets: fc.array(network, { maxLength: 3 }),
  day: fc.integer({ min: 1, max: 4 }),
})

it('vet(): whatever is claimed, no network is given twice, none of ours is given, and no gateway lies in any of them', () => {
  fc.assert(
    fc.property(fc.array(clusterArb, { maxLength: 5 }), fc.array(endpointArb, { maxLength: 8 }), (clusters, endpoints) => {
      const { remotes } = vet(
        OWN,
        clusters.map(({ id, pods, day }) => clusterOf(id, { cluster_cidr: pods, service_cidr: [], meta: at(day) })),
        endpoints.map(({ id, at: address, subnets, day }) => endpointOf(id, { private_ip: address.join('.'), subnets, meta: at(day) })),
      )
      const owned = remotes.flatMap(({ id, networks }) => networks.map((given): readonly [string, Cidr] => [id, given]))
      const gateways = remotes.flatMap((remote) => remote.gateways)
      for (const [id, given] of owned) {
        for (const own of [...OWN.podCidrs, ...OWN.serviceCidrs]) expect(overlaps(own, given)).toBe(false)
        for (const address of [...OWN.addresses, ...(OWN.brokerAddresses ?? []), ...gateways.map((gateway): Ip => gateway.address)])
          expect(contains(given, address)).toBe(false)
        for (const [other, theirs] of owned) if (other !== id) expect(overlaps(theirs, given)).toBe(false)
      }
      for (const { id, networks, gateways: theirs } of remotes) {
        expect(theirs.length).toBeLessThanOrEqual(2)
        for (const gateway of theirs)
          expect([gateway.clusterId, gateway.subnets.every((subnet) => networks.some((n) => contains(n, subnet)))]).toEqual([id, true])
      }
    }),
    { numRuns: 300 },
  )
})

it('vet(): the order of the lists makes no difference', () => {
  fc.assert(
    fc.property(fc.uniqueArray(clusterArb, { selector: ({ id }) => id, maxLength: 4 }), fc.integer(), (clusters, turn) => {
      const objects = clusters.map(({ id, pods, day }) => clusterOf(id, { cluster_cidr: pods, meta: at(day) }))
      const by = Math.abs(turn) % Math.max(1, objects.length)
      expect(vet(OWN, [...objects.slice(by), ...objects.slice(0, by)], []).remotes).toEqual(vet(OWN, objects, []).remotes)
    }),
  )
})
