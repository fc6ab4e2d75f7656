// Whose the names of the clusterset are to set up, as verify finds it.
import { expect, it } from '@jest/globals'
import { looker } from '../../src/checks/subject.ts'
import { namesSetup } from '../../src/commands/verify/names.ts'
import { environmentOf, type JoinSettings } from '../../src/install/objects/settings.ts'
import { coreDns } from '../fakes/core-dns.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'
import { NAMESPACE } from '../fakes/joined.ts'
import { type FakeCluster, make } from '../fakes/kube.ts'

const HELM = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': 'mesh' },
}
const BY_HELM = 'Helm (release mesh) leaves the cluster’s DNS alone'

function member(version: string, settings: Partial<JoinSettings>, meta = {}): FakeCluster {
  const cluster = coreDns(version)
  const data = environmentOf({ ...PLAIN_JOIN, ...settings })
  cluster.put(make('ConfigMap', 'submariner-settings', { data }, { namespace: NAMESPACE, ...meta }))
  return cluster
}
const setupOf = (cluster: FakeCluster) => {
  const api = cluster.api()
  return namesSetup({ api, namespace: NAMESPACE, look: looker(api, NAMESPACE) })
}

it('after a join nothing is left to a person', async () => {
  const setup = await setupOf(member('1.12.4', {}))
  expect(setup.mode).toBe('multicluster')
  expect(setup.changes.length).toBeGreaterThan(0)
  expect(setup.byHand).toBeUndefined()
})

it('under Helm the lines that CoreDNS needs are left to a person', async () => {
  const setup = await setupOf(member('1.12.4', {}, HELM))
  expect(setup).toMatchObject({ mode: 'multicluster', byHand: BY_HELM })
  expect(setup.changes).toContain('~ ConfigMap kube-system/coredns Corefile')
})

it('under Helm a CoreDNS that cannot answer by itself needs the pods of our server first, which its values decide', async () => {
  const setup = await setupOf(member('1.11.3', { dns: 'auto' }, HELM))
  expect(setup).toMatchObject({ mode: 'none', byHand: BY_HELM, changes: [expect.stringContaining('set dns.mode to own')] })
  expect(await setupOf(member('1.11.3', { dns: 'own' }, HELM))).toMatchObject({ mode: 'own', byHand: BY_HELM })
})

it('with --dns none it says what would be set up, and that this is left to a person', async () => {
  const setup = await setupOf(member('1.12.4', { dns: 'none' }))
  expect(setup).toMatchObject({ mode: 'none', byHand: 'it was joined with --dns none' })
  expect(setup.changes).toContain('~ ConfigMap kube-system/coredns Corefile')
  const old = await setupOf(member('1.11.3', { dns: 'none' }))
  expect(old.changes).toEqual([expect.stringContaining('join with --dns own')])
})

it('without services nothing is to be set up', async () => {
  expect(await setupOf(member('1.12.4', { dns: 'none', serviceDiscovery: false }))).toMatchObject({ mode: 'none', changes: [] })
})
