// Which way to the broker an uninstall takes, what it proves there, and what it says where none leads there.
import { describe, expect, it } from '@jest/globals'
import type { BrokerInfo } from '../../src/broker/info.ts'
import type { KubeOptions } from '../../src/commands/context.ts'
import { leaveBroker, planBroker } from '../../src/commands/uninstall/broker.ts'
import { planLines } from '../../src/commands/uninstall/report.ts'
import { planRemove } from '../../src/install/remove/plan.ts'
import type { Inventory, Space } from '../../src/install/remove/read.ts'
import { ApiError } from '../../src/k8s/api.ts'
import type { Found } from '../../src/k8s/discover.ts'
import { fakeWorld } from '../fakes/context.ts'
import { type FakeCluster, fakeCluster } from '../fakes/kube.ts'

const BROKER = 'submariner-k8s-broker'
const URL_OF_BROKER = 'https://broker.example:6443'
const CA = '-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n'
const INFO: BrokerInfo = {
  ...{ brokerUrl: URL_OF_BROKER, token: 'file', ca: CA, namespace: BROKER, psk: 'cHNr' },
  ...{ components: ['connectivity'], customDomains: [] },
}
const found = (kind: string, name: string): Found => ({
  ...{ apiVersion: 'v1', kind, metadata: { name } },
  served: { apiVersion: 'v1', kind, plural: `${kind.toLowerCase()}s`, namespaced: kind !== 'Namespace' },
  managed: [],
})
const space = (name: string, more: Partial<Space> = {}): Space => ({ name, object: undefined, ours: [], strangers: [], ...more })
const namespace = found('Namespace', BROKER)
const member: Inventory = {
  agents: space('submariner', { ours: [found('ConfigMap', 'submariner-settings')] }),
  brokerSpace: space(BROKER),
  verifySpaces: [],
  ...{ clusterId: 'west', clusterUid: 'uid-west' },
  broker: { server: URL_OF_BROKER, namespace: BROKER, token: 'own', ca: CA },
  ...{ nodes: [], nodesFound: [], marked: [], crds: [], instances: new Map(), imported: [], releases: [], unread: [] },
}
const account = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: {
    ...{ name: 'cluster-west', namespace: BROKER, labels: { 'submariner-io/clusterID': 'west' } },
    annotations: { 'submariner.io/cluster-uid': 'uid-west' },
  },
}

interface World {
  readonly inventory?: Partial<Inventory>
  readonly file?: Partial<BrokerInfo>
  /** Tokens that the broker knows. */
  readonly known?: readonly string[]
  /** Whether the broker answers nobody. */
  readonly isSilent?: boolean
  readonly broker?: FakeCluster
  /** Brokers at other addresses. */
  readonly brokers?: Readonly<Record<string, FakeCluster>>
  readonly cluster?: FakeCluster
}
/** Plans, and leaves: the ways that were tried, and what is left. */
async function leaving({
  inventory = {},
  file,
  known = [],
  isSilent = false,
  broker = fakeCluster(),
  brokers = {},
  cluster = fakeCluster(),
}: World) {
  const tried: string[] = []
  const kube = async ({ access }: KubeOptions) => {
    const token = access === undefined ? '' : ((await access.credentials()).token ?? '')
    tried.push(token)
    const api = (brokers[access?.server ?? ''] ?? broker).api()
    if (isSilent) api.failNext(new ApiError(0, '', 'connect ECONNREFUSED'), () => true, 99)
    else if (!known.includes(token)) api.failNext(new ApiError(401, 'Unauthorized', 'Unauthorized'), () => true, 99)
    return api
  }
  const context = { ...fakeWorld().context, kube }
  const subject = { name: 'west', api: cluster.api() }
  const named = file && { path: 'broker-info.subm', info: { ...INFO, ...file } }
  const plan = await planBroker(context, named, { subject, inventory: { ...member, ...inventory } })
  return {
    tried,
    plan,
    inventory: { ...member, ...inventory },
    left: await leaveBroker(plan, () => undefined),
    objects: broker.objects('ServiceAccount').length,
  }
}

const withAccount = (): FakeCluster => {
  const cluster = fakeCluster()
  cluster.put(account)
  return cluster
}
/** A cluster that is the broker too: its authority stands beside the tokens it makes. */
const isBroker = (cluster: FakeCluster): FakeCluster => {
  const data = { 'ca.crt': Buffer.from(CA).toString('base64') }
  cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'submariner-k8s-broker-admin-token', namespace: BROKER }, ...{ data } })
  return cluster
}
const here = { brokerSpace: space(BROKER, { object: namespace }) }

