import { describe, expect, it } from '@jest/globals'
import type { Verdict } from '../../src/checks/check.ts'
import type { NamesSetup } from '../../src/checks/services/names-setup.ts'
import { SERVICE_CHECKS } from '../../src/checks/services/service-checks.ts'
import { type CheckContext, looker } from '../../src/checks/subject.ts'
import { guardOf, keptOut } from '../../src/commands/look/kept-out.ts'
import {
  type Condition,
  type EndpointSlice,
  IMPORTED,
  IMPORTED_IN_PART,
  IN_PART,
  SERVICE_NAME,
  type ServiceImport,
  SOURCE_CLUSTER,
  SOURCE_NAMESPACE,
} from '../../src/model/mcs.ts'
import type { ConnectionStatus, Lease } from '../../src/model/resources.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { type FakeCluster, fakeCluster, make } from '../fakes/kube.ts'
import { exportOf } from '../fakes/services.ts'

const NAMESPACE = 'submariner'
const IDS = ['west', 'east'] as const
type Id = (typeof IDS)[number]
const MULTICLUSTER: NamesSetup = { mode: 'multicluster', why: 'CoreDNS 1.12.4', changes: [], notes: [] }

interface Scene {
  readonly clusters: Readonly<Record<Id, FakeCluster>>
  names: NamesSetup
  isRenewed: boolean
  verdict(id: string, of?: Id): Promise<Verdict | undefined>
}
function scene(): Scene {
  const clusters = { west: fakeCluster(), east: fakeCluster() }
  for (const id of IDS) furnish(clusters[id], id)
  let now = 0
  const made: Scene = {
    clusters,
    names: MULTICLUSTER,
    isRenewed: true,
    async verdict(id, of = 'west') {
      const all: CheckContext[] = []
      for (const name of IDS) all.push(contextOf(name, all))
      return SERVICE_CHECKS.find((one) => one.id === id)?.run(all[IDS.indexOf(of)] as CheckContext, new AbortController().signal)
    },
  }
  const contextOf = (name: Id, all: readonly CheckContext[]): CheckContext => {
    const api = clusters[name].api()
    const sleep = async (ms: number): Promise<void> => {
      now += ms
      if (made.isRenewed) putLease(clusters[name], name, now)
    }
    const context = {
      name,
      api,
      namespace: NAMESPACE,
      clock: { now: () => now, sleep },
      all,
      look: looker(api, NAMESPACE),
      names: async () => made.names,
      keptOut: (settings: Readonly<Record<string, string>>, namespace: string) => keptOut(guardOf(settings, NAMESPACE), namespace),
    }
    return context as unknown as CheckContext
  }
  return made
}

function furnish(cluster: FakeCluster, id: Id): void {
  const other = id === 'west' ? 'east' : 'west'
  const settings = { SUBMARINER_CLUSTERID: id, SUBMARINER_SERVICEDISCOVERY: 'true' }
  cluster.put(make('ConfigMap', 'submariner-settings', { data: settings }, { namespace: NAMESPACE }))
  cluster.put(make('DaemonSet', 'submariner-route-agent', {}, { namespace: NAMESPACE }))
  cluster.put(clusterOf(other, { n: 2, meta: { namespace: NAMESPACE } }))
  for (const app of ['submariner-discovery', 'submariner-dns']) {
    cluster.put(make('Deployment', app, { spec: { replicas: 2 } } as object, { namespace: NAMESPACE }))
    for (const pod of ['a', 'b']) putPod(cluster, app, pod)
  }
  cluster.put(make('Service', 'submariner-dns', { spec: { clusterIP: '100.1.0.53' } }, { namespace: NAMESPACE }))
  putLease(cluster, id, 0)
  connect(cluster, id, 'connected')
  for (const version of ['v1alpha1', 'v1beta1']) serve(cluster, version, ['serviceexports', 'serviceimports'])
  for (const name of ['shop', NAMESPACE]) cluster.put(make('Namespace', name, {}))
}
const putPod = (cluster: FakeCluster, app: string, name: string, isReady = true): void => {
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] }
  const containerStatuses = [{ name: 'agent', ready: isReady, restartCount: 0, state: { running: {} } }]
  cluster.put(
    make(
      'Pod',
      `${app}-${name}`,
      { spec: { nodeName: 'w1' }, status: { ...status, containerStatuses } },
      { namespace: NAMESPACE, labels: { app } },
    ),
  )
}
function putLease(cluster: FakeCluster, id: Id, now: number): void {
  const spec: Lease['spec'] = { holderIdentity: `${id}-discovery`, leaseDurationSeconds: 3, renewTime: new Date(now).toISOString() }
  for (const name of ['submariner-discovery-lock', 'submariner-gateway-lock'])
    cluster.put(make('Lease', name, { spec }, { namespace: NAMESPACE }))
}
function connect(cluster: FakeCluster, id: Id, status: ConnectionStatus): void {
  const other = id === 'west' ? 'east' : 'west'
  const connections = [{ status, statusMessage: '', endpoint: endpointOf(other).spec }]
  const seen = { version: '', haStatus: 'active' as const, localEndpoint: endpointOf(id).spec, statusFailure: '', connections }
  cluster.put(make('Gateway', `${id}-gw1`, { status: seen }, { namespace: NAMESPACE }))
}
const serve = (cluster: FakeCluster, version: string, names: readonly string[]): void =>
  cluster.answer(
    `/apis/multicluster.x-k8s.io/${version}`,
    JSON.stringify({ kind: 'APIResourceList', resources: names.map((name) => ({ name })) }),
  )

