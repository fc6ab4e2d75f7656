import { describe, expect, it } from '@jest/globals'
import { type BrokerShares, MOST_SLICES, readShares } from '../../../src/discovery/down/read.ts'
import { ownExport } from '../../../src/discovery/up/export.ts'
import { clusterImport, wireSlices } from '../../../src/discovery/up/wire.ts'
import type { EndpointSlice, ServiceImport } from '../../../src/model/mcs.ts'
import type { Service } from '../../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../../fakes/services.ts'

const BROKER = 'submariner-k8s-broker'
const read = (imports: readonly ServiceImport[], slices: readonly EndpointSlice[]): BrokerShares => readShares('west', { imports, slices })
const sharesOf = (...objects: Parameters<typeof read>): unknown => [...read(...objects).shares.values()].flat()

/** An EndpointSlice as upstream's Lighthouse writes it. */
const lighthouse = (
  cluster: string,
  more: Partial<EndpointSlice> = {},
  labels: Record<string, string | undefined> = {},
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `web-${cluster}7`,
    namespace: BROKER,
    labels: {
      'endpointslice.kubernetes.io/managed-by': 'lighthouse-agent.submariner.io',
      'lighthouse.submariner.io/is-headless': 'false',
      'lighthouse.submariner.io/sourceNamespace': 'shop',
      'multicluster.kubernetes.io/service-name': 'web',
      'multicluster.kubernetes.io/source-cluster': cluster,
      'submariner-io/clusterID': cluster,
      'submariner-io/originatingNamespace': 'shop',
      app: 'web',
      ...labels,
    } as Record<string, string>,
    annotations: { 'lighthouse.submariner.io/publish-not-ready-addresses': 'false' },
  },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['100.2.0.9'], conditions: { ready: true } }],
  ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
  ...more,
})
const shared: ServiceImport = {
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: {
    name: 'web-shop',
    namespace: BROKER,
    annotations: {
      'multicluster.kubernetes.io/service-name': 'web',
      'lighthouse.submariner.io/sourceNamespace': 'shop',
      'lighthouse.submariner.io/use-clusterset-ip': 'false',
      'timestamp.submariner.io/east': '1700000000000000000',
    },
  },
  spec: { type: 'Headless', ports: [{ name: 'evil', port: 1 }], sessionAffinity: 'ClientIP' },
  status: { clusters: [{ cluster: 'east' }] },
}

