// Question by question, the whole answer.
import { describe, expect, it } from '@jest/globals'
import type { Index } from '../../../src/discovery/dns/index.ts'
import { answerAt, completeIndex, export_, HTTP, importObject, lines, SETTINGS, type SliceSpec, sliceObject } from './world.ts'

const SOA = 'au clusterset.local 5 SOA ns.dns.clusterset.local hostmaster.clusterset.local 1 7200 1800 86400 5'
const NOTHING = ['NOERROR aa', SOA]
const NO_NAME = ['NXDOMAIN aa', SOA]
const REFUSED = ['REFUSED']
const ZONE = 'clusterset.local'
const DNS = { name: 'dns', protocol: 'UDP', port: 53 }
const METRICS = { name: 'metrics', protocol: 'TCP', port: 9090 }

function world(): Index {
  const index = completeIndex()
  // In east and north alone; west is the own cluster.
  export_(index, 'web', { east: '100.2.0.10', north: '100.3.0.10' }, { ports: [HTTP, DNS] })
  export_(index, 'own', { west: '100.1.0.10', east: '100.2.0.11' })
  export_(index, 'sick', { west: { ip: '100.1.0.12', ready: false }, east: '100.2.0.12' })
  export_(index, 'down', { east: { ip: '100.2.0.13', ready: false } })
  export_(index, 'vip', { east: '100.2.0.14' }, { ips: ['100.1.0.14'] })
  export_(index, 'new', {})
  export_(index, 'bare', { east: '100.2.0.15', north: '100.3.0.15' }, { ports: [] })
  index.slices.put(sliceObject('bare', 'north', { endpoints: [{ ip: '100.3.0.15' }], ports: [HTTP, METRICS] }))
  export_(index, 'six', { east: 'fd00::2:10' })
  index.imports.put(importObject('db', { type: 'Headless', ports: [] }))
  index.slices.put(
    sliceObject('db', 'east', {
      endpoints: [
        { ip: '10.2.0.5', hostname: 'db-0', pod: 'db-0' },
        { ip: '10.2.0.6', pod: 'db-1' },
        { ip: '10.2.0.7', hostname: 'db-2', ready: false },
      ],
      ports: [METRICS],
    }),
  )
  index.slices.put(sliceObject('db', 'west', { endpoints: [{ ip: '10.1.0.5' }], ports: [METRICS] }))
  index.imports.put(importObject('late', { type: 'Headless', ports: [] }))
  index.slices.put(sliceObject('late', 'east', { endpoints: [{ ip: '10.2.0.8', hostname: 'a', ready: false }], publishNotReady: true }))
  return index
}

const a = (name: string, ip: string, section = 'an'): string => `${section} ${name}.${ZONE} 5 A ${ip}`
const srv = (name: string, port: number, target: string): string => `an ${name}.${ZONE} 5 SRV 0 50 ${port} ${target}.${ZONE}`

