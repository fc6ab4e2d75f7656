import { describe, expect, it } from '@jest/globals'
import type { Guard } from '../../../src/discovery/service/guard.ts'
import { type OwnExport, ownExport } from '../../../src/discovery/up/export.ts'
import { clusterImport, sharedImport, wireSlices } from '../../../src/discovery/up/wire.ts'
import type { EndpointSlice } from '../../../src/model/mcs.ts'
import type { Service } from '../../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../../fakes/services.ts'

const guard: Guard = { allowed: new Set(['kube-system']), own: 'submariner' }
const own = (
  service: Service | undefined,
  slices: readonly EndpointSlice[] = [],
  wish = exportOf(service?.metadata.name ?? 'web'),
): OwnExport => ownExport({ clusterId: 'east', guard, wish, service, slices })
const WRITER = { brokerNamespace: 'submariner-k8s-broker', salt: 'uid-web' }
const slicesOf = (exported: OwnExport): readonly EndpointSlice[] => (exported.share === undefined ? [] : wireSlices(exported.share, WRITER))
const readiness = (exported: OwnExport): unknown => exported.share?.slices[0]?.backends[0]?.conditions?.ready

describe('ownExport()', () => {
  const REFUSED: readonly (readonly [what: string, reason: string, message: RegExp, exported: OwnExport])[] = [
    ['that is not there', 'NoService', /there is no Service web in namespace shop/, own(undefined)],
    ['that is being deleted', 'NoService', /there is no Service/, own(serviceOf('web', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }))],
    ['of type ExternalName', 'InvalidServiceType', /ExternalName/, own(serviceOf('web', { type: 'ExternalName', clusterIP: '' }))],
    [
      'that an import has made',
      'InvalidServiceType',
      /not exported again/,
      own(serviceOf('derived-x', {}, { labels: { 'submariner.io/imported': 'true' } })),
    ],
    ['that has IPv6 alone', 'IPFamilyNotSupported', /IPv4/, own(serviceOf('web', { clusterIP: 'fd00::1', clusterIPs: ['fd00::1'] }))],
    [
      'that is the cluster’s own API',
      'NamespaceNotAllowed',
      /API/,
      own(serviceOf('kubernetes'), [], exportOf('kubernetes', { namespace: 'default' })),
    ],
    [
      'in a namespace of the system',
      'NamespaceNotAllowed',
      /kube-public/,
      own(serviceOf('web'), [], exportOf('web', { namespace: 'kube-public' })),
    ],
    [
      'whose export says what cannot be understood',
      'InvalidExport',
      /exportedLabels/,
      own(serviceOf('web'), [], exportOf('web', {}, { exportedLabels: { a: 1 } as never })),
    ],
  ]
  it.each(REFUSED)('refuses a service %s', (_, reason, message, exported) => {
    expect(exported.share).toBeUndefined()
    expect(exported.invalid).toMatchObject({ reason, message: expect.stringMatching(message) })
  })

  it.each([['ClusterIP'], ['NodePort'], ['LoadBalancer']] as const)('takes a service of type %s by its cluster address', (type) => {
    const exported = own(serviceOf('web', { type }), [podsOf('web', [podOf('10.1.0.5')])])
    expect(exported.share).toMatchObject({ type: 'ClusterSetIP', cluster: 'east', since: Date.UTC(2026, 0, 1) * 1e6 })
    expect(exported.share?.slices.flatMap(({ backends }) => backends)).toEqual([{ addresses: ['100.1.0.10'], conditions: { ready: true } }])
  })

  it('takes the IPv4 address of a service that has two', () => {
    const exported = own(serviceOf('web', { clusterIP: 'fd00::1', clusterIPs: ['fd00::1', '100.1.0.7'], ipFamilies: ['IPv6', 'IPv4'] }))
    expect(exported.share?.slices[0]?.backends[0]?.addresses).toEqual(['100.1.0.7'])
  })

  it.each(['submariner-k8s-broker', 'another-broker'])('refuses services of the namespace %s, where the broker is', (namespace) => {
    const view = { clusterId: 'east', guard: { ...guard, broker: 'another-broker' }, service: serviceOf('web'), slices: [] }
    expect(ownExport({ ...view, wish: exportOf('web', { namespace }) }).invalid).toMatchObject({ reason: 'NamespaceNotAllowed' })
  })

  it('is allowed in a namespace of the system that is allowed by name', () => {
    expect(own(serviceOf('web'), [], exportOf('web', { namespace: 'kube-system' })).invalid).toBeUndefined()
  })

  it('is ready with the first ready backend, whoever has made its EndpointSlice, and not by what an import has made', () => {
    const down = podOf('10.1.0.5', { conditions: { ready: false } })
    expect(readiness(own(serviceOf('web')))).toBe(false)
    expect(readiness(own(serviceOf('web'), [podsOf('web', [down])]))).toBe(false)
    expect(readiness(own(serviceOf('web'), [podsOf('web', [down, podOf('10.1.0.6', { conditions: {} })])]))).toBe(true)
    const byHand = podsOf('web', [podOf('192.0.2.7')], {}, { labels: { 'kubernetes.io/service-name': 'web' } })
    expect(readiness(own(serviceOf('web', { selector: {} }), [byHand]))).toBe(true)
    const imported = podsOf(
      'web',
      [podOf('10.2.0.5')],
      {},
      { labels: { 'kubernetes.io/service-name': 'web', 'submariner.io/imported': 'true' } },
    )
    const upstreams = podsOf(
      'web',
      [podOf('10.2.0.5')],
      {},
      { labels: { 'kubernetes.io/service-name': 'web', 'multicluster.kubernetes.io/source-cluster': 'west' } },
    )
    expect(readiness(own(serviceOf('web'), [imported, upstreams]))).toBe(false)
  })

  it('keeps affinity, policies, and labels and annotations for the imports, but for those that mean something to a cluster', () => {
    const spec: Service['spec'] = {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferClose',
    }
    const wish = exportOf(
      'web',
      {},
      {
        exportedLabels: { team: 'shop', 'submariner.io/imported': 'no' },
        exportedAnnotations: { 'example.org/x': 'y', 'a.kubernetes.io/b': 'c' },
      },
    )
    expect(own(serviceOf('web', spec), [], wish).share).toMatchObject({
      sessionAffinity: 'ClientIP',
      affinityTimeout: 60,
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferClose',
      labels: { team: 'shop' },
      annotations: { 'example.org/x': 'y' },
    })
  })
})

