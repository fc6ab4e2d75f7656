// What a run that did not finish leaves for the next one, and what is said where nobody has looked at nodes.
import { describe, expect, it } from '@jest/globals'
import { planBroker } from '../../src/commands/uninstall/broker.ts'
import { type Done, remainsOf } from '../../src/commands/uninstall/perform.ts'
import { remainsIn, rememberedIn, withRemains, writeRemains } from '../../src/commands/uninstall/record.ts'
import { doneData, doneLines, planLines } from '../../src/commands/uninstall/report.ts'
import { isBlind, isClean, type Target, targetOf } from '../../src/commands/uninstall/target.ts'
import { nodesOf, planRemove } from '../../src/install/remove/plan.ts'
import type { Inventory, Space } from '../../src/install/remove/read.ts'
import type { Found } from '../../src/k8s/discover.ts'
import { fakeWorld } from '../fakes/context.ts'
import { fakeCluster } from '../fakes/kube.ts'

const BROKER = { server: 'https://broker.example:6443', namespace: 'submariner-k8s-broker', ca: 'CA' }
const TEMPLATE = { spec: { containers: [{ name: 'route-agent', image: 'registry.example/own:7' }] } }
const node = {
  ...{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'worker' } },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}
const space = (name: string): Space => ({ name, object: undefined, ours: [], strangers: [] })
const empty: Inventory = {
  ...{ agents: space('submariner'), brokerSpace: space('submariner-k8s-broker'), verifySpaces: [] },
  ...{ clusterId: undefined, clusterUid: 'u', broker: undefined, nodes: [node] },
  ...{ nodesFound: [], marked: [], crds: [], instances: new Map(), imported: [], releases: [], unread: [] },
}
const asFound = (object: Omit<Found, 'served' | 'managed'>): Found => ({
  ...object,
  served: { apiVersion: 'v1', kind: object.kind, plural: `${object.kind.toLowerCase()}s`, namespaced: object.kind === 'ConfigMap' },
  managed: [],
})

/** The inventory of a cluster that has but the record. */
async function recordedInventory(broker: typeof BROKER | undefined): Promise<Inventory> {
  const cluster = fakeCluster()
  await writeRemains(cluster.api(), TEMPLATE, { clusterId: 'west', nodes: ['worker'], broker })
  return { ...empty, marked: [...cluster.objects('Namespace'), ...cluster.objects('ConfigMap')].map(asFound) }
}
const { context } = fakeWorld()
const subject = { name: 'west', api: fakeCluster().api() }
const NO = { broker: false, deleteExports: false }
const NO_BROKER = { way: undefined, former: [], faults: [], isUnknown: false }
const NO_NAMES = { lines: [], undo: async () => undefined }
const targetFor = (inventory: Inventory, more: Partial<Target> = {}): Target => ({
  ...targetOf(context, subject, { inventory, plan: planRemove(inventory, NO), names: NO_NAMES as Target['names'], broker: NO_BROKER }),
  ...more,
})
const doneWith = (target: Target, more: Partial<Done> = {}): Done => ({
  ...{ target, nodes: [], left: [], brokerLeft: [], proof: undefined, isRecorded: false },
  ...more,
})