const said = (type: string, status: Condition['status'], message = ''): Condition => ({
  ...{ type, status, reason: 'Reason', message, lastTransitionTime: '2026-01-01T00:00:00Z' },
})
const putExport = (cluster: FakeCluster, name: string, ...conditions: readonly Condition[]): void =>
  cluster.put({ ...exportOf(name), status: { conditions } } as ReturnType<typeof exportOf>)
function putImport(cluster: FakeCluster, name: string, clusters: readonly string[], isReady = true): void {
  const [spec, status] = [{ type: 'ClusterSetIP', ports: [], ips: ['100.1.9.1'] }, { clusters: clusters.map((one) => ({ cluster: one })) }]
  const imported = {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: { name, namespace: 'shop', labels: { [IMPORTED]: 'true' } },
    spec,
    status,
  }
  cluster.put(imported as unknown as ServiceImport)
  for (const one of clusters) {
    const labels = { 'multicluster.kubernetes.io/service-name': name, 'multicluster.kubernetes.io/source-cluster': one }
    const slice: EndpointSlice = {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: `${name}-${one}`, namespace: 'shop', labels } },
      ...{ addressType: 'IPv4', endpoints: [{ addresses: ['100.2.0.1'], conditions: { ready: isReady } }] },
    }
    cluster.put(slice)
  }
}
const READY = said('Ready', 'True')

