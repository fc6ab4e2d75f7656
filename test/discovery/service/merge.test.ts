import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { merge } from '../../../src/discovery/service/merge.ts'
import type { Port, Share } from '../../../src/discovery/service/share.ts'

const port = (name: string, number: number, protocol: Port['protocol'] = 'TCP', appProtocol?: string): Port => ({
  name,
  protocol,
  port: number,
  appProtocol,
})
/** An export of the cluster, made at that second. */
const share = (cluster: string, second: number, more: Partial<Share> = {}): Share => ({
  namespace: 'shop',
  name: 'web',
  cluster,
  since: second * 1e9,
  type: 'ClusterSetIP',
  ports: [port('http', 80)],
  sessionAffinity: 'None',
  affinityTimeout: undefined,
  internalTrafficPolicy: 'Cluster',
  trafficDistribution: '',
  ipFamilies: ['IPv4'],
  labels: {},
  annotations: {},
  publishNotReady: false,
  slices: [],
  ...more,
})
const reasons = (...shares: readonly Share[]): readonly string[] => merge(shares).conflicts.map(({ reason }) => reason)

describe('merge()', () => {
  it('has no conflict where all say the same', () => {
    expect(reasons(share('east', 1), share('west', 2), share('north', 3))).toEqual([])
  })

  const DISPUTES: readonly (readonly [what: string, reason: string, a: Partial<Share>, b: Partial<Share>, field: keyof Share])[] = [
    ['headlessness', 'TypeConflict', { type: 'Headless', ports: [] }, { type: 'ClusterSetIP' }, 'type'],
    ['session affinity', 'SessionAffinityConflict', { sessionAffinity: 'ClientIP' }, { sessionAffinity: 'None' }, 'sessionAffinity'],
    [
      'the time of the affinity',
      'SessionAffinityConfigConflict',
      { sessionAffinity: 'ClientIP', affinityTimeout: 10 },
      { sessionAffinity: 'ClientIP', affinityTimeout: 20 },
      'affinityTimeout',
    ],
    ['internal traffic policy', 'InternalTrafficPolicyConflict', { internalTrafficPolicy: 'Local' }, {}, 'internalTrafficPolicy'],
    ['traffic distribution', 'TrafficDistributionConflict', { trafficDistribution: 'PreferSameNode' }, {}, 'trafficDistribution'],
    ['exported labels', 'LabelsConflict', { labels: { team: 'a' } }, { labels: { team: 'b' } }, 'labels'],
    ['exported annotations', 'AnnotationsConflict', { annotations: { a: '1' } }, {}, 'annotations'],
  ]
  it.each(DISPUTES)('lets the oldest export decide about %s', (_, reason, a, b, field) => {
    for (const [oldest, other] of [
      [share('west', 1, a), share('east', 2, b)],
      [share('west', 1, b), share('east', 2, a)],
    ] as const) {
      for (const order of [
        [oldest, other],
        [other, oldest],
      ]) {
        const merged = merge(order)
        expect(Reflect.get(merged, field)).toEqual(oldest[field])
        expect(merged.conflicts.map((conflict) => conflict.reason)).toEqual([reason])
        expect(merged.conflicts[0]?.message).toMatch(/west.*east/)
      }
    }
  })

  it('says of what is in dispute who has what', () => {
    const labels = { team: 'a', tier: 'x'.repeat(200) }
    const merged = merge([share('west', 1, { sessionAffinity: 'ClientIP', labels }), share('east', 2), share('north', 3)])
    expect(merged.conflicts.map(({ message }) => message)).toEqual([
      'session affinity "ClientIP" of the oldest export, in cluster west, is used: east, north have "None"',
      `exported labels "team=a, tier=${'x'.repeat(87)}..." of the oldest export, in cluster west, is used: east, north have none`,
    ])
  })

  it('goes by the id where two are of the same age, and takes one of unknown age for the youngest', () => {
    expect(merge([share('b', 5), share('a', 5, { sessionAffinity: 'ClientIP' })]).sessionAffinity).toBe('ClientIP')
    const unknown = share('a', Number.POSITIVE_INFINITY, { sessionAffinity: 'ClientIP' })
    expect(merge([unknown, share('b', 9e9)]).sessionAffinity).toBe('None')
  })

  const PORTS: readonly (readonly [what: string, first: readonly Port[], second: readonly Port[], union: readonly Port[]])[] = [
    ['as a union', [port('http', 80)], [port('metrics', 9090)], [port('http', 80), port('metrics', 9090)]],
    ['with the older number of a name', [port('http', 80)], [port('http', 8080)], [port('http', 80)]],
    ['with the older name of a number', [port('http', 80)], [port('web', 80)], [port('http', 80)]],
    ['of one number by protocol', [port('dns', 53)], [port('dns-udp', 53, 'UDP')], [port('dns', 53), port('dns-udp', 53, 'UDP')]],
    ['with the older one without a name', [port('', 80)], [port('', 81)], [port('', 80)]],
    [
      'with the older application protocol',
      [port('http', 80, 'TCP', 'http')],
      [port('http', 80, 'TCP', 'h2c')],
      [port('http', 80, 'TCP', 'http')],
    ],
  ]
  it.each(PORTS)('puts ports together %s', (_, first, second, union) => {
    const merged = merge([share('east', 2, { ports: second }), share('west', 1, { ports: first })])
    expect(merged.ports).toEqual(union)
    expect(merged.conflicts.map(({ reason }) => reason)).toEqual(['PortConflict'])
  })

  const TOLD: readonly (readonly [what: string, shares: readonly Share[], message: string])[] = [
    [
      'one name for two numbers',
      [share('west', 1), share('east', 2, { ports: [port('http', 8080)] })],
      'ports differ: west has http 80/TCP; east has http 8080/TCP; "http" is 80/TCP, as in west, whose export is the oldest (made 1970-01-01T00:00:01Z), and 8080/TCP of east is not used; http 80/TCP leads to west alone',
    ],
    [
      'two names for one number',
      [share('west', 1), share('east', 2, { ports: [port('web', 80)] }), share('north', 3, { ports: [port('web', 80)] })],
      'ports differ: west has http 80/TCP; east and north have web 80/TCP; 80/TCP is called "http", as in west, whose export is the oldest (made 1970-01-01T00:00:01Z), and "web" in east and north: the first name is used',
    ],
    [
      'another application protocol',
      [share('west', 1, { ports: [port('http', 80, 'TCP', 'http')] }), share('east', 2)],
      'ports differ: west has http 80/TCP (http); east has http 80/TCP; the application protocol of 80/TCP is http, as in west, whose export is the oldest (made 1970-01-01T00:00:01Z), and none in east: the first is used',
    ],
    [
      'a port that some do not have',
      [share('west', 1), share('east', 2, { ports: [port('http', 80), port('metrics', 9090)] }), share('north', 3, { ports: [] })],
      'ports differ: west has http 80/TCP; east has http 80/TCP, metrics 9090/TCP; north has none; http 80/TCP leads to west and east alone; metrics 9090/TCP leads to east alone',
    ],
    [
      'a clash between two of which neither is the oldest, and the age of one is not known',
      [
        share('west', 1),
        share('east', 2, { ports: [port('http', 80), port('', 81)] }),
        share('north', Number.POSITIVE_INFINITY, { ports: [port('http', 80), port('', 82)] }),
      ],
      'ports differ: west has http 80/TCP; east has 81/TCP, http 80/TCP; north has 82/TCP, http 80/TCP; the port without a name is 81/TCP, as in east, whose export is the older one (made 1970-01-01T00:00:02Z), and 82/TCP of north is not used; 81/TCP leads to east alone',
    ],
  ]
  it.each(TOLD)('says of ports who has which, which is used and why: %s', (_, shares, message) => {
    expect(merge(shares.toReversed()).conflicts).toEqual([{ reason: 'PortConflict', message }])
  })

  it('says of ports of hundreds of clusters no more than a condition has room for', () => {
    const all = Array.from({ length: 250 }, (_, i) =>
      share(`c${i}`, i, { ports: Array.from({ length: 20 }, (__, k) => port(`p${k}`, 1 + i * 20 + k)) }),
    )
    expect(merge(all).conflicts[0]?.message.length).toBeLessThan(32_768)
  })

  it('never gives two ports of one name, or of one protocol and number, and all of the oldest', () => {
    const ports = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('', 'a', 'b', 'c'),
        protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
        port: fc.integer({ min: 1, max: 4 }),
      }),
      { selector: ({ name }) => name, maxLength: 4 },
    )
    fc.assert(
      fc.property(fc.array(ports, { minLength: 1, maxLength: 4 }), (all) => {
        const shares = all.map((list, i) => share(`c${i}`, i, { ports: list.map((one) => ({ ...one, appProtocol: undefined })) }))
        const union = merge(shares).ports
        expect(new Set(union.map(({ name }) => name)).size).toBe(union.length)
        expect(new Set(union.map((one) => `${one.protocol} ${one.port}`)).size).toBe(union.length)
      }),
    )
  })

  it('leaves an export of the other type out of everything else', () => {
    const headless = share('east', 2, { type: 'Headless', ports: [port('x', 1)], sessionAffinity: 'ClientIP', ipFamilies: ['IPv6'] })
    const merged = merge([share('west', 1), headless])
    expect(merged.ports).toEqual([port('http', 80)])
    expect(merged.conflicts).toEqual([
      {
        reason: 'TypeConflict',
        message: 'type "ClusterSetIP" of the oldest export, in cluster west, is used: east has the other and takes no part',
      },
    ])
  })

  it('has no port conflict between headless exports, none of time where one has no affinity, and none between two words for one wish', () => {
    expect(reasons(share('east', 1, { type: 'Headless' }), share('west', 2, { type: 'Headless', ports: [] }))).toEqual([])
    const timed = share('east', 1, { sessionAffinity: 'ClientIP', affinityTimeout: 10 })
    expect(reasons(timed, share('west', 2))).toEqual(['SessionAffinityConflict'])
    expect(
      reasons(share('e', 1, { trafficDistribution: 'PreferClose' }), share('w', 2, { trafficDistribution: 'PreferSameZone' })),
    ).toEqual([])
    const standard = share('east', 1, { sessionAffinity: 'ClientIP' })
    expect(reasons(standard, share('west', 2, { sessionAffinity: 'ClientIP', affinityTimeout: 10_800 }))).toEqual([])
  })

  it('unites address families, says where they differ, and asks nothing of peers that name none', () => {
    const merged = merge([share('east', 1), share('west', 2, { ipFamilies: ['IPv6'] })])
    expect([merged.ipFamilies, merged.conflicts.map(({ reason }) => reason)]).toEqual([['IPv4', 'IPv6'], ['IPFamilyConflict']])
    expect(reasons(share('east', 1), share('west', 2, { ipFamilies: [] }))).toEqual([])
  })

  it('names several conflicts at once', () => {
    expect(reasons(share('a', 1), share('b', 2, { sessionAffinity: 'ClientIP', ports: [port('x', 1)] }))).toEqual([
      'PortConflict',
      'SessionAffinityConflict',
    ])
  })
})
