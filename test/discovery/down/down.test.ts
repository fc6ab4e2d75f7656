import { describe, expect, it } from '@jest/globals'
import { type DownPlan, type DownView, planDown } from '../../../src/discovery/down/plan.ts'
import { servicesOf } from '../../../src/discovery/service/services.ts'
import type { Share } from '../../../src/discovery/service/share.ts'
import { ownExport } from '../../../src/discovery/up/export.ts'
import type { EndpointSlice, ServiceExport, ServiceImport } from '../../../src/model/mcs.ts'
import { KUBE_SERVICE, PUBLISH_NOT_READY } from '../../../src/model/mcs.ts'
import { parseCidr } from '../../../src/model/net.ts'
import type { Resource, Service } from '../../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../../fakes/services.ts'

const IDS = ['west', 'east', 'north']
/** Networks of a cluster: pods 10.n.0.0/16, services 100.n.0.0/16. */
const NETWORKS = new Map(IDS.map((id, i) => [id, [`10.${i + 1}.0.0/16`, `100.${i + 1}.0.0/16`].map(parseCidr)]))
const guard = { allowed: new Set<string>(), own: 'submariner' }

interface Wish {
  readonly spec?: Service['spec']
  readonly pods?: readonly EndpointSlice[]
  readonly wish?: ServiceExport
}
/** What a cluster exports: its service has the address 100.n.0.10 and the pod 10.n.0.5. */
function exported(id: string, { spec = {}, pods, wish = exportOf('web') }: Wish = {}): ReturnType<typeof ownExport> {
  const n = IDS.indexOf(id) + 1
  const { name, namespace = 'shop' } = wish.metadata
  const service = serviceOf(name, { clusterIP: `100.${n}.0.10`, clusterIPs: [`100.${n}.0.10`], ...spec }, { namespace })
  return ownExport({ clusterId: id, guard, wish, service, slices: pods ?? [podsOf('web', [podOf(`10.${n}.0.5`)])] })
}
const shareOf = (id: string, wish: Wish = {}): Share => {
  const { share } = exported(id, wish)
  if (share === undefined) throw new Error('not exported')
  return share
}

interface World {
  /** Whether, and what, this cluster (west) exports itself. */
  readonly own?: Wish
  readonly others?: readonly Share[]
  readonly more?: Partial<DownView>
}
type There = DownView['there']
const EMPTY: There = { imports: [], services: [], slices: [] }
const viewOf = ({ own, others = [], more = {} }: World, there: There): DownView => {
  const mine = own === undefined ? [] : [exported('west', own)]
  const byKey = Map.groupBy(others, ({ namespace, name }) => `${namespace}/${name}`)
  return {
    clusterId: 'west',
    guard,
    services: servicesOf(mine, byKey),
    pods: new Map(mine.map(({ pods }) => ['shop/web', pods])),
    namespaces: new Set(['shop']),
    networksOf: (cluster) => NETWORKS.get(cluster) ?? [],
    isReachable: () => true,
    isLocalFirst: true,
    isFrozen: false,
    there,
    nowMs: 0,
    ...more,
  }
}
/** kube-proxy keeps for ever what it had of a slice that has lost its label. */
function checkLabels(there: readonly EndpointSlice[], put: readonly EndpointSlice[]): void {
  const labelOf = ({ metadata }: EndpointSlice): string | undefined => metadata.labels?.[KUBE_SERVICE]
  for (const slice of put) {
    const was = there.find(({ metadata }) => metadata.name === slice.metadata.name)
    if (was !== undefined && labelOf(was) !== undefined && labelOf(was) !== labelOf(slice))
      throw new Error(`${slice.metadata.name} loses its label`)
  }
}