describe('the record of an uninstall that did not finish', () => {
  it('tells the next run whose the cluster was, by which image its nodes clean themselves and which broker has something of it', async () => {
    const inventory = withRemains(await recordedInventory(BROKER))
    expect(inventory).toMatchObject({ clusterId: 'west', broker: { ...BROKER, token: '' } })
    expect(rememberedIn(inventory)).toEqual(TEMPLATE)
    const target = targetFor(inventory)
    expect([target.image, target.plan.nodes.clean, isClean(target)]).toEqual(['registry.example/own:7', ['worker'], false])
    expect(target.plan.objects.map(({ kind }) => kind).sort()).toEqual(['ConfigMap', 'Namespace'])
  })

  it('says nothing of a broker that is done with, and nothing at all where there is none', async () => {
    const inventory = await recordedInventory(undefined)
    expect([remainsIn(inventory)?.nodes, withRemains(inventory).broker]).toEqual([['worker'], undefined])
    expect([remainsIn(empty), withRemains(empty)]).toEqual([undefined, empty])
  })

  it('has no agents, and what may be on its broker is not said to be gone where no way leads there', async () => {
    const plan = await planBroker(context, undefined, { subject, inventory: withRemains(await recordedInventory(BROKER)) })
    expect(plan).toMatchObject({ way: undefined, isUnknown: true, faults: [expect.stringContaining('the cluster’s own credential')] })
  })

  it('holds the nodes that are not clean, and the broker only where something is left there', () => {
    const inventory = { ...empty, clusterId: 'west', broker: { ...BROKER, token: 'secret' } }
    const nodes = [
      { node: 'a', why: 'it is down', log: '' },
      { node: 'b', why: undefined, log: '' },
    ]
    const done = doneWith(targetFor(inventory), { nodes })
    expect(remainsOf(done)).toEqual({ clusterId: 'west', nodes: ['a'], broker: undefined })
    const left = { object: 'what the cluster has on the broker', why: 'refused', isLate: false }
    expect(remainsOf({ ...done, brokerLeft: [left] })).toEqual({ clusterId: 'west', nodes: ['a'], broker: BROKER })
  })
})

describe('nodes at which nobody looked', () => {
  it('are told where the API holds nothing of ours', () => {
    const target = targetFor(empty)
    expect([isClean(target), isBlind(target)]).toEqual([true, true])
    const text = planLines(target).join('\n')
    expect(text).toContain('nothing of ours is here, as far as its API tells.')
    expect(text).toContain('its nodes were not looked at')
    expect(text).toContain('subctl uninstall --context west --prove --image IMAGE --yes')
    expect(text).toContain('no broker was looked at')
  })

  it('are told besides what stays on purpose', () => {
    const name = 'serviceexports.multicluster.x-k8s.io'
    const labels = { 'app.kubernetes.io/part-of': 'submariner', 'app.kubernetes.io/managed-by': 'subctl' }
    const crd = asFound({ kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1', metadata: { name, labels } })
    const users = asFound({
      kind: 'ServiceExport',
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      metadata: { name: 'web', namespace: 'shop' },
    })
    const target = targetFor({ ...empty, crds: [crd], instances: new Map([[name, [users]]]) })
    expect(isClean(target)).toBe(true)
    const text = planLines(target).join('\n')
    expect(text).toContain('nothing of ours is here but what stays on purpose, as far as its API tells.')
    expect(text).toContain(`= CustomResourceDefinition ${name} stays: it holds objects of users, ServiceExport shop/web`)
  })

  it('are not counted as clean where but CRDs were left', () => {
    const labels = { 'app.kubernetes.io/part-of': 'submariner', 'app.kubernetes.io/managed-by': 'subctl' }
    const crd = asFound({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gateways.submariner.io', labels },
    })
    const done = doneWith(targetFor({ ...empty, crds: [crd] }))
    expect([isClean(done.target), isBlind(done.target)]).toEqual([false, true])
    const text = doneLines(done).join('\n')
    expect(text).toContain('its API is done')
    expect(text).toContain('its nodes were not looked at')
    expect(text).not.toContain('nodes are clean')
    expect(doneData(done)).toMatchObject({ nodesUnlooked: true })
  })

  it('are none where there are none, or where they are to be looked at', () => {
    expect(isBlind(targetFor({ ...empty, nodes: [] }))).toBe(false)
    const asked = targetFor(empty, { plan: { ...planRemove(empty, NO), nodes: nodesOf(empty.nodes) } })
    expect([isBlind(asked), isClean(asked)]).toEqual([false, false])
  })
})
