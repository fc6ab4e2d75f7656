// What a command says whose API goes away while it changes things: what is done, what is not, and that it may be run again.
import { describe, expect, it } from '@jest/globals'
import { ADMIN_ACCOUNT, writeBrokerInfo } from '../../src/broker/info.ts'
import { main } from '../../src/commands/cli/main.ts'
import type { KubeOptions } from '../../src/commands/context.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { labelled } from '../../src/install/objects/manifests.ts'
import { ApiError, type KubeApi } from '../../src/k8s/api.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { fakeWorld } from '../fakes/context.ts'
import { type FakeCluster, fakeCluster } from '../fakes/kube.ts'

const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const INFO = {
  ...{ brokerUrl: 'https://broker.example:6443', namespace: BROKER_NAMESPACE, token: 'eyJhbGciOi.token', ca: CA },
  ...{ psk: Buffer.from('p'.repeat(48)).toString('base64'), components: ['connectivity'], customDomains: [] },
}
const encode = (text: string): string => Buffer.from(text).toString('base64')
const RBAC = 'rbac.authorization.k8s.io/v1'
const AGAIN = 'Run the same command again: it goes on where it stopped.'

/** A cluster whose controllers have made tokens and taken in CRDs already. */
function prepared(): FakeCluster {
  const cluster = fakeCluster()
  cluster.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'uid-west' } })
  const status = { addresses: [{ type: 'InternalIP', address: '172.16.1.1' }], conditions: [{ type: 'Ready', status: 'True' }] }
  cluster.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, ...{ status } })
  for (const name of [`${ADMIN_ACCOUNT}-token`, 'cluster-west-token'])
    cluster.put({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: BROKER_NAMESPACE } },
      ...{ data: { token: encode(INFO.token), 'ca.crt': encode(CA), namespace: encode(BROKER_NAMESPACE) } },
    })
  for (const name of ['clusters.submariner.io', 'endpoints.submariner.io', 'serviceimports.multicluster.x-k8s.io'])
    cluster.put(labelled({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name } }))
  cluster.answer('/apis/multicluster.x-k8s.io/v1beta1', JSON.stringify({ resources: [{ name: 'serviceimports' }] }))
  cluster.put({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'submariner-k8s-broker-cluster', namespace: BROKER_NAMESPACE },
  })
  return cluster
}

/** The command, whose API of the cluster does not answer the first such call, but for dry runs, nor any after it. */
async function losing(line: string, isFirst: (call: string) => boolean, { broker = prepared(), cluster = prepared() } = {}) {
  let now = 0
  // Whoever waits has waited.
  const clock = {
    now: () => now,
    sleep: async (ms: number): Promise<void> => {
      now += ms
    },
  }
  const world = fakeWorld({ clock, files: { 'broker-info.subm': writeBrokerInfo(INFO) } })
  const lost = cluster.api()
  let isLost = false
  const seen = new Set<string>()
  lost.failNext(
    new ApiError(0, 'ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:6443'),
    (call) => {
      // What is applied was asked for by a dry run before.
      isLost ||= isFirst(call) && (!call.startsWith('apply') || seen.has(call))
      seen.add(call)
      return isLost
    },
    Number.POSITIVE_INFINITY,
  )
  const kube = async ({ access }: KubeOptions): Promise<KubeApi> => (access === undefined ? lost : broker.api())
  const code = await main([...line.split(' '), '-o', 'json'], { ...world.context, kube }, laptopRuns)
  return { code, err: world.err(), ...JSON.parse(world.out()) }
}