let count = 0
function after(there: There, { imports, services, slices, statuses }: DownPlan): There {
  const changed = <T extends Resource>(list: readonly T[], put: readonly T[], drop: readonly T[]): readonly T[] => {
    const gone = new Set([...put, ...drop].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
    const stay = list.filter(({ metadata }) => !gone.has(`${metadata.namespace}/${metadata.name}`))
    return [
      ...stay,
      ...put.map((object) => ({ ...object, metadata: { ...object.metadata, uid: object.metadata.uid ?? `uid-${++count}` } })),
    ]
  }
  const addressed = services.put.map((service) => ({
    ...service,
    spec: { ...service.spec, clusterIP: service.spec?.clusterIP ?? '100.1.0.200' },
  }))
  checkLabels(there.slices, slices.put)
  const made = changed(there.imports, imports.put, imports.drop)
  const said = made.map(
    (one) => statuses.find(({ metadata }) => metadata.uid === one.metadata.uid && metadata.name === one.metadata.name) ?? one,
  )
  return {
    imports: imports.put.length > 0 ? made : said,
    services: changed(there.services, addressed, services.drop),
    slices: changed(there.slices, slices.put, slices.drop),
  }
}
const isQuiet = ({ imports, services, slices, statuses }: DownPlan): boolean =>
  [imports.put, imports.drop, services.put, services.drop, slices.put, slices.drop, statuses].every((list) => list.length === 0)
function settled(world: World, there: There = EMPTY): There {
  let now = there
  for (let round = 0; round < 8; round += 1) {
    const plan = planDown(viewOf(world, now))
    if (isQuiet(plan)) return now
    now = after(now, plan)
  }
  throw new Error('it never comes to rest')
}
const web = ({ imports }: There): ServiceImport | undefined => imports.find(({ metadata }) => metadata.name === 'web')
/** What kube-proxy sees behind the derived Service: `address:port ready`. */
const used = ({ slices, services }: There): readonly string[] =>
  slices
    .filter(({ metadata }) => services.some((service) => service.metadata.name === metadata.labels?.['kubernetes.io/service-name']))
    .flatMap(({ endpoints, ports }) =>
      endpoints.flatMap(({ addresses, conditions }) =>
        (ports ?? []).map(({ name, port }) => `${addresses[0]}:${port} ${name}${(conditions?.ready ?? true) ? '' : ' down'}`),
      ),
    )
    .sort()
const clusters = (there: There): unknown => web(there)?.status?.clusters?.map(({ cluster }) => cluster)

describe('planDown()', () => {
  it('never takes a slice out of kube-proxy’s sight but by deleting it: own pods that go and come, another way to balance, another type', () => {
    const others = [shareOf('east')]
    const none = { pods: [podsOf('web', [])] }
    let there = settled({ own: {}, others })
    expect(used(there)).toEqual(['10.1.0.5:8080 http'])
    there = settled({ own: none, others }, there)
    expect(used(there)).toEqual(['100.2.0.10:80 http'])
    there = settled({ own: {}, others }, there)
    expect(used(there)).toEqual(['10.1.0.5:8080 http'])
    there = settled({ own: {}, others, more: { isLocalFirst: false } }, there)
    expect(used(there)).toEqual(['10.1.0.5:8080 http', '100.2.0.10:80 http'])
    there = settled({ own: {}, others }, there)
    expect(used(there)).toEqual(['10.1.0.5:8080 http'])
    there = settled({ others }, there)
    expect(used(there)).toEqual(['100.2.0.10:80 http'])
    there = settled({ others: [shareOf('north', { spec: { clusterIP: 'None', clusterIPs: ['None'] } })] }, there)
    expect(used(there)).toEqual([])
  })
  it('has a port that no own pod serves answered by other clusters', () => {
    const ports = [
      { name: 'http', port: 80 },
      { name: 'admin', port: 81, targetPort: 'admin' },
    ]
    const pods = [podsOf('web', [podOf('10.1.0.5')])]
    const there = settled({ own: { spec: { ports }, pods }, others: [shareOf('east', { spec: { ports } })] })
    expect(used(there)).toEqual(['10.1.0.5:8080 http', '100.2.0.10:81 admin'])
  })
  it('has one slice of each backend, also while the broker is away', () => {
    const others = [shareOf('east')]
    const joined = settled({ own: {}, others })
    const alone = settled({ own: { pods: [podsOf('web', [])] }, more: { isFrozen: true } }, joined)
    expect(used(alone)).toEqual(['100.2.0.10:80 http'])
    expect(alone.slices.filter(({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster'] === 'east')).toHaveLength(1)
    const back = settled({ own: {}, others, more: { isFrozen: true } }, alone)
    expect(used(back)).toEqual(['10.1.0.5:8080 http'])
    expect(back.slices).toHaveLength(2)
  })
  it('says where nodes use their own backends alone, and is not ready where this cluster has none', () => {
    const spec = { internalTrafficPolicy: 'Local' } as const
    const ready = (there: ReturnType<typeof settled>): string => {
      const condition = web(there)?.status?.conditions?.find(({ type }) => type === 'Ready')
      return `${condition?.status} ${condition?.reason} ${condition?.message}`
    }
    const others = [shareOf('east', { spec })]
    const alone = settled({ others })
    expect(ready(alone)).toBe(
      'False NodeLocal internalTrafficPolicy is Local, so that a node uses its own backends alone, and this cluster has none that is ready',
    )
    const joined = settled({ own: { spec, pods: [podsOf('web', [podOf('10.1.0.5')])] }, others }, alone)
    expect(ready(joined)).toMatch(
      /^True Ready the service can be used .*; internalTrafficPolicy is Local, so that a node uses its own backends alone$/,
    )
    expect(ready(settled({ own: { spec, pods: [podsOf('web', [])] }, others }, joined))).toMatch(/^False NodeLocal/)
  })
  it('makes a ServiceImport, a Service that gives it an address, and an EndpointSlice for kube-proxy and DNS', () => {
    const there = settled({ others: [shareOf('east')] })
    expect(web(there)).toMatchObject({
      metadata: { namespace: 'shop', labels: { 'submariner.io/imported': 'true' } },
      spec: {
        type: 'ClusterSetIP',
        ips: ['100.1.0.200'],
        ipFamilies: ['IPv4'],
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
        sessionAffinity: 'None',
      },
      status: {
        clusters: [{ cluster: 'east' }],
        endpointSliceObjects: 'Present',
        conditions: [{ type: 'Ready', status: 'True', reason: 'Ready' }],
      },
    })
    const owner = {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      name: 'web',
      uid: web(there)?.metadata.uid,
      controller: false,
    }
    expect(there.services).toMatchObject([
      {
        metadata: { name: expect.stringMatching(/^derived-x/), namespace: 'shop', ownerReferences: [owner] },
        spec: { type: 'ClusterIP', ports: [{ name: 'http', protocol: 'TCP', port: 80 }] },
      },
    ])
    expect(there.services[0]?.spec?.selector).toBeUndefined()
    expect(there.slices).toEqual([
      expect.objectContaining({
        metadata: expect.objectContaining({
          name: expect.stringMatching(/^web-x[0-9a-f]{10}$/),
          ownerReferences: [owner],
          labels: {
            'submariner.io/imported': 'true',
            'multicluster.kubernetes.io/service-name': 'web',
            'multicluster.kubernetes.io/source-cluster': 'east',
            'lighthouse.submariner.io/sourceNamespace': 'shop',
            'lighthouse.submariner.io/is-headless': 'false',
            'endpointslice.kubernetes.io/managed-by': 'lighthouse-agent.submariner.io',
            'kubernetes.io/service-name': there.services[0]?.metadata.name,
          },
        }),
        addressType: 'IPv4',
        endpoints: [{ addresses: ['100.2.0.10'], conditions: { ready: true, serving: true, terminating: false } }],
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      }),
    ])
  })

  it('is headless without an address, with the names of the pods', () => {
    const pods = [podsOf('web', [podOf('10.2.0.5', { hostname: 'web-0' })])]
    const there = settled({ others: [shareOf('east', { spec: { clusterIP: 'None' }, pods })] })
    expect(web(there)).toMatchObject({ spec: { type: 'Headless', ports: [] }, status: { conditions: [{ status: 'True' }] } })
    expect([web(there)?.spec.ips, there.services]).toEqual([undefined, []])
    expect(there.slices[0]).toMatchObject({
      endpoints: [{ addresses: ['10.2.0.5'], hostname: 'web-0' }],
      ports: [{ name: 'http', port: 8080 }],
    })
    expect(there.slices[0]?.metadata.labels).not.toHaveProperty('kubernetes.io/service-name')
  })

  it('uses this cluster’s own pods first, by the ports that they listen on, and the others once none of them is ready', () => {
    const others = [shareOf('east'), shareOf('north')]
    const near = settled({ own: {}, others })
    expect(used(near)).toEqual(['10.1.0.5:8080 http'])
    expect(near.slices).toHaveLength(3)
    expect(clusters(near)).toEqual(['east', 'north', 'west'])
    const down = [podsOf('web', [podOf('10.1.0.5', { conditions: { ready: false } })])]
    const far = settled({ own: { pods: down }, others }, near)
    expect(used(far)).toEqual(['10.1.0.5:8080 http down', '100.2.0.10:80 http', '100.3.0.10:80 http'])
    expect(used(settled({ own: {}, others }, far))).toEqual(['10.1.0.5:8080 http'])
    expect(web(far)?.spec.ips).toEqual(web(near)?.spec.ips)
  })

  it('never puts this cluster’s own address behind the derived Service: kube-proxy translates once', () => {
    for (const isLocalFirst of [true, false])
      expect(used(settled({ own: {}, others: [shareOf('east')], more: { isLocalFirst } })).join()).not.toContain('100.1.')
  })

  it('says on its own pods which address their Service has, and on no others', () => {
    const there = settled({ own: {}, others: [shareOf('east')] })
    const addresses = there.slices.map(({ metadata: { labels, annotations } }) => [
      labels?.['multicluster.kubernetes.io/source-cluster'],
      annotations?.['submariner.io/service-address'],
    ])
    expect(addresses.sort()).toEqual([
      ['east', undefined],
      ['west', '100.1.0.10'],
    ])
    const pods = settled({ own: { spec: { clusterIP: 'None' } } }).slices
    expect(pods.map(({ metadata }) => Object.keys(metadata.annotations ?? {}))).toEqual([[PUBLISH_NOT_READY]])
  })

  it('spreads over all clusters where it is told to', () => {
    const there = settled({ own: {}, others: [shareOf('east')], more: { isLocalFirst: false } })
    expect(used(there)).toEqual(['10.1.0.5:8080 http', '100.2.0.10:80 http'])
  })

  it('sends to another cluster what this one’s own service has no port for', () => {
    const spec: Service['spec'] = {
      ports: [
        { name: 'http', port: 80 },
        { name: 'admin', port: 81 },
      ],
    }
    expect(used(settled({ own: {}, others: [shareOf('east', { spec })] }))).toEqual(['10.1.0.5:8080 http', '100.2.0.10:81 admin'])
  })

  it('takes ports of one number for one port, whatever they are called, and sends nothing to who has not the port', () => {
    const older = { wish: exportOf('web', { creationTimestamp: '2025-01-01T00:00:00Z' }) }
    const web80 = shareOf('east', { spec: { ports: [{ name: 'web', port: 80 }] } })
    const other = shareOf('north', { spec: { ports: [{ name: 'http', port: 8000 }] } })
    const there = settled({ own: { ...older, pods: [] }, others: [web80, other] })
    expect(used(there)).toEqual(['100.2.0.10:80 http'])
  })

  it('names the ports of the derived Service where a service has a port without a name and more', () => {
    const spec: Service['spec'] = { ports: [{ port: 80 }] }
    const there = settled({ others: [shareOf('east', { spec }), shareOf('north', { spec: { ports: [{ name: 'x', port: 81 }] } })] })
    expect(there.services[0]?.spec?.ports?.map(({ name }) => name)).toEqual(['port-80-tcp', 'x'])
    expect(used(there)).toEqual(['100.2.0.10:80 port-80-tcp', '100.3.0.10:81 x'])
    expect(web(there)?.spec.ports.map(({ name }) => name)).toEqual(['', 'x'])
  })

  it('makes backends of a cluster that cannot be reached not ready, and ready again, each as it was', () => {
    const headless = (id: string, ready: boolean): Share =>
      shareOf(id, {
        spec: { clusterIP: 'None' },
        pods: [podsOf('web', [podOf(id === 'east' ? '10.2.0.5' : '10.3.0.5', { conditions: { ready } })])],
      })
    const others = [headless('east', true), headless('north', false)]
    const readiness = (there: There): unknown => there.slices.map(({ endpoints }) => endpoints[0]?.conditions?.ready).sort()
    const up = settled({ others })
    const down = settled({ others, more: { isReachable: () => false } }, up)
    expect([readiness(up), readiness(down), readiness(settled({ others }, down))]).toEqual([
      [false, true],
      [false, false],
      [false, true],
    ])
    expect(clusters(down)).toEqual(['east', 'north'])
  })

  it('gives exported labels and annotations, affinity and policies to the import, and to the Service what its API knows', () => {
    const wish = exportOf('web', {}, { exportedLabels: { team: 'a' }, exportedAnnotations: { note: 'b' } })
    const spec: Service['spec'] = {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferSameNode',
    }
    const there = settled({ others: [shareOf('east', { wish, spec })] })
    expect(web(there)).toMatchObject({
      metadata: { labels: { team: 'a' }, annotations: { note: 'b' } },
      spec: { sessionAffinity: 'ClientIP', internalTrafficPolicy: 'Local', trafficDistribution: 'PreferSameNode' },
    })
    expect(there.services[0]?.spec).toMatchObject({
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      internalTrafficPolicy: 'Local',
      trafficDistribution: 'PreferClose',
    })
    const plain = settled({ others: [shareOf('east')] }, there)
    expect([plain.services[0]?.spec?.sessionAffinity, plain.services[0]?.spec?.trafficDistribution]).toEqual(['None', undefined])
    expect(plain.services[0]?.spec?.clusterIP).toBe('100.1.0.200')
  })

  it('leaves out the backends of an export of the other type', () => {
    const older = exportOf('web', { creationTimestamp: '2025-01-01T00:00:00Z' })
    const there = settled({ others: [shareOf('east', { wish: older }), shareOf('north', { spec: { clusterIP: 'None' } })] })
    expect([web(there)?.spec.type, clusters(there), used(there)]).toEqual(['ClusterSetIP', ['east'], ['100.2.0.10:80 http']])
    const later = settled({ others: [shareOf('north', { spec: { clusterIP: 'None' } })] }, there)
    expect([web(later)?.spec.type, web(later)?.spec.ips, later.services, clusters(later)]).toEqual(['Headless', undefined, [], ['north']])
  })

  it('waits for the namespace, and takes everything away with the last export', () => {
    const others = [shareOf('east')]
    expect(settled({ others, more: { namespaces: new Set() } })).toEqual(EMPTY)
    expect(settled({}, settled({ own: {}, others }))).toEqual(EMPTY)
    const ours = settled({ own: {}, others })
    expect(clusters(settled({ own: {} }, ours))).toEqual(['west'])
  })

  it('refuses addresses outside the networks of their cluster, one by one, and all of a cluster that advertises none', () => {
    const evil = (address: string): Share => ({
      ...shareOf('east'),
      slices: [
        {
          id: 'x',
          ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
          backends: [{ addresses: [address] }, { addresses: ['100.2.0.10'] }],
        },
      ],
    })
    for (const address of ['100.1.0.1', '10.3.0.5', '169.254.169.254', '127.0.0.1', '224.0.0.1', '8.8.8.8']) {
      const there = settled({ others: [evil(address)] })
      expect(there.slices.flatMap(({ endpoints }) => endpoints.map(({ addresses }) => addresses[0]))).toEqual(['100.2.0.10'])
      expect(planDown(viewOf({ others: [evil(address)] }, there)).refused).toMatchObject([
        { field: 'endpoints[0]', reason: expect.stringContaining(address) },
      ])
      expect(web(there)?.status?.conditions).toMatchObject([
        {
          ...{ type: 'Ready', status: 'True', reason: 'ImportedInPart' },
          message: `the service can be used in this cluster; 1 address of east left out: ${address} lies in no network of cluster east`,
        },
      ])
      // Once it is mended nothing is said of it any more.
      const mended = settled({ others: [shareOf('east')] }, there)
      expect(web(mended)?.status?.conditions).toMatchObject([{ reason: 'Ready', message: 'the service can be used in this cluster' }])
    }
    const unknown = settled({ others: [shareOf('east')], more: { networksOf: () => [] } })
    expect(unknown.slices.flatMap(({ endpoints }) => endpoints)).toEqual([])
  })

  it.each(['kube-system', 'kube-public', 'openshift-dns', 'openshift', 'submariner', 'submariner-k8s-broker'])(
    'refuses services for namespace %s unless it is allowed by name',
    (namespace) => {
      const others = [{ ...shareOf('east'), namespace }]
      const more = { namespaces: new Set([namespace]) }
      expect(settled({ others, more })).toEqual(EMPTY)
      expect(planDown(viewOf({ others, more }, EMPTY)).refused).toHaveLength(1)
      const allowed = { ...more, guard: { allowed: new Set([namespace]), own: 'submariner' } }
      expect(settled({ others, more: allowed }).imports).toHaveLength(1)
    },
  )

  it('refuses the name of the cluster’s own API, and everywhere what is not ours', () => {
    const api = { ...shareOf('east'), namespace: 'default', name: 'kubernetes' }
    expect(settled({ others: [api], more: { namespaces: new Set(['default']) } })).toEqual(EMPTY)
    const foreign: ServiceImport = {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: { name: 'web', namespace: 'shop', uid: 'theirs' },
      spec: { type: 'Headless', ports: [] },
    }
    const theirs: There = { imports: [foreign], services: [serviceOf('web')], slices: [podsOf('web', [podOf('10.1.0.5')])] }
    expect(settled({ others: [shareOf('east')] }, theirs)).toEqual(theirs)
    expect(planDown(viewOf({ others: [shareOf('east')] }, theirs)).refused).toMatchObject([{ reason: expect.stringContaining('not ours') }])
    expect(settled({}, theirs)).toEqual(theirs)
  })

  it('makes again what somebody has removed or changed', () => {
    const world = { own: {}, others: [shareOf('east')] }
    const there = settled(world)
    const [first, ...rest] = there.slices
    const broken: There = {
      imports: there.imports.map((one) => ({ ...one, spec: { type: 'Headless', ports: [] } })),
      services: there.services.map((one) => ({ ...one, spec: { ...one.spec, selector: { app: 'evil' }, ports: [] } })),
      slices: [...rest, ...(first === undefined ? [] : [{ ...first, endpoints: [] }])],
    }
    const again = settled(world, broken)
    expect([web(again)?.spec, used(again), again.services[0]?.spec?.selector]).toEqual([web(there)?.spec, used(there), undefined])
    const without = settled(world, { ...there, imports: [] })
    expect(new Set(without.slices.map(({ metadata }) => Reflect.get(metadata.ownerReferences?.[0] as object, 'uid')))).toEqual(
      new Set([web(without)?.metadata.uid]),
    )
  })

  describe('while the broker is not heard, or has lost its data', () => {
    const frozen = { isFrozen: true }
    const before = settled({ others: [shareOf('east', { spec: { sessionAffinity: 'ClientIP' } }), shareOf('north')] })

    it('withdraws nothing, and changes nothing of what a service is like', () => {
      expect(settled({ more: frozen }, before)).toEqual(before)
      const own = settled({ own: {}, more: frozen }, before)
      expect([web(own)?.spec, clusters(own)]).toEqual([web(before)?.spec, ['east', 'north', 'west']])
      expect(own.services).toEqual(before.services)
    })

    it('withdraws nothing either of a cluster whose slices have gone before its export', () => {
      const bare = { ...shareOf('east', { spec: { sessionAffinity: 'ClientIP' } }), slices: [] }
      const after = settled({ others: [bare, shareOf('north')], more: frozen }, before)
      expect([used(after), clusters(after)]).toEqual([used(before), ['east', 'north']])
      expect(used(settled({ others: [bare, shareOf('north')] }, before))).toEqual(['100.3.0.10:80 http'])
    })

    it('takes what is new, and keeps those who have not come back', () => {
      const one = settled(
        { others: [shareOf('east', { spec: { sessionAffinity: 'ClientIP', clusterIP: '100.2.0.77' } })], more: frozen },
        before,
      )
      expect(used(one)).toEqual(['100.2.0.77:80 http', '100.3.0.10:80 http'])
      expect(used(settled({ others: [shareOf('east')] }, one))).toEqual(['100.2.0.10:80 http'])
    })

    it('still turns clusters not ready that cannot be reached, and ready again', () => {
      const down = settled({ more: { ...frozen, isReachable: (cluster) => cluster !== 'east' } }, before)
      expect(used(down)).toEqual(['100.2.0.10:80 http down', '100.3.0.10:80 http'])
      expect(used(settled({ more: frozen }, down))).toEqual(used(before))
    })

    it('still takes back this cluster’s own export', () => {
      const both = settled({ own: {}, others: [shareOf('east')] })
      expect(used(both)).toEqual(['10.1.0.5:8080 http'])
      expect(used(settled({ more: frozen }, both))).toEqual(['100.2.0.10:80 http'])
      expect(
        settled({ more: frozen }, both).slices.map(({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster']),
      ).toEqual(['east'])
    })
  })
})