describe('on the wire', () => {
  it('an export is the ServiceImport of its cluster', () => {
    const { share } = own(serviceOf('web', { ports: [{ port: 80 }, { name: 'dns', protocol: 'UDP', port: 53, appProtocol: 'dns' }] }))
    expect(share && clusterImport(share, WRITER)).toEqual({
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: {
        name: expect.stringMatching(/^web-shop-east-x[0-9a-f]{10}$/),
        namespace: 'submariner-k8s-broker',
        labels: {
          'submariner-io/clusterID': 'east',
          'multicluster.kubernetes.io/source-cluster': 'east',
          'multicluster.kubernetes.io/service-name': 'web',
          'lighthouse.submariner.io/sourceNamespace': 'shop',
        },
        annotations: {
          'timestamp.submariner.io/east': '1767225600000000000',
          'lighthouse.submariner.io/publish-not-ready-addresses': 'false',
        },
      },
      spec: {
        type: 'ClusterSetIP',
        ports: [
          { name: '', protocol: 'TCP', port: 80 },
          { name: 'dns', protocol: 'UDP', port: 53, appProtocol: 'dns' },
        ],
        sessionAffinity: 'None',
        ipFamilies: ['IPv4'],
        internalTrafficPolicy: 'Cluster',
      },
    })
  })

  it('the first exporter makes the ServiceImport that all share, with its identity in annotations and no label', () => {
    const { share } = own(serviceOf('web'))
    expect(share && sharedImport(share, 'submariner-k8s-broker')).toMatchObject({
      metadata: {
        name: 'web-shop',
        namespace: 'submariner-k8s-broker',
        annotations: {
          'multicluster.kubernetes.io/service-name': 'web',
          'lighthouse.submariner.io/sourceNamespace': 'shop',
          'timestamp.submariner.io/east': '1767225600000000000',
          'lighthouse.submariner.io/use-clusterset-ip': 'false',
        },
      },
      spec: { type: 'ClusterSetIP', sessionAffinity: 'None', ports: [] },
      status: { clusters: [{ cluster: 'east' }] },
    })
    expect(share && sharedImport(share, 'b').metadata.labels).toBeUndefined()
  })

  it('a service with an address is one EndpointSlice with that address and the ports of the Service', () => {
    const [slice, ...more] = slicesOf(
      own(serviceOf('web'), [podsOf('web', [podOf('10.1.0.5')]), podsOf('web', [podOf('10.1.0.6')], {}, { name: 'web-2' })]),
    )
    expect(more).toEqual([])
    expect(slice).toEqual({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: expect.stringMatching(/^web-x[0-9a-f]{10}$/),
        namespace: 'submariner-k8s-broker',
        labels: {
          'submariner-io/clusterID': 'east',
          'submariner-io/originatingNamespace': 'shop',
          'multicluster.kubernetes.io/source-cluster': 'east',
          'multicluster.kubernetes.io/service-name': 'web',
          'lighthouse.submariner.io/sourceNamespace': 'shop',
          'lighthouse.submariner.io/is-headless': 'false',
          'endpointslice.kubernetes.io/managed-by': 'lighthouse-agent.submariner.io',
        },
        annotations: { 'lighthouse.submariner.io/publish-not-ready-addresses': 'false' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['100.1.0.10'], conditions: { ready: true } }],
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    })
  })

  it('a headless service is an EndpointSlice for each of Kubernetes’, with all pods, their names and the ports that they listen on', () => {
    const pods = [podOf('10.1.0.5', { hostname: 'db-0', zone: 'a' }), podOf('10.1.0.6', { hostname: 'db-1', conditions: { ready: false } })]
    const v6 = podsOf('db', [podOf('fd00::5')], { addressType: 'IPv6' }, { name: 'db-v6' })
    const exported = own(serviceOf('db', { clusterIP: 'None', publishNotReadyAddresses: true }), [podsOf('db', pods), v6])
    const slices = slicesOf(exported)
    expect(slices).toHaveLength(1)
    expect(slices[0]).toMatchObject({
      metadata: {
        labels: { 'lighthouse.submariner.io/is-headless': 'true', 'lighthouse.submariner.io/source-name': 'db-abcde' },
        annotations: { 'lighthouse.submariner.io/publish-not-ready-addresses': 'true' },
      },
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    })
    expect(slices[0]?.endpoints).toEqual([
      {
        addresses: ['10.1.0.5'],
        conditions: { ready: true, serving: true, terminating: false },
        hostname: 'db-0',
        targetRef: { kind: 'Pod', name: 'pod-10-1-0-5', namespace: 'shop' },
      },
      {
        addresses: ['10.1.0.6'],
        conditions: { ready: false },
        hostname: 'db-1',
        targetRef: { kind: 'Pod', name: 'pod-10-1-0-6', namespace: 'shop' },
      },
    ])
    expect(exported.share && clusterImport(exported.share, WRITER).spec).toMatchObject({ type: 'Headless', ports: [] })
  })

  it('names are of no other export: they change with the ServiceExport and the slice, and end in no cluster’s id', () => {
    const slices = slicesOf(own(serviceOf('db', { clusterIP: 'None' }), [podsOf('db', []), podsOf('db', [], {}, { name: 'db-2' })]))
    const { share } = own(serviceOf('db', { clusterIP: 'None' }), [podsOf('db', [])])
    const again = share === undefined ? [] : wireSlices(share, { ...WRITER, salt: 'another uid' })
    const names = [...slices, ...again].map(({ metadata }) => metadata.name)
    expect(new Set(names).size).toBe(3)
    for (const name of names) expect(name).not.toMatch(/-east$/)
  })
})
