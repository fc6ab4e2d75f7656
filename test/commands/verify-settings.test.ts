// What verify says of settings and secrets that agents would refuse, which those that run have read long ago.
import { expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { settingsFaults } from '../../src/commands/verify/settings.ts'
import { environmentOf } from '../../src/install/objects/settings.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { fakeWorld } from '../fakes/context.ts'
import { FULL_JOIN } from '../fakes/join-settings.ts'
import { joined, NAMESPACE } from '../fakes/joined.ts'
import { type FakeCluster, fakeCluster, make } from '../fakes/kube.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64')
const GOOD = {
  settings: environmentOf(FULL_JOIN),
  broker: { token: 'eyJhbGciOi.token', 'ca.crt': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' },
  psk: { psk: 'p'.repeat(48) },
}

interface Garbage {
  readonly settings?: Readonly<Record<string, string>>
  readonly broker?: Readonly<Record<string, string>>
  readonly psk?: Readonly<Record<string, string>>
}
function put(cluster: FakeCluster, { settings, broker, psk }: Garbage = {}): FakeCluster {
  const where = { namespace: NAMESPACE }
  const coded = (data: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(data).map(([key, text]) => [key, encode(text)]))
  cluster.put(make('ConfigMap', 'submariner-settings', { data: { ...GOOD.settings, ...settings } }, where))
  cluster.put(make('Secret', GOOD.settings.BROKER_K8S_SECRET ?? '', { data: coded({ ...GOOD.broker, ...broker }) }, where))
  cluster.put(make('Secret', GOOD.settings.CE_IPSEC_PSKSECRET ?? '', { data: coded({ ...GOOD.psk, ...psk }) }, where))
  cluster.put(make('DaemonSet', 'submariner-gateway', {}, where))
  return cluster
}
const faultsOf = (cluster: FakeCluster) => settingsFaults(cluster.api(), NAMESPACE, fakeWorld().context.files)

it('what join writes is refused by no agent', async () => {
  expect(await faultsOf(put(fakeCluster()))).toEqual([])
})

it.each([
  ['CE_IPSEC_NATTPORT', 'soon', /^CE_IPSEC_NATTPORT in the ConfigMap submariner-settings: --natt-port is "soon"/],
  ['SUBMARINER_CLUSTERCIDR', '10.1.0.0/99', /^SUBMARINER_CLUSTERCIDR in the ConfigMap submariner-settings: --pod-cidr: /],
  ['SUBMARINER_CLUSTERID', '', /^SUBMARINER_CLUSTERID in the ConfigMap submariner-settings: --cluster-id is not given/],
  ['SUBMARINER_HEALTHCHECKINTERVAL', '-1', /^SUBMARINER_HEALTHCHECKINTERVAL in /],
  ['SUBMARINER_NATENABLED', 'maybe', /^SUBMARINER_NATENABLED in /],
  ['BROKER_K8S_APISERVER', 'not a place', /^BROKER_K8S_APISERVER in /],
  ['SUBMARINER_ALLOWEDNAMESPACES', 'A b', /^SUBMARINER_ALLOWEDNAMESPACES in /],
])('%s that says "%s" is named once, with what agents say of it', async (key, value, expected) => {
  expect(await faultsOf(put(fakeCluster(), { settings: { [key]: value } }))).toEqual([expect.stringMatching(expected)])
})

it('keys of Secrets that are garbage are named, and never what is in them', async () => {
  const faults = await faultsOf(put(fakeCluster(), { broker: { token: 'to ken', 'ca.crt': 'none' }, psk: { psk: '' } }))
  expect(faults).toEqual([
    'token in the Secret submariner-broker-secret is not what it should be',
    'ca.crt in the Secret submariner-broker-secret is not what it should be',
    'psk in the Secret submariner-ipsec-psk is not what it should be',
  ])
  const without = put(fakeCluster())
  without.drop('Secret', 'submariner-ipsec-psk', NAMESPACE)
  expect(await faultsOf(without)).toEqual(['the Secret submariner-ipsec-psk is not there'])
})

it('a Secret that may not be read, and agents that are no pods, are no fault', async () => {
  const api = put(fakeCluster(), { psk: { psk: '' } }).api()
  api.failNext(new ApiError(403, 'Forbidden', 'forbidden'), (call) => call.includes('submariner-ipsec-psk'))
  expect(await settingsFaults(api, NAMESPACE, fakeWorld().context.files)).toEqual([])
  const noPods = put(fakeCluster(), { settings: { CE_IPSEC_NATTPORT: 'soon' } })
  noPods.drop('DaemonSet', 'submariner-gateway', NAMESPACE)
  expect(await faultsOf(noPods)).toEqual([])
})

it('verify fails SUB0602 with the key, and goes on with the checks of the agents that run', async () => {
  const { apis, clock, clusters } = joined()
  put(clusters.west, { settings: { SUBMARINER_CLUSTERID: 'west', CE_IPSEC_NATTPORT: 'soon' } })
  const world = fakeWorld({ apis, clock, env: { LANG: 'C' } })
  const code = await main('verify --contexts west --test SUB060[1-3] -o json'.split(' '), world.context, laptopRuns)
  const [{ checks }] = JSON.parse(world.out()).clusters
  expect(code).toBe(2)
  expect(checks.map(({ result }: { result: string }) => result)).toEqual(['ok', 'failed', 'ok'])
  expect(checks[1]).toMatchObject({ isPartial: true, reason: expect.stringMatching(/^agents that start now refuse CE_IPSEC_NATTPORT in /) })
})