const TABLE: readonly (readonly [about: string, name: string, type: string, answer: readonly string[]])[] = [
  ['a service of another cluster', 'web.shop.svc', 'A', ['NOERROR aa', a('web.shop.svc', '100.2.0.10')]],
  ['the cluster that is asked for', 'north.web.shop.svc', 'A', ['NOERROR aa', a('north.web.shop.svc', '100.3.0.10')]],
  ['the own cluster first', 'own.shop.svc', 'A', ['NOERROR aa', a('own.shop.svc', '100.1.0.10')]],
  ['another where the own is not ready', 'sick.shop.svc', 'A', ['NOERROR aa', a('sick.shop.svc', '100.2.0.12')]],
  ['nothing where none is ready', 'down.shop.svc', 'A', NOTHING],
  ['a cluster that is not ready, but asked for', 'east.down.shop.svc', 'A', ['NOERROR aa', a('east.down.shop.svc', '100.2.0.13')]],
  ['the address of the clusterset', 'vip.shop.svc', 'A', ['NOERROR aa', a('vip.shop.svc', '100.1.0.14')]],
  ['a cluster beside the address of the clusterset', 'east.vip.shop.svc', 'A', ['NOERROR aa', a('east.vip.shop.svc', '100.2.0.14')]],
  ['an import without anything yet', 'new.shop.svc', 'A', NOTHING],
  ['a cluster that does not have it', 'south.web.shop.svc', 'A', NO_NAME],
  ['IPv6 of a service with IPv4 alone', 'web.shop.svc', 'AAAA', NOTHING],
  ['IPv6', 'six.shop.svc', 'AAAA', ['NOERROR aa', 'an six.shop.svc.clusterset.local 5 AAAA fd00::2:10']],
  ['IPv4 of a service with IPv6 alone', 'six.shop.svc', 'A', NOTHING],
  ['a service that nobody exports', 'no.shop.svc', 'A', NO_NAME],
  ['another type of a name that is there', 'web.shop.svc', 'TXT', NOTHING],
  ['another type of one that is not', 'no.shop.svc', 'TXT', NO_NAME],
  ['every type', 'web.shop.svc', 'ANY', ['NOERROR aa', 'an web.shop.svc.clusterset.local 5 HINFO RFC8482 ']],
  ['every type of a name that is not there', 'no.shop.svc', 'ANY', NO_NAME],
  ['a host of what is not headless', '100-2-0-10.east.web.shop.svc', 'A', NO_NAME],
  [
    'all that is ready of a headless service',
    'db.shop.svc',
    'A',
    ['NOERROR aa', ...['10.2.0.5', '10.2.0.6', '10.1.0.5'].map((ip) => a('db.shop.svc', ip))],
  ],
  ['of one cluster', 'east.db.shop.svc', 'A', ['NOERROR aa', ...['10.2.0.5', '10.2.0.6'].map((ip) => a('east.db.shop.svc', ip))]],
  ['a member by its hostname', 'db-0.east.db.shop.svc', 'A', ['NOERROR aa', a('db-0.east.db.shop.svc', '10.2.0.5')]],
  ['a member by its pod', 'db-1.east.db.shop.svc', 'A', ['NOERROR aa', a('db-1.east.db.shop.svc', '10.2.0.6')]],
  ['a member by its address', '10-1-0-5.west.db.shop.svc', 'A', ['NOERROR aa', a('10-1-0-5.west.db.shop.svc', '10.1.0.5')]],
  ['a member that is not ready', 'db-2.east.db.shop.svc', 'A', NOTHING],
  ['a member of another cluster', 'db-0.west.db.shop.svc', 'A', NO_NAME],
  ['a member that is not ready and published all the same', 'late.shop.svc', 'A', ['NOERROR aa', a('late.shop.svc', '10.2.0.8')]],
  [
    'ports of a service',
    'web.shop.svc',
    'SRV',
    ['NOERROR aa', srv('web.shop.svc', 80, 'web.shop.svc'), srv('web.shop.svc', 53, 'web.shop.svc'), a('web.shop.svc', '100.2.0.10', 'ad')],
  ],
  [
    'one port',
    '_dns._udp.web.shop.svc',
    'SRV',
    ['NOERROR aa', srv('_dns._udp.web.shop.svc', 53, 'web.shop.svc'), a('web.shop.svc', '100.2.0.10', 'ad')],
  ],
  [
    'the ports of a protocol',
    '_tcp.web.shop.svc',
    'SRV',
    ['NOERROR aa', srv('_tcp.web.shop.svc', 80, 'web.shop.svc'), a('web.shop.svc', '100.2.0.10', 'ad')],
  ],
  [
    'a port of one cluster',
    '_http._tcp.north.web.shop.svc',
    'SRV',
    ['NOERROR aa', srv('_http._tcp.north.web.shop.svc', 80, 'north.web.shop.svc'), a('north.web.shop.svc', '100.3.0.10', 'ad')],
  ],
  ['a port of another protocol', '_http._udp.web.shop.svc', 'SRV', NO_NAME],
  ['a port that is not there', '_ftp._tcp.web.shop.svc', 'SRV', NO_NAME],
  ['the address of a port', '_http._tcp.web.shop.svc', 'A', NOTHING],
  ['ports of a service that is not ready', 'down.shop.svc', 'SRV', NOTHING],
  [
    'ports that all clusters have, where the import has none',
    'bare.shop.svc',
    'SRV',
    ['NOERROR aa', srv('bare.shop.svc', 80, 'bare.shop.svc'), a('bare.shop.svc', '100.2.0.15', 'ad')],
  ],
  [
    'ports of a headless service',
    '_metrics._tcp.db.shop.svc',
    'SRV',
    [
      'NOERROR aa',
      ...['db-0.east', 'db-1.east', '10-1-0-5.west'].map((host) => srv('_metrics._tcp.db.shop.svc', 9090, `${host}.db.shop.svc`)),
      a('db-0.east.db.shop.svc', '10.2.0.5', 'ad'),
      a('db-1.east.db.shop.svc', '10.2.0.6', 'ad'),
      a('10-1-0-5.west.db.shop.svc', '10.1.0.5', 'ad'),
    ],
  ],
  ['a namespace with services', 'shop.svc', 'A', NOTHING],
  ['a namespace without', 'empty.svc', 'A', NO_NAME],
  ['what is above all namespaces', 'svc', 'A', NOTHING],
  ['the zone itself', '', 'A', NOTHING],
  ['the zone’s start', '', 'SOA', ['NOERROR aa', SOA.replace('au', 'an')]],
  ['the zone’s server', '', 'NS', ['NOERROR aa', 'an clusterset.local 5 NS ns.dns.clusterset.local']],
  ['the address of the zone’s server', 'ns.dns', 'A', ['NOERROR aa', a('ns.dns', '10.0.0.53')]],
  ['what is above the zone’s server', 'dns', 'A', NOTHING],
  ['pods by their addresses, as in a cluster’s own zone', '10-2-0-5.shop.pod', 'A', NO_NAME],
  ['a name that is too deep', 'x.db-0.east.db.shop.svc', 'A', NO_NAME],
  ['a port of a member', '_metrics._tcp.db-0.east.db.shop.svc', 'SRV', NO_NAME],
  ['a transfer', '', 'AXFR', REFUSED],
  ['a transfer of changes', '', 'IXFR', REFUSED],
]