describe('checks of services', () => {
  it('are in order where agents lead, names are set up and imports are what is exported', async () => {
    const made = scene()
    putExport(made.clusters.east, 'web', READY)
    putImport(made.clusters.west, 'web', ['east'])
    const ids = SERVICE_CHECKS.map(({ id }) => id)
    expect(await Promise.all(ids.map((id) => made.verdict(id)))).toEqual([
      { is: 'ok', note: 'v1beta1 and v1alpha1' },
      { is: 'ok', note: 'west-discovery' },
      { is: 'ok', note: 'multicluster: CoreDNS 1.12.4' },
      { is: 'ok', note: '0 services' },
      { is: 'ok', note: '1 imports, of east' },
    ])
    expect(await made.verdict('SUB0636', 'east')).toEqual({ is: 'ok', note: '1 service' })
  })

  it.each([
    ['--service-discovery false', 'false', 'the cluster has joined with --service-discovery false'],
    ['an older version', undefined, 'services are not exchanged here (`subctl join ... --service-discovery true`)'],
  ])('are skipped, and say why, where the cluster has joined with %s', async (_, value, reason) => {
    const made = scene()
    const { west } = made.clusters
    const data = { SUBMARINER_CLUSTERID: 'west', ...(value !== undefined && { SUBMARINER_SERVICEDISCOVERY: value }) }
    west.put(make('ConfigMap', 'submariner-settings', { data }, { namespace: NAMESPACE }))
    west.drop('Deployment', 'submariner-discovery', NAMESPACE)
    west.drop('Lease', 'submariner-discovery-lock', NAMESPACE)
    for (const { id } of SERVICE_CHECKS) expect([id, await made.verdict(id)]).toEqual([id, { is: 'skipped', reason }])
    // Nor do the others expect anything of it.
    putImport(made.clusters.east, 'web', ['west'])
    expect((await made.verdict('SUB0637', 'east'))?.is).toBe('ok')
  })

  it('SUB0633 fails without v1beta1, and without v1alpha1 where CoreDNS reads it', async () => {
    const made = scene()
    serve(made.clusters.west, 'v1alpha1', ['serviceexports'])
    expect(await made.verdict('SUB0633')).toMatchObject({ is: 'failed', reason: expect.stringContaining('CoreDNS reads no other version') })
    made.names = { ...MULTICLUSTER, mode: 'own' }
    expect(await made.verdict('SUB0633')).toMatchObject({ is: 'warning' })
    serve(made.clusters.west, 'v1beta1', ['serviceimports'])
    expect(await made.verdict('SUB0633')).toMatchObject({
      is: 'failed',
      reason: 'the API does not serve serviceexports of multicluster.x-k8s.io/v1beta1',
    })
  })

  it('SUB0634 names a pod that is not ready, a lease that nobody has or renews, and a Deployment that is gone', async () => {
    const made = scene()
    const { west } = made.clusters
    const reason = async () => {
      const verdict = await made.verdict('SUB0634')
      return verdict?.is === 'failed' ? verdict.reason : verdict?.is
    }
    putPod(west, 'submariner-discovery', 'b', false)
    expect(await reason()).toMatch(/^submariner-discovery-b on w1: agent runs and is not ready/)
    west.drop('Pod', 'submariner-discovery-b', NAMESPACE)
    expect(await reason()).toBe('1 of 2 pods of submariner-discovery are ready')
    putPod(west, 'submariner-discovery', 'b')
    made.isRenewed = false
    expect(await reason()).toBe('west-discovery holds the lease and does not renew it: exports and imports stay as they are')
    west.drop('Lease', 'submariner-discovery-lock', NAMESPACE)
    expect(await reason()).toBe('no agent holds the lease')
    west.drop('Deployment', 'submariner-discovery', NAMESPACE)
    expect(await reason()).toBe('there is no Deployment submariner-discovery')
  })

  it('SUB0635 says what differs in the DNS, and which pod of ours does not answer', async () => {
    const made = scene()
    made.names = { ...MULTICLUSTER, changes: ['~ ConfigMap kube-system/coredns Corefile', '    +clusterset.local:53 {'] }
    expect(await made.verdict('SUB0635')).toMatchObject({
      is: 'failed',
      reason: 'the cluster’s DNS is not as join sets it up for multicluster: ~ ConfigMap kube-system/coredns Corefile',
    })
    made.names = { mode: 'own', why: '--dns own', changes: [], notes: ['Helm may write it again'] }
    expect(await made.verdict('SUB0635')).toEqual({ is: 'ok', note: 'own: --dns own; Helm may write it again' })
    putPod(made.clusters.west, 'submariner-dns', 'a', false)
    expect(await made.verdict('SUB0635')).toMatchObject({ is: 'failed', reason: expect.stringMatching(/^submariner-dns-a on w1/) })
    made.clusters.west.drop('Service', 'submariner-dns', NAMESPACE)
    // A join would forward to the address of a new one.
    made.names = { ...made.names, changes: ['~ ConfigMap kube-system/coredns Corefile', '    -forward . 100.1.0.53'] }
    expect(await made.verdict('SUB0635')).toMatchObject({
      is: 'failed',
      reason: 'there is no Service submariner-dns, which the cluster’s DNS forwards these names to',
    })
    made.clusters.west.drop('Deployment', 'submariner-dns', NAMESPACE)
    expect(await made.verdict('SUB0635')).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(/no Service submariner-dns.*; there is no Deployment submariner-dns$/),
    })
    made.names = { mode: 'none', why: '--dns none', changes: [], notes: [] }
    expect(await made.verdict('SUB0635')).toEqual({ is: 'skipped', reason: 'nobody of ours answers names here (--dns none)' })
  })

  it('SUB0636 warns of what is refused and of conflicts, and fails where no agent looks', async () => {
    const made = scene()
    putExport(made.clusters.west, 'ext', said('Valid', 'False', 'Service ext is of type ExternalName'), said('Ready', 'False', 'not valid'))
    putExport(made.clusters.west, 'web', READY, said('Conflict', 'True', 'ports differ\neast has 81'))
    putExport(made.clusters.west, 'late', said('Valid', 'True'), said('Ready', 'False', 'it is on its way'))
    putExport(made.clusters.west, 'part', said('Valid', 'True'), { ...said('Ready', 'True', '172.16.1.9 is left out'), reason: IN_PART })
    expect(await made.verdict('SUB0636')).toEqual({
      is: 'warning',
      reason:
        'shop/ext is not exported: Service ext is of type ExternalName; shop/web: clusters disagree: ports differ, east has 81; shop/late is not ready: it is on its way; shop/part: 172.16.1.9 is left out',
      hint: 'see `subctl show services -o wide`',
    })
    putExport(made.clusters.west, 'new')
    expect(await made.verdict('SUB0636')).toMatchObject({ is: 'failed', reason: 'shop/new: no agent has looked at it' })
  })

  it('SUB0637 finds what is stale, what is missing, and what is ready though it is not reached', async () => {
    const made = scene()
    const { west, east } = made.clusters
    for (const name of ['new', 'half', 'both']) putExport(east, name, READY)
    putExport(east, 'refused', said('Ready', 'False'))
    putExport(west, 'half', READY)
    putImport(west, 'old', ['east'])
    putImport(west, 'gone', ['north'])
    putImport(west, 'half', ['west'])
    putImport(west, 'both', ['east', 'west'])
    const verdict = await made.verdict('SUB0637')
    expect(verdict?.is === 'failed' && verdict.reason.split('; ')).toEqual([
      'shop/old is imported from east, which does not export it any more',
      'shop/gone is imported from north, which is no cluster of the clusterset any more',
      'shop/both is imported from west, which does not export it any more',
      'shop/new of east is not imported',
      'the import shop/half does not have cluster east, which exports it',
      'and 1 more',
    ])
    const quiet = scene()
    putExport(quiet.clusters.east, 'web', READY)
    putImport(quiet.clusters.west, 'web', ['east'])
    connect(quiet.clusters.west, 'west', 'error')
    expect(await quiet.verdict('SUB0637')).toMatchObject({
      is: 'failed',
      reason: '1 imports of east count as ready, and no gateway is connected to it',
    })
    putImport(quiet.clusters.west, 'web', ['east'], false)
    // What members share stands ready where the broker is, whoever is reached.
    for (const namespace of ['submariner-k8s-broker', 'another-broker']) {
      const labels = { [SERVICE_NAME]: 'web', [SOURCE_CLUSTER]: 'east', [SOURCE_NAMESPACE]: 'shop', 'submariner-io/clusterID': 'east' }
      const annotations = { [SERVICE_NAME]: 'web', [SOURCE_NAMESPACE]: 'shop' }
      const spec = { addressType: 'IPv4' as const, endpoints: [{ addresses: ['100.2.0.10'] }] }
      quiet.clusters.west.put(make('EndpointSlice', 'web-east', spec, { namespace, labels }))
      const [type, status] = [{ type: 'ClusterSetIP' as const, ports: [] }, { clusters: [{ cluster: 'gone' }] }]
      quiet.clusters.west.put(make('ServiceImport', 'web-shop', { spec: type, status }, { namespace, annotations }))
      quiet.clusters.west.put(make('ServiceImport', 'web-shop-east-1', { spec: type, status }, { namespace, labels }))
    }
    expect(await quiet.verdict('SUB0637')).toEqual({ is: 'ok', note: '1 imports, of east' })
  })

  it('SUB0637 finds a ServiceImport that is not ours in the way of what a cluster exports, and no other', async () => {
    const made = scene()
    const { west, east } = made.clusters
    for (const name of ['web', 'idle']) {
      putImport(west, name, ['east'])
      const there = west.objects('ServiceImport').find(({ metadata }) => metadata.name === name)
      if (there !== undefined) west.put({ ...there, metadata: { name, namespace: 'shop' } } as ServiceImport)
    }
    expect(await made.verdict('SUB0637')).toEqual({ is: 'ok', note: '0 imports, of no cluster' })
    putExport(east, 'web', READY)
    expect(await made.verdict('SUB0637')).toEqual({
      is: 'failed',
      reason: 'shop/web is not imported: a ServiceImport of that name is there, and is not ours',
      hint: expect.stringMatching(/^remove or rename the ServiceImport that is not ours/),
    })
  })

  it('SUB0637 misses nothing of a namespace that this cluster does not allow by name, and notes why it is not here', async () => {
    const made = scene()
    const { west, east } = made.clusters
    for (const cluster of [west, east]) cluster.put(make('Namespace', 'kube-system', {}))
    const dns = exportOf('dns', { namespace: 'kube-system' })
    east.put({ ...dns, status: { conditions: [READY] } } as typeof dns)
    const note = '0 imports, of no cluster; kube-system is not allowed by name here: join --allow-namespaces'
    expect(await made.verdict('SUB0637')).toEqual({ is: 'ok', note })
    const data = { SUBMARINER_CLUSTERID: 'west', SUBMARINER_SERVICEDISCOVERY: 'true', SUBMARINER_ALLOWEDNAMESPACES: 'a, kube-system' }
    west.put(make('ConfigMap', 'submariner-settings', { data }, { namespace: NAMESPACE }))
    expect(await made.verdict('SUB0637')).toMatchObject({ is: 'failed', reason: 'kube-system/dns of east is not imported' })
  })

  it('SUB0637 takes a gateway’s word for what is reached while it leads, and that of the other nodes when it does not', async () => {
    const made = scene()
    putExport(made.clusters.east, 'web', READY)
    putImport(made.clusters.west, 'web', ['east'])
    const say = (node: string, status: ConnectionStatus): void => {
      const remoteEndpoints = [{ status, statusMessage: '', spec: endpointOf('east').spec }]
      made.clusters.west.put(
        make('RouteAgent', node, { status: { version: '', statusFailure: '', remoteEndpoints } }, { namespace: NAMESPACE }),
      )
    }
    say('west-gw1', 'connected')
    say('w1', 'error')
    expect(await made.verdict('SUB0637')).toEqual({ is: 'ok', note: '1 imports, of east' })
    made.isRenewed = false
    expect(await made.verdict('SUB0637')).toMatchObject({
      is: 'failed',
      reason: '1 imports of east count as ready, and no gateway leads, and no other node reaches it',
    })
    say('w2', 'connected')
    expect(await made.verdict('SUB0637')).toEqual({ is: 'ok', note: '1 imports, of east' })
  })

  it('SUB0637 warns of addresses that this cluster leaves out', async () => {
    const made = scene()
    putExport(made.clusters.east, 'web', READY)
    putImport(made.clusters.west, 'web', ['east'])
    const [web] = made.clusters.west.objects('ServiceImport')
    const ready = { ...said('Ready', 'True', '2 addresses of east left out: 8.8.8.8 lies in no network'), reason: IMPORTED_IN_PART }
    const status = { ...web?.status, conditions: [ready] }
    if (web !== undefined) made.clusters.west.put({ ...web, status } as ServiceImport)
    expect(await made.verdict('SUB0637')).toMatchObject({
      is: 'warning',
      reason: 'shop/web: 2 addresses of east left out: 8.8.8.8 lies in no network',
      hint: expect.stringContaining('subctl show services -o wide'),
    })
  })

  it('SUB0636 and SUB0637 pass over what a run of verify exports for a moment', async () => {
    const made = scene()
    const { west, east } = made.clusters
    for (const cluster of [west, east])
      cluster.put(make('Namespace', 'submariner-verify-1', {}, { labels: { 'submariner.io/verify': 'true' } }))
    const test = exportOf('headless-0')
    const metadata = { ...test.metadata, namespace: 'submariner-verify-1' }
    const conditions = [said('Valid', 'True'), said('Ready', 'False', 'the service is on its way to the broker')]
    east.put({ ...test, metadata, status: { conditions } } as typeof test)
    west.put({ ...test, metadata } as typeof test)
    expect(await made.verdict('SUB0636')).toEqual({ is: 'ok', note: '0 services' })
    expect(await made.verdict('SUB0636', 'east')).toEqual({ is: 'ok', note: '0 services' })
    east.put({ ...test, metadata, status: { conditions: [READY] } } as typeof test)
    expect(await made.verdict('SUB0637')).toEqual({ is: 'ok', note: '0 imports, of no cluster' })
  })

  it('SUB0635 warns, with the lines to write, where names are left to a person', async () => {
    const made = scene()
    const byHand = 'Helm (release mesh) leaves the cluster’s DNS alone'
    const changes = ['~ ConfigMap kube-system/coredns Corefile', '    +clusterset.local:53 {']
    for (const mode of ['multicluster', 'own', 'none'] as const) {
      made.names = { ...MULTICLUSTER, mode, changes, byHand }
      const verdict = await made.verdict('SUB0635')
      expect(verdict).toMatchObject({ is: 'warning', reason: `names of the clusterset are not set up, which is left to you: ${byHand}` })
      for (const text of ['docs/helm.md', ...changes]) expect(verdict?.is === 'warning' && verdict.hint).toContain(text)
      // Once the lines are there it is as anywhere.
      made.names = { ...MULTICLUSTER, mode, byHand }
      expect((await made.verdict('SUB0635'))?.is).toBe(mode === 'none' ? 'skipped' : 'ok')
    }
  })

  it('SUB0637 expects nothing in a namespace that is not there', async () => {
    const made = scene()
    putExport(made.clusters.east, 'web', READY)
    made.clusters.west.drop('Namespace', 'shop')
    expect((await made.verdict('SUB0637'))?.is).toBe('ok')
  })
})