describe('an uninstall on its broker', () => {
  it('goes by the broker file before the cluster’s own credential, and removes the account', async () => {
    const done = await leaving({ file: {}, known: ['file', 'own'], broker: withAccount() })
    expect(done).toMatchObject({ tried: ['file'], left: [], objects: 0 })
  })
  it('takes nothing found by the file of its own broker for nothing left, and does not ask with a credential that is gone', async () => {
    const done = await leaving({ file: { brokerUrl: `${URL_OF_BROKER}/` }, known: ['file'] })
    expect(done).toMatchObject({ tried: ['file'], left: [], plan: { isUnknown: false, faults: [] } })
  })
  it('takes nothing found in the broker on the same cluster for nothing left where the member trusts that cluster', async () => {
    const done = await leaving({ inventory: here, cluster: isBroker(fakeCluster()) })
    expect(done).toMatchObject({ tried: [], left: [], plan: { isUnknown: false, faults: [] } })
  })
  it.each([
    ['the file of another broker', { file: { brokerUrl: 'https://other.example' }, known: ['file'] }],
    ['a broker on the same cluster that is not the member’s', { inventory: here }],
  ])('proves nothing by %s: what nobody could look at is not said to be left', async (_, world: World) => {
    const { left, plan } = await leaving(world)
    expect(plan.isUnknown).toBe(true)
    expect(left).toEqual([
      expect.objectContaining({
        isUnknown: true,
        why: expect.stringMatching(/^the cluster’s own credential: the broker at .* refuses it$/),
      }),
    ])
  })
  const OTHER = 'https://old.example:6443'
  const otherFile = { brokerUrl: OTHER, ca: 'another authority' }
  it('leaves the broker that its settings name, where it was a member of another one on the same cluster before, and that one too', async () => {
    const [broker, cluster] = [withAccount(), withAccount()]
    const { plan, left } = await leaving({ inventory: here, known: ['own'], broker, cluster })
    expect(plan).toMatchObject({
      way: { by: 'the cluster’s own credential' },
      former: [{ by: 'the broker on this cluster' }],
      isUnknown: false,
    })
    expect([left, broker.objects('ServiceAccount'), cluster.objects('ServiceAccount')]).toEqual([[], [], []])
  })
  it('names the former broker in its plan, and what it removes there', async () => {
    const { plan: broker, inventory } = await leaving({ inventory: here, known: ['own'], broker: withAccount(), cluster: withAccount() })
    const plan = planRemove(inventory, { broker: true, deleteExports: false })
    const subject = { name: 'west', api: fakeCluster().api() }
    const names = { lines: [], undo: async () => undefined }
    const lines = planLines({ subject, title: 'west', inventory, plan, broker, names, template: {}, hasAccount: false, image: '' })
    expect(lines.filter((line) => line.includes('broker') && line.includes('(by'))).toEqual([
      `  - ServiceAccount ${BROKER}/cluster-west on the broker (by the cluster’s own credential)`,
      `  - ServiceAccount ${BROKER}/cluster-west on a former broker (by the broker on this cluster)`,
      '  ! the cluster was a member of the broker at https://fake.client:6443 before (by the broker on this cluster)',
    ])
  })
  it('names a former broker once where two ways lead there', async () => {
    const old = withAccount()
    const world = {
      inventory: here,
      file: otherFile,
      known: ['file', 'own'],
      broker: withAccount(),
      brokers: { [OTHER]: old },
      cluster: old,
    }
    expect((await leaving(world)).plan.former.map(({ by }) => by)).toEqual(['the broker on this cluster'])
  })
  it('leaves it where the broker file is of the former one, and says what nobody could look at', async () => {
    const world = (known: readonly string[]): World => ({
      file: otherFile,
      known,
      broker: withAccount(),
      brokers: { [OTHER]: withAccount() },
    })
    expect(await leaving(world(['file', 'own']))).toMatchObject({
      ...{ objects: 0, left: [] },
      plan: { way: { by: 'the cluster’s own credential' }, former: [{ by: 'the broker file broker-info.subm' }] },
    })
    const { plan, left } = await leaving(world(['file']))
    expect([plan.way, plan.former.length, left]).toEqual([undefined, 1, [expect.objectContaining({ isUnknown: true })]])
  })
  it('takes what another cluster of its id has on a former broker for none of its own', async () => {
    const old = fakeCluster()
    old.put({ ...account, metadata: { ...account.metadata, annotations: {} } })
    const { plan } = await leaving({ file: otherFile, known: ['file', 'own'], broker: withAccount(), brokers: { [OTHER]: old } })
    expect([plan.former, old.objects('ServiceAccount').length]).toEqual([[], 1])
  })
  it('takes the file of its broker by another address for its own, by the authority or by what is there', async () => {
    expect((await leaving({ file: { brokerUrl: OTHER }, known: ['file'], broker: withAccount() })).plan).toMatchObject({
      former: [],
      isUnknown: false,
    })
    const { plan } = await leaving({ file: otherFile, known: ['file', 'own'], broker: withAccount() })
    expect(plan).toMatchObject({ way: { by: 'the broker file broker-info.subm' }, former: [] })
  })
  it('tells how to come back by the file where the broker does not answer', async () => {
    const { plan, left } = await leaving({ file: {}, isSilent: true })
    expect(plan).toMatchObject({ isUnknown: true, later: 'broker-info.subm' })
    expect(left).toEqual([expect.objectContaining({ isUnknown: true })])
  })
  it('says that a file is stale, and removes by the cluster’s own credential what that may', async () => {
    const { plan, left } = await leaving({ file: {}, known: ['own'], broker: withAccount() })
    expect(plan.faults).toEqual([
      expect.stringMatching(/^the broker file broker-info\.subm: .*does not know the credential of the broker file/),
    ])
    expect([plan.way?.by, plan.way?.forget, left]).toEqual(['the cluster’s own credential', undefined, []])
  })
})