describe('the answer to', () => {
  const index = world()
  it.each(TABLE)('%s: %s %s', (_, name, type, answer) => {
    expect(lines(answerAt(index, [name === '' ? ZONE : `${name}.${ZONE}`, type]))).toEqual(answer)
  })
})

describe('names outside of the zones are refused', () => {
  const index = world()
  it.each([
    ['example.com', 'A'],
    ['web.shop.svc.cluster.local', 'A'],
    ['local', 'SOA'],
    ['xclusterset.local', 'A'],
    ['10.0.2.100.in-addr.arpa', 'PTR'],
    ['.', 'NS'],
  ] as const)('%s %s', (name, type) => {
    expect(lines(answerAt(index, [name, type]))).toEqual(REFUSED)
  })
})

it('a second zone has the same names', () => {
  const index = world()
  expect(lines(answerAt(index, ['web.shop.svc.corp.example.org', 'A']))).toEqual([
    'NOERROR aa',
    'an web.shop.svc.corp.example.org 5 A 100.2.0.10',
  ])
  expect(lines(answerAt(index, ['no.shop.svc.corp.example.org', 'A']))[1]).toMatch(
    /^au corp\.example\.org 5 SOA ns\.dns\.corp\.example\.org /,
  )
})

it('before everything has been read nothing is said not to exist', () => {
  const index = world()
  expect(lines(answerAt({ ...index, isComplete: false }, [`no.shop.svc.${ZONE}`, 'A']))).toEqual(['SERVFAIL'])
})

const addresses = (index: Index, name: string, settings = SETTINGS): readonly string[] =>
  Array.from({ length: 8 }, (_, turn) =>
    answerAt(index, [`${name}.${ZONE}`, 'A'], settings, turn)
      .answers.map(({ data }) => String(data))
      .join(),
  )