describe('readShares()', () => {
  it.each<[string, Service]>([
    [
      'with an address',
      serviceOf('web', {
        ports: [{ port: 80 }, { name: 'x', protocol: 'UDP', port: 53, appProtocol: 'dns' }],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 30 } },
        internalTrafficPolicy: 'Local',
        trafficDistribution: 'PreferClose',
      }),
    ],
    ['that is headless', serviceOf('web', { clusterIP: 'None', ports: [], publishNotReadyAddresses: true })],
  ])('reads what an agent of ours has written of a service %s, and nothing is lost on the way', (_, service) => {
    const wish = exportOf('web', {}, { exportedLabels: { team: 'shop' }, exportedAnnotations: { note: 'good' } })
    const guard = { allowed: new Set<string>(), own: 'submariner' }
    const { share } = ownExport({
      clusterId: 'east',
      guard,
      wish,
      service,
      slices: [podsOf('web', [podOf('10.2.0.5', { hostname: 'a' })])],
    })
    if (share === undefined) throw new Error('not exported')
    const writer = { brokerNamespace: BROKER, salt: 's' }
    const slices = share.slices.map((slice, i) => ({ ...slice, id: wireSlices(share, writer)[i]?.metadata.name }))
    expect(sharesOf([clusterImport(share, writer)], wireSlices(share, writer))).toEqual([{ ...share, slices }])
  })

  it('reads what an older Lighthouse has written: type and ports from its slices, its age from its own annotation, and nothing else that is shared', () => {
    expect(sharesOf([shared], [lighthouse('east')])).toEqual([
      {
        namespace: 'shop',
        name: 'web',
        cluster: 'east',
        since: 1.7e18,
        type: 'ClusterSetIP',
        ports: [{ name: 'http', protocol: 'TCP', port: 80, appProtocol: undefined }],
        sessionAffinity: 'None',
        affinityTimeout: undefined,
        internalTrafficPolicy: 'Cluster',
        trafficDistribution: '',
        ipFamilies: [],
        labels: {},
        annotations: {},
        publishNotReady: false,
        slices: [
          {
            id: 'web-east7',
            ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
            backends: [{ addresses: ['100.2.0.9'], conditions: { ready: true } }],
          },
        ],
      },
    ])
  })

  it('reads what a newer Lighthouse has written: the ServiceImport of the cluster, by its labels', () => {
    const own: ServiceImport = {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: { name: 'web-shop-east', namespace: BROKER, labels: lighthouse('east').metadata.labels ?? {} },
      spec: { type: 'ClusterSetIP', ips: ['100.2.0.9'], ports: [{ name: 'http', protocol: 'TCP', port: 80 }], sessionAffinity: 'ClientIP' },
      status: { clusters: [{ cluster: 'east' }] },
    }
    expect(sharesOf([own, shared], [])).toMatchObject([{ cluster: 'east', since: 1.7e18, sessionAffinity: 'ClientIP', slices: [] }])
  })

  it('takes what older exporters write: an affinity that is an empty text, one with a time, no ports as null, fields that nobody knows', () => {
    const own = (spec: object): ServiceImport =>
      ({
        apiVersion: 'multicluster.x-k8s.io/v1beta1',
        kind: 'ServiceImport',
        metadata: {
          name: 'web-shop-east',
          namespace: BROKER,
          labels: { ...lighthouse('east').metadata.labels, 'lighthouse.submariner.io/sourceName': 'web' },
          annotations: { 'origin-name': 'web', 'origin-namespace': 'shop', 'lighthouse.submariner.io/use-clusterset-ip': 'false' },
        },
        spec: { unknown: true, ...spec },
        status: { clusters: [{ cluster: 'east', ips: ['100.2.0.9'] }], conditions: [{ type: 'Ready', status: 'False' }] },
      }) as unknown as ServiceImport
    const saysOf = (spec: object): unknown => read([own(spec)], [])
    expect(saysOf({ type: 'Headless', ports: null, sessionAffinity: '' })).toMatchObject({ refused: [] })
    expect(sharesOf([own({ type: 'Headless', ports: null, sessionAffinity: '' })], [])).toMatchObject([
      { type: 'Headless', ports: [], sessionAffinity: 'None', affinityTimeout: undefined },
    ])
    const clientIP = { type: 'ClusterSetIP', ports: [{ port: 80 }], sessionAffinity: 'ClientIP' }
    expect(sharesOf([own({ ...clientIP, sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })], [])).toMatchObject([
      { sessionAffinity: 'ClientIP', affinityTimeout: 60 },
    ])
    expect(sharesOf([own({ ...clientIP, sessionAffinityConfig: {} })], [])).toMatchObject([
      { sessionAffinity: 'ClientIP', affinityTimeout: undefined },
    ])
  })

  it('passes over what is its own, what is shared, and slices of IPv6', () => {
    expect(sharesOf([shared], [lighthouse('west')])).toEqual([])
    const v6 = lighthouse('east', { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::9'] }] })
    expect(read([], [v6])).toEqual({ shares: new Map(), refused: [] })
  })

  it('takes null for no backends, as programs in Go write it', () => {
    expect(sharesOf([], [lighthouse('east', { endpoints: null as never, ports: null as never })])).toMatchObject([
      { slices: [{ backends: [], ports: [] }] },
    ])
  })

  const HOSTILE: readonly (readonly [what: string, slice: unknown, field: RegExp])[] = [
    [
      'of another cluster than its writer',
      lighthouse('east', {}, { 'multicluster.kubernetes.io/source-cluster': 'north' }),
      /source-cluster/,
    ],
    ['of a cluster that cannot be', lighthouse('ea.st'), /clusterID/],
    ['without a namespace', lighthouse('east', {}, { 'lighthouse.submariner.io/sourceNamespace': undefined }), /sourceNamespace/],
    [
      'with a path for a namespace',
      lighthouse('east', {}, { 'lighthouse.submariner.io/sourceNamespace': '../kube-system' }),
      /sourceNamespace/,
    ],
    ['with a name that is none', lighthouse('east', {}, { 'multicluster.kubernetes.io/service-name': 'a b' }), /service-name/],
    [
      'that does not say whether it is headless',
      lighthouse('east', {}, { 'lighthouse.submariner.io/is-headless': 'perhaps' }),
      /is-headless/,
    ],
    ['with an address that is none', lighthouse('east', { endpoints: [{ addresses: ['localhost'] }] }), /endpoints\[0\]\.addresses\[0\]/],
    ['with a host name that is none', lighthouse('east', { endpoints: [{ addresses: ['10.2.0.1'], hostname: 'a.b' }] }), /hostname/],
    ['with a port that is none', lighthouse('east', { ports: [{ name: 'http', port: 0 }] }), /ports\[0\]\.port/],
    ['with a port’s name that is none', lighthouse('east', { ports: [{ name: '$(x)', port: 80 }] }), /ports\[0\]\.name/],
    ['of another kind', { ...lighthouse('east'), kind: 'Pod' }, /kind/],
    [
      'with thousands of backends',
      lighthouse('east', { endpoints: Array.from({ length: 1001 }, () => ({ addresses: ['10.2.0.1'] })) }),
      /endpoints/,
    ],
  ]
  it.each(HOSTILE)('refuses an EndpointSlice %s, and says which field', (_, slice, field) => {
    const { shares, refused } = read([], [slice as EndpointSlice, lighthouse('north')])
    expect([...shares.values()].flat().map(({ cluster }) => cluster)).toEqual(['north'])
    expect(refused).toEqual([
      expect.objectContaining({ object: expect.stringContaining('EndpointSlice'), field: expect.stringMatching(field) }),
    ])
  })

  it('leaves out what labels and annotations for imports may not say', () => {
    const { labels = {} } = lighthouse('east').metadata
    const annotations = {
      'submariner.io/exported-labels': JSON.stringify({
        ok: 'yes',
        'submariner.io/imported': 'x',
        'kubernetes.io/service-name': 'x',
        'a b': 'x',
        bad: 'a b',
        n: 1,
      }),
      'submariner.io/exported-annotations': 'no JSON',
    }
    const own = { ...shared, metadata: { name: 'x', namespace: BROKER, labels, annotations } }
    expect(sharesOf([own], [])).toMatchObject([{ labels: { ok: 'yes' }, annotations: {} }])
  })

  it('takes the newer of two ServiceImports of one export, and the first slices of very many', () => {
    const { labels = {} } = lighthouse('east').metadata
    const at = (name: string, day: number, type: 'Headless' | 'ClusterSetIP'): ServiceImport => ({
      ...shared,
      metadata: { name, namespace: BROKER, labels, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
      spec: { type, ports: [] },
    })
    expect(sharesOf([at('b', 1, 'Headless'), at('a', 2, 'ClusterSetIP')], [])).toMatchObject([{ type: 'ClusterSetIP' }])
    const many = Array.from({ length: MOST_SLICES + 1 }, (__, i) => {
      const slice = lighthouse('east')
      return { ...slice, metadata: { ...slice.metadata, name: `web-${i}` } }
    })
    const { shares, refused } = read([], many)
    expect([...shares.values()].flat().map(({ slices }) => slices.length)).toEqual([MOST_SLICES])
    expect(refused).toMatchObject([{ field: 'their number' }])
  })
})