describe('where the API goes away meanwhile,', () => {
  it('deploy-broker says what is applied and what is not', async () => {
    const { code, error, steps, notDone } = await losing('deploy-broker --broker-url https://hub.example:6443', (call) =>
      call.startsWith('apply ServiceAccount'),
    )
    expect([code, error.id]).toEqual([69, 'SUB0211'])
    expect(steps.map(({ what }: { what: string }) => what)).toContain('Namespace submariner-k8s-broker')
    expect(notDone).toContain(`ServiceAccount ${BROKER_NAMESPACE}/${ADMIN_ACCOUNT}`)
    expect(error.hint).toMatch(/\nWhat was done stays: \d+ steps, the last of them [^\n]*\. Not done yet: [^\n]* and \d+ more\. /)
    expect(error.hint.endsWith(AGAIN)).toBe(true)
  })
  it('join says so of both, broker and cluster', async () => {
    const { code, err, error, steps, notDone } = await losing(
      'join --cluster-id west --pod-cidr 10.1.0.0/16 --service-cidr 100.1.0.0/16 --image x:1 --yes --wait=false --timeout 1m',
      (call) => call.startsWith('apply ConfigMap'),
    )
    expect([code, error.id]).toEqual([69, 'SUB0211'])
    expect(steps.map(({ what }: { what: string }) => what)).toEqual(
      expect.arrayContaining([`ServiceAccount ${BROKER_NAMESPACE}/cluster-west`, 'Namespace submariner']),
    )
    expect(notDone).toEqual(expect.arrayContaining(['ConfigMap submariner/submariner-settings', 'DaemonSet submariner/submariner-gateway']))
    expect(err).toContain(`Not done yet: ${notDone.slice(0, 4).join(', ')} and ${notDone.length - 4} more. ${AGAIN}\n`)
  })
  it('upgrade says so, and that the pods are not replaced yet', async () => {
    const { cluster, daemonSet } = installed()
    const containers = [{ name: 'gateway', image: 'localhost/subctl:0.0.1' }]
    cluster.put({ ...daemonSet, ...{ spec: { template: { metadata: {}, spec: { containers } } } } })
    const { code, error, steps, notDone } = await losing(
      'upgrade --image localhost/subctl:9 --yes',
      (call) => call.startsWith('apply ConfigMap'),
      {
        cluster,
      },
    )
    expect([code, error.id]).toEqual([69, 'SUB0211'])
    expect(steps.length).toBeGreaterThan(0)
    expect(notDone).toEqual(expect.arrayContaining(['DaemonSet submariner/submariner-gateway', 'pods of the agents, one after the other']))
    expect(error.hint.endsWith(AGAIN)).toBe(true)
  })
  it('uninstall says which of its steps it has not come to', async () => {
    const { cluster, daemonSet } = installed()
    cluster.put(daemonSet)
    const { code, error, notDone } = await losing('uninstall --yes', (call) => call.startsWith('list Pod'), { cluster })
    expect([code, error.id]).toEqual([69, 'SUB0211'])
    expect(notDone).toEqual(['agents of west', 'nodes of west', 'objects of west', 'objects on the broker of west'])
    expect(error.hint).toMatch(/ removed DaemonSet submariner\/submariner-gateway\. Not done yet: agents of west, nodes of west, /)
    expect(error.hint.endsWith(AGAIN)).toBe(true)
  })
  it('a refusal before anything is changed says nothing of that', async () => {
    const { error, steps, notDone } = await losing('deploy-broker', () => true)
    expect([error.hint.includes(AGAIN), steps, notDone]).toEqual([false, undefined, undefined])
  })
})

/** A cluster with the one workload of a member, as lists of all kinds have it. */
function installed(): { readonly cluster: FakeCluster; readonly daemonSet: Resource } {
  const cluster = prepared()
  const daemonSet = labelled({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'submariner-gateway', namespace: 'submariner', uid: 'u' },
  })
  const verbs = ['get', 'list']
  const resources = [{ name: 'daemonsets', kind: 'DaemonSet', namespaced: true, verbs }]
  cluster.answer('/apis', JSON.stringify({ groups: ['apps/v1', RBAC].map((groupVersion) => ({ preferredVersion: { groupVersion } })) }))
  cluster.answer(
    `/apis/${RBAC}`,
    JSON.stringify({ resources: [{ name: 'roles', kind: 'Role', namespaced: true, verbs: ['get', 'list'] }] }),
  )
  cluster.answer('/api/v1', JSON.stringify({ resources: [] }))
  cluster.answer('/apis/apps/v1', JSON.stringify({ resources }))
  for (const where of ['', '/namespaces/submariner'])
    cluster.answer(`/apis/apps/v1${where}/daemonsets`, JSON.stringify({ items: [daemonSet] }))
  cluster.answer('/apis/apps/v1/namespaces/submariner-k8s-broker/daemonsets', '{"items":[]}')
  const data = {
    SUBMARINER_CLUSTERID: 'west',
    SUBMARINER_CLUSTERCIDR: '10.1.0.0/16',
    SUBMARINER_SERVICECIDR: '100.1.0.0/16',
    BROKER_K8S_APISERVER: 'broker.example:6443',
  }
  cluster.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'submariner-settings', namespace: 'submariner' }, ...{ data } })
  return { cluster, daemonSet }
}