describe('a service of several clusters', () => {
  const index = world()
  it('is answered by all in turn where the own cluster does not have it', () => {
    expect(addresses(index, 'web.shop.svc').slice(0, 4)).toEqual(['100.2.0.10', '100.3.0.10', '100.2.0.10', '100.3.0.10'])
  })
  it('is answered by the own cluster and others in turn where the own is not preferred', () => {
    const seen = addresses(index, 'own.shop.svc', { ...SETTINGS, isLocalFirst: false })
    expect(new Set(seen)).toEqual(new Set(['100.1.0.10', '100.2.0.11']))
  })
  it('is answered by weight, spread evenly', () => {
    const seen = addresses(index, 'web.shop.svc', { ...SETTINGS, weights: new Map([['east', 3]]) })
    expect(seen.filter((ip) => ip === '100.2.0.10')).toHaveLength(6)
    expect(seen.slice(0, 4)).toContain('100.3.0.10')
  })
  it('is answered by a cluster of weight 0 only where no other can', () => {
    const settings = { ...SETTINGS, weights: new Map([['east', 0]]) }
    expect(new Set(addresses(index, 'web.shop.svc', settings))).toEqual(new Set(['100.3.0.10']))
    expect(new Set(addresses(index, 'sick.shop.svc', settings))).toEqual(new Set(['100.2.0.12']))
  })
})

describe('a cluster that cannot be reached', () => {
  const index = world()
  index.setConnected(new Set(['north']))
  it('is in no answer, unless it is asked for by name', () => {
    expect(new Set(addresses(index, 'web.shop.svc'))).toEqual(new Set(['100.3.0.10']))
    expect(new Set(addresses(index, 'east.web.shop.svc'))).toEqual(new Set(['100.2.0.10']))
    expect(new Set(addresses(index, 'sick.shop.svc'))).toEqual(new Set(['']))
    expect(new Set(addresses(index, 'db.shop.svc'))).toEqual(new Set(['10.1.0.5']))
  })
  it('does not take the own cluster with it, which no gateway speaks of', () => {
    expect(new Set(addresses(index, 'own.shop.svc'))).toEqual(new Set(['100.1.0.10']))
  })
})

it('members of a headless service stand first in turn', () => {
  const firsts = addresses(world(), 'db.shop.svc').map((all) => all.split(',')[0])
  expect(firsts.slice(0, 3)).toEqual(['10.2.0.5', '10.2.0.6', '10.1.0.5'])
})

describe('this cluster’s own pods behind a Service', () => {
  const near: SliceSpec = {
    endpoints: [{ ip: '10.1.0.5' }, { ip: '10.1.0.6', ready: false }],
    ports: [{ ...HTTP, port: 8080 }],
    address: '100.1.0.10',
  }
  const indexOf = (spec: SliceSpec, ips?: readonly string[]) => {
    const index = completeIndex()
    export_(index, 'web', { east: '100.2.0.10' }, { ports: [HTTP, { name: 'admin', protocol: 'TCP', port: 81 }], ...(ips && { ips }) })
    index.slices.put(sliceObject('web', 'west', spec))
    return index
  }
  const say = (index: Index, name: string, type: string): unknown =>
    answerAt(index, [`${name}.clusterset.local`, type]).answers?.map((answer) => ('data' in answer ? answer.data : undefined))

  it('are asked by its address and its ports, by the name of their cluster and before all others', () => {
    const index = indexOf(near)
    expect(say(index, 'west.web.shop.svc', 'A')).toEqual(['100.1.0.10'])
    expect(say(index, 'web.shop.svc', 'A')).toEqual(['100.1.0.10'])
    expect(say(index, 'west.web.shop.svc', 'SRV')).toEqual([
      expect.objectContaining({ port: 80, target: 'west.web.shop.svc.clusterset.local' }),
    ])
    expect(say(indexOf(near, ['100.1.9.9']), 'web.shop.svc', 'A')).toEqual(['100.1.9.9'])
  })
  it('are left for another cluster when none is ready, though their own name has their address still', () => {
    const index = indexOf({ ...near, endpoints: [{ ip: '10.1.0.5', ready: false }] })
    expect(say(index, 'web.shop.svc', 'A')).toEqual(['100.2.0.10'])
    expect(say(index, 'west.web.shop.svc', 'A')).toEqual(['100.1.0.10'])
  })
})

it.each(['submariner-k8s-broker', 'another-broker'])('nothing of the namespace %s, which is a broker’s, has a name', (namespace) => {
  const index = completeIndex()
  export_(index, 'web', { east: '100.2.0.10' }, { namespace, ips: ['100.2.0.10'] })
  expect(answerAt(index, [`web.${namespace}.svc.clusterset.local`, 'A']).rcode).toBe('NXDOMAIN')
})
