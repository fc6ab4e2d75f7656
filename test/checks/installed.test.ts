// Whether all that was installed is there, and whether clusters have one key.
import { describe, expect, it } from '@jest/globals'
import type { Verdict } from '../../src/checks/check.ts'
import { INSTALL_CHECKS } from '../../src/checks/installed/install-checks.ts'
import { type CheckContext, looker } from '../../src/checks/subject.ts'
import { installedObjects } from '../../src/commands/verify/installed.ts'
import { environmentOf } from '../../src/install/objects/settings.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { putInstall } from '../fakes/install.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'
import { type FakeApi, type FakeCluster, fakeCluster, make } from '../fakes/kube.ts'

const NAMESPACE = 'submariner'

function installed(settings = {}): FakeCluster {
  const cluster = fakeCluster()
  putInstall(cluster, settings)
  return cluster
}
async function verdict(id: string, apis: readonly FakeApi[]): Promise<Verdict | undefined> {
  const all: CheckContext[] = []
  for (const [i, api] of apis.entries()) {
    const context = { name: `context${i}`, api, namespace: NAMESPACE, all, look: looker(api, NAMESPACE) }
    all.push({ ...context, installed: () => installedObjects(api, NAMESPACE) } as unknown as CheckContext)
  }
  return INSTALL_CHECKS.find((one) => one.id === id)?.run(all[0] as CheckContext, new AbortController().signal)
}
const unchanged = (cluster: FakeCluster) => verdict('SUB0622', [cluster.api()])

describe('SUB0622', () => {
  it.each([
    ['services', {}],
    ['no services', { serviceDiscovery: false }],
    ['a DNS server', { dns: 'own', dnsServer: true } as const],
  ])('finds all that a join with %s has put there', async (_, settings) => {
    expect(await unchanged(installed(settings))).toEqual({ is: 'ok' })
  })

  it.each([
    ['ClusterRole', 'submariner-route-agent'],
    ['ClusterRole', 'submariner-discovery'],
    ['ClusterRoleBinding', 'submariner-gateway'],
    ['Role', 'submariner-gateway'],
    ['RoleBinding', 'submariner-route-agent'],
    ['ServiceAccount', 'submariner-charon'],
    ['CustomResourceDefinition', 'gateways.submariner.io'],
    ['CustomResourceDefinition', 'serviceexports.multicluster.x-k8s.io'],
    ['ResourceQuota', 'submariner-critical-pods'],
    ['Deployment', 'submariner-discovery'],
    ['Secret', 'submariner-ipsec-psk'],
  ] as const)('says that the %s %s is gone', async (kind, name) => {
    const cluster = installed()
    expect(cluster.objects(kind).map(({ metadata }) => metadata.name)).toContain(name)
    cluster.drop(kind, name, NAMESPACE)
    expect(await unchanged(cluster)).toMatchObject({
      is: 'failed',
      reason: `there is no ${kind} ${name}`,
      hint: expect.stringContaining('`subctl join broker-info.subm --cluster-id NAME`'),
    })
  })

  it('counts the rights of the DNS server once it is there', async () => {
    const cluster = installed({ dns: 'own', dnsServer: true })
    cluster.drop('ClusterRole', 'submariner-dns')
    expect(await unchanged(cluster)).toMatchObject({ reason: 'there is no ClusterRole submariner-dns' })
  })

  it('names all that is missing ahead of what was changed, and says of how many fields more', async () => {
    const cluster = installed()
    for (const name of ['submariner-route-agent', 'submariner-discovery']) cluster.drop('ClusterRole', name)
    const keys = ['A', 'B', 'C', 'D', 'E', 'F', 'G'].map((key) => [`f:${key}`, {}] as const)
    const written = { manager: 'kubectl-patch', operation: 'Update', fieldsV1: { 'f:data': Object.fromEntries(keys) } }
    const by = { manager: 'subctl', operation: 'Apply', fieldsV1: { 'f:data': { 'f:X': {} } } }
    const metadata = { name: 'submariner-settings', managedFields: [by, written] }
    cluster.answer(`/api/v1/namespaces/${NAMESPACE}/configmaps`, JSON.stringify({ items: [{ metadata }] }))
    expect(await unchanged(cluster)).toMatchObject({
      is: 'failed',
      reason:
        'there is no ClusterRole submariner-route-agent, no ClusterRole submariner-discovery; ' +
        'ConfigMap submariner-settings: kubectl-patch wrote data.A, data.B, data.C, data.D, data.E, and 2 more',
    })
  })

  it('leads to Helm where Helm has brought it, and takes its Secrets by the names of the settings', async () => {
    const cluster = installed()
    const meta = {
      namespace: NAMESPACE,
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'mesh' },
    }
    const data = { ...environmentOf(PLAIN_JOIN), CE_IPSEC_PSKSECRET: 'my-key' }
    cluster.put(make('ConfigMap', 'submariner-settings', { data }, meta))
    expect(await unchanged(cluster)).toMatchObject({
      is: 'failed',
      reason: 'there is no Secret my-key',
      hint: expect.stringContaining('helm upgrade mesh CHART --namespace submariner'),
    })
  })

  it('judges nothing that may not be read, and says so', async () => {
    const api = installed().api()
    api.failNext(new ApiError(403, 'Forbidden', 'no'), (call) => call.startsWith('get ClusterRole '), 9)
    expect(await verdict('SUB0622', [api])).toMatchObject({
      is: 'ok',
      note: expect.stringMatching(/^not seen: ClusterRole submariner-gateway, ClusterRole /),
    })
  })
})

