// What a member's credential can do to another member's services on a broker, on a real API server as on the central one.
import { beforeEach, expect, it } from '@jest/globals'
import exportsCrd from '../../manifests/mcs/serviceexports.yaml'
import importsCrd from '../../manifests/mcs/serviceimports.yaml'
import { parseObjects } from '../../src/k8s/yaml.ts'
import type { EndpointSlice, ServiceImport } from '../../src/model/mcs.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import type { Meta } from '../../src/model/resources.ts'
import { APPLY, JSON_PATCH, MERGE, STRATEGIC, type Try, tryAt } from './attempts.ts'
import { describeBrokers, type OpenBroker } from './both.ts'

const IMPORTS = `/apis/multicluster.x-k8s.io/v1beta1/namespaces/${BROKER_NAMESPACE}/serviceimports`
const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${BROKER_NAMESPACE}/endpointslices`
const labelsOf = (id: string): Record<string, string> => ({
  'submariner-io/clusterID': id,
  'multicluster.kubernetes.io/source-cluster': id,
  'multicluster.kubernetes.io/service-name': 'web',
  'lighthouse.submariner.io/sourceNamespace': 'shop',
})
const slice = (id: string, meta: Partial<Meta> = {}): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `web-${id}7`,
    namespace: BROKER_NAMESPACE,
    labels: { ...labelsOf(id), 'lighthouse.submariner.io/is-headless': 'false' },
    ...meta,
  },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['100.2.0.10'] }],
  ports: [],
})
const own = (id: string, meta: Partial<Meta> = {}): ServiceImport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: { name: `web-shop-${id}`, namespace: BROKER_NAMESPACE, labels: labelsOf(id), ...meta },
  spec: { type: 'ClusterSetIP', ports: [] },
})
const annotationsOf = (...ids: readonly string[]): Record<string, string> => ({
  'multicluster.kubernetes.io/service-name': 'web',
  'lighthouse.submariner.io/sourceNamespace': 'shop',
  ...Object.fromEntries(ids.map((id) => [`timestamp.submariner.io/${id}`, '1700000000000000000'])),
})
const shared = (meta: Partial<Meta>): ServiceImport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: { name: 'web-shop', namespace: BROKER_NAMESPACE, ...meta },
  spec: { type: 'ClusterSetIP', ports: [] },
})
const named = (annotations: Record<string, string>, name: string): ServiceImport => shared({ name, annotations })
const entries = (...ids: readonly string[]): unknown => ({ status: { clusters: ids.map((cluster) => ({ cluster })) } })

/** What west tries: in words, method, path, body, content type. */
const ATTEMPTS: readonly (readonly [what: string, method: string, path: string, body?: unknown, type?: string])[] = [
  ['to replace east’s EndpointSlice', 'PUT', `${SLICES}/web-east7`, slice('east')],
  ['to make east’s EndpointSlice its own', 'PUT', `${SLICES}/web-east7`, slice('west', { name: 'web-east7' })],
  ['to patch east’s EndpointSlice', 'PATCH', `${SLICES}/web-east7`, { endpoints: [] }, MERGE],
  ['to JSON-patch it', 'PATCH', `${SLICES}/web-east7`, [{ op: 'replace', path: '/endpoints', value: [] }], JSON_PATCH],
  ['to strategic-patch it', 'PATCH', `${SLICES}/web-east7`, { endpoints: [] }, STRATEGIC],
  ['to apply over it', 'PATCH', `${SLICES}/web-east7?fieldManager=x&force=true`, slice('east'), APPLY],
  ['to take its label away', 'PATCH', `${SLICES}/web-east7`, { metadata: { labels: null } }, MERGE],
  ['to delete it', 'DELETE', `${SLICES}/web-east7`],
  ['to delete all EndpointSlices', 'DELETE', SLICES],
  ['to create one for east', 'POST', SLICES, slice('east', { name: 'web-new' })],
  [
    'to create one of east’s backends',
    'POST',
    SLICES,
    slice('west', { name: 'x', labels: { ...labelsOf('west'), 'multicluster.kubernetes.io/source-cluster': 'east' } }),
  ],
  ['to create one without labels', 'POST', SLICES, slice('west', { name: 'web-new', labels: {} })],
  ['to give its own EndpointSlice to east', 'PATCH', `${SLICES}/web-west7`, { metadata: { labels: labelsOf('east') } }, MERGE],
  [
    'to give it east for a source',
    'PATCH',
    `${SLICES}/web-west7`,
    { metadata: { labels: { 'multicluster.kubernetes.io/source-cluster': 'east' } } },
    MERGE,
  ],

  ['to replace east’s ServiceImport', 'PATCH', `${IMPORTS}/web-shop-east`, { spec: { type: 'Headless' } }, MERGE],
  ['to write its status', 'PATCH', `${IMPORTS}/web-shop-east/status`, entries('west'), MERGE],
  ['to take away the label of east’s ServiceImport', 'PATCH', `${IMPORTS}/web-shop-east`, { metadata: { labels: null } }, MERGE],
  ['to relabel it as its own', 'PATCH', `${IMPORTS}/web-shop-east`, { metadata: { labels: labelsOf('west') } }, MERGE],
  ['to delete it', 'DELETE', `${IMPORTS}/web-shop-east`],
  ['to delete all ServiceImports', 'DELETE', IMPORTS],
  ['to create one for east', 'POST', IMPORTS, own('east', { name: 'x' })],
  [
    'to create one of east’s export',
    'POST',
    IMPORTS,
    own('west', { name: 'x', labels: { ...labelsOf('west'), 'multicluster.kubernetes.io/source-cluster': 'east' } }),
  ],

  ['to take east out of the shared ServiceImport', 'PATCH', `${IMPORTS}/web-shop/status`, entries('west'), MERGE],
  ['to take everyone out of it', 'PATCH', `${IMPORTS}/web-shop/status`, { status: null }, MERGE],
  ['to put north into it', 'PATCH', `${IMPORTS}/web-shop/status`, entries('east', 'north'), MERGE],
  [
    'to say another time for east',
    'PATCH',
    `${IMPORTS}/web-shop`,
    { metadata: { annotations: { 'timestamp.submariner.io/east': '1' } } },
    MERGE,
  ],
  [
    'to take east’s time away',
    'PATCH',
    `${IMPORTS}/web-shop`,
    { metadata: { annotations: { 'timestamp.submariner.io/east': null } } },
    MERGE,
  ],
  [
    'to say a time for north',
    'PATCH',
    `${IMPORTS}/web-shop`,
    { metadata: { annotations: { 'timestamp.submariner.io/north': '1' } } },
    MERGE,
  ],
  ['to take all its annotations away', 'PATCH', `${IMPORTS}/web-shop`, { metadata: { annotations: null } }, MERGE],
  [
    'to make it another service’s',
    'PATCH',
    `${IMPORTS}/web-shop`,
    { metadata: { annotations: { 'multicluster.kubernetes.io/service-name': 'x' } } },
    MERGE,
  ],
  ['to make it its own', 'PATCH', `${IMPORTS}/web-shop`, { metadata: { labels: labelsOf('west') } }, MERGE],
  ['to keep it from going', 'PATCH', `${IMPORTS}/web-shop`, { metadata: { finalizers: ['example.org/x'] } }, MERGE],
  [
    'to have it go with something else',
    'PATCH',
    `${IMPORTS}/web-shop`,
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }] } },
    MERGE,
  ],
  ['to delete it while east is in it', 'DELETE', `${IMPORTS}/web-shop`],
  ['to create one under another name than its service’s', 'POST', IMPORTS, named(annotationsOf('west'), 'web-other')],
  ['to create one without a service', 'POST', IMPORTS, named({}, 'web-other')],
  [
    'to create one with a time of east',
    'POST',
    IMPORTS,
    named({ ...annotationsOf('east'), 'multicluster.kubernetes.io/service-name': 'api' }, 'api-shop'),
  ],
  [
    'to write ServiceImports of another namespace',
    'POST',
    IMPORTS.replace(BROKER_NAMESPACE, 'default'),
    own('west', { namespace: 'default' }),
  ],
  ['to write ServiceExports', 'POST', IMPORTS.replace('serviceimports', 'serviceexports'), { ...own('west'), kind: 'ServiceExport' }],
]

function rights(open: () => OpenBroker): void {
  const all = async (): Promise<readonly (ServiceImport | EndpointSlice)[]> => {
    const { admin } = open()
    const query = { namespace: BROKER_NAMESPACE }
    return [...(await admin.list('ServiceImport', query)).items, ...(await admin.list('EndpointSlice', query)).items]
  }
  const state = async (): Promise<unknown> => (await all()).map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort()
  const attempt = (): Try => tryAt(open().place, open().token)

  /** East exports the service web, west has objects of its own that stand beside it. */
  beforeEach(async () => {
    const { admin } = open()
    for (const { kind, metadata } of await all()) await admin.remove(kind as 'ServiceImport', metadata.name, metadata.namespace)
    for (const object of [slice('east'), slice('west'), own('east'), own('west')]) await admin.create(object)
    const made = await admin.create(shared({ annotations: annotationsOf('east') }))
    await admin.replaceStatus({ ...made, status: { clusters: [{ cluster: 'east' }] } })
  })

  it.each(ATTEMPTS.map((one) => [one[0], one] as const))('fails %s', async (_, [, method, path, body, type]) => {
    const before = await state()
    const { status } = await attempt()(method, path, body, type)
    // 415: a kind of patch that custom resources do not take.
    expect([403, 422, ...(type === STRATEGIC ? [415] : [])]).toContain(status)
    expect(await state()).toEqual(before)
  })

  it('may read all of them, and change, add and remove its own', async () => {
    const go = attempt()
    expect([(await go('GET', IMPORTS)).status, (await go('GET', SLICES)).status]).toEqual([200, 200])
    expect((await go('PATCH', `${SLICES}/web-west7`, { endpoints: [{ addresses: ['100.1.0.1'] }] }, MERGE)).status).toBe(200)
    expect((await go('PATCH', `${IMPORTS}/web-shop-west`, { spec: { type: 'Headless' } }, MERGE)).status).toBe(200)
    expect((await go('POST', SLICES, slice('west', { name: 'web-x' }))).status).toBe(201)
    for (const path of [`${SLICES}/web-x`, `${SLICES}/web-west7`, `${IMPORTS}/web-shop-west`])
      expect((await go('DELETE', path)).status).toBe(200)
  })

  it('joins a service by its own entry and time, changes what is shared, leaves it, and removes it as the last one', async () => {
    const go = attempt()
    const mine = { 'timestamp.submariner.io/west': '1800000000000000000' }
    expect((await go('PATCH', `${IMPORTS}/web-shop/status`, entries('east', 'west'), MERGE)).status).toBe(200)
    expect(
      (await go('PATCH', `${IMPORTS}/web-shop`, { metadata: { annotations: mine }, spec: { ports: [{ port: 80 }] } }, MERGE)).status,
    ).toBe(200)
    expect((await go('PATCH', `${IMPORTS}/web-shop/status`, entries('east'), MERGE)).status).toBe(200)
    expect(
      (await go('PATCH', `${IMPORTS}/web-shop`, { metadata: { annotations: { 'timestamp.submariner.io/west': null } } }, MERGE)).status,
    ).toBe(200)
    const annotations = { ...annotationsOf('west'), 'multicluster.kubernetes.io/service-name': 'api' }
    expect((await go('POST', IMPORTS, named(annotations, 'api-shop'))).status).toBe(201)
    expect((await go('PATCH', `${IMPORTS}/api-shop/status`, entries('west'), MERGE)).status).toBe(200)
    expect((await go('DELETE', `${IMPORTS}/api-shop`)).status).toBe(200)
  })
}

describeBrokers('a member’s credential and services', rights, [exportsCrd, importsCrd].flatMap(parseObjects))