describe('SUB0642', () => {
  const withKey = (id: string, psk: string | undefined): FakeApi => {
    const cluster = fakeCluster()
    const data: Readonly<Record<string, string>> = { ...environmentOf(PLAIN_JOIN), SUBMARINER_CLUSTERID: id }
    cluster.put(make('ConfigMap', 'submariner-settings', { data }, { namespace: NAMESPACE }))
    const base64 = psk === undefined ? {} : { psk: Buffer.from(psk).toString('base64') }
    cluster.put(make('Secret', data.CE_IPSEC_PSKSECRET ?? '', { data: base64 }, { namespace: NAMESPACE }))
    return cluster.api()
  }
  const keys = (...list: readonly [string, string | undefined][]) =>
    verdict(
      'SUB0642',
      list.map(([id, psk]) => withKey(id, psk)),
    )

  it('is in order where all have one key, whatever stands behind it in the Secret', async () => {
    expect(await keys(['west', 'k1'], ['east', 'k1\n'], ['north', 'k1'])).toEqual({ is: 'ok', note: 'as in east, north' })
  })
  it('names the clusters that have another key, what to do, and no key', async () => {
    const found = await keys(['west', 'secret-one'], ['east', 'secret-two'], ['north', 'secret-one'], ['south', 'secret-three'])
    expect(found).toMatchObject({
      is: 'failed',
      reason: expect.stringContaining('west has another pre-shared key than east, south:'),
      hint: expect.stringContaining('one and the same file'),
    })
    expect(JSON.stringify(found)).not.toContain('secret-')
  })
  it('is skipped with one context, and where there is no key or none may be read', async () => {
    expect(await keys(['west', 'k1'])).toMatchObject({ is: 'skipped', reason: expect.stringContaining('one context alone') })
    expect(await keys(['west', undefined], ['east', 'k1'])).toMatchObject({
      is: 'skipped',
      reason: expect.stringContaining('there is no key'),
    })
    const closed = withKey('east', 'k1')
    closed.failNext(new ApiError(403, 'Forbidden', 'not yours'), (call) => call.startsWith('get Secret'))
    expect(await verdict('SUB0642', [withKey('west', 'k1'), closed])).toEqual({
      is: 'skipped',
      reason: 'east: its key cannot be read: not yours',
    })
  })
})
