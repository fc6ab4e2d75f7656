// What a proof says of what was there before an uninstall, and after.
import { describe, expect, it } from '@jest/globals'
import { recorded } from '../../src/commands/uninstall/proof.ts'
import { type Act, type Acts, judgeApi, judgeNode, type Trace, traceIn, type Verdict } from '../../src/install/remove/prove.ts'
import { dumpApi } from '../../src/install/remove/prove-api.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import type { Node, Resource } from '../../src/model/resources.ts'
import { fakeCluster } from '../fakes/kube.ts'

describe('the proof', () => {
  const dump = (ours: readonly string[], others: Readonly<Record<string, string>>) => ({
    ours: new Map(ours.map((key) => [key, ''])),
    others: new Map(Object.entries(others)),
    unread: [],
  })
  const acts = {
    touched: new Map<string, ReadonlySet<Act>>([['ConfigMap shop/a (v1)', new Set<Act>(['wrote'])]]),
    undone: new Map([['ConfigMap kube-system/coredns (v1)', new Set<Act>(['wrote'])]]),
    spaces: new Set(['submariner']),
    kinds: new Set(['Widget.x/v1']),
    kept: new Set<string>(),
  }
  it('tells what is left, what uninstalling damaged and what others did meanwhile', () => {
    const before = dump(['Secret submariner/s (v1)'], {
      'ConfigMap shop/a (v1)': '1',
      'ConfigMap kube-system/coredns (v1)': '1',
      'Pod shop/p (v1)': '1',
      'ConfigMap submariner/mine (v1)': '1',
      'Widget w (x/v1)': '1',
    })
    const after = dump(['ClusterRole c (rbac/v1)'], {
      'ConfigMap shop/a (v1)': '2',
      'ConfigMap kube-system/coredns (v1)': '2',
      'Pod shop/q (v1)': '1',
    })
    expect(judgeApi(before, after, acts)).toEqual({
      left: ['ClusterRole c (rbac/v1)'],
      damaged: ['~ ConfigMap shop/a (v1)', '- ConfigMap submariner/mine (v1)', '- Widget w (x/v1)'],
      meanwhile: ['- Pod shop/p (v1)', '+ Pod shop/q (v1)'],
      unproved: [],
    })
  })

  const trace = (more: Partial<Trace>): Trace => ({ ours: {}, others: {}, restores: [], unread: [], ...more })
  it('of a node takes sysctls that were put back for what they are, and says where nothing is known', () => {
    const before = trace({
      ours: { rules: ['150'] },
      others: { sysctls: ['cni0/rp_filter = 2'], links: ['veth1'] },
      restores: ['cni0/rp_filter = 1'],
    })
    const after = trace({ others: { sysctls: ['cni0/rp_filter = 1'], links: ['veth2'] } })
    expect(judgeNode(before, after, '')).toEqual({ left: [], damaged: [], meanwhile: ['- links: veth1', '+ links: veth2'], unproved: [] })
    expect(judgeNode(before, trace({ ours: { sets: ['create SUBMARINER-REMOTE'] }, others: before.others }), '').left).toEqual([
      'sets: create SUBMARINER-REMOTE',
    ])
    expect(judgeNode(before, undefined, '').unproved).toEqual(['no trace from after'])
  })
  it('of a node tells a device of a pod that came or went once, not with all that names it', () => {
    const gone = {
      links: ['0: veth7@if2: <UP> mtu 1500'],
      fdb: ['d2:9a dev veth7 master cni0'],
      sysctls: ['veth7/rp_filter = 0', 'cni0/rp_filter = 0'],
    }
    const verdict = judgeNode(trace({ others: gone }), trace({ others: { sysctls: ['cni0/rp_filter = 1'] } }), '')
    expect(verdict.meanwhile).toEqual([
      '- links: 0: veth7@if2: <UP> mtu 1500',
      '- sysctls: cni0/rp_filter = 0',
      '+ sysctls: cni0/rp_filter = 1',
    ])
  })
  it('of a node takes no route for damaged that its trace afterwards has with a word more', () => {
    const route = '10.1.1.0/24 dev cni0 proto 2 scope 253 src 10.1.1.1'
    const before = trace({ others: { routes: [route] } })
    const after = trace({ others: { routes: [`${route} linkdown`] } })
    const line = (one: Trace): string => JSON.stringify({ apiVersion: 'subctl.submariner.io/v1', kind: 'NodeTrace', ...one })
    expect(judgeNode(before, after, `{"msg":"ip rule del pref 150"}\n${line(after)}\n`).damaged).toEqual([])
    expect(judgeNode(before, after, `{"msg":"ip route del ${route}"}\n${line(after)}\n`).damaged).toEqual([`- routes: ${route}`])
  })
  it('finds the trace among the lines of a log, and none in that of a version that has none', () => {
    const line = '{"apiVersion":"subctl.submariner.io/v1","kind":"NodeTrace","ours":{"rules":["a"]},"others":{},"restores":[],"unread":[]}'
    expect(traceIn(`{"level":"info"}\n${line}\n`)?.ours).toEqual({ rules: ['a'] })
    expect(traceIn('error SUB0101: unknown option --trace\n')).toBeUndefined()
  })
})

/** What is said of a Node that was so before, is so after, and to which this was done in between. */
async function verdictOf(
  after: Node | undefined,
  work: (api: KubeApi) => Promise<unknown>,
): Promise<Pick<Verdict, 'damaged' | 'meanwhile'>> {
  const cluster = fakeCluster()
  const api = cluster.api()
  const there = (node: Node | undefined): void =>
    cluster.answer('/api/v1/nodes', JSON.stringify({ items: node === undefined ? [] : [node] }))
  cluster.answer('/apis', '{"groups":[]}')
  cluster.answer('/api/v1', '{"resources":[{"name":"nodes","kind":"Node","namespaced":false,"verbs":["get","list"]}]}')
  there(LABELLED)
  cluster.put(LABELLED)
  const before = await dumpApi(api, () => false)
  const touched = new Map<string, Set<Act>>()
  await work(recorded(api, touched))
  there(after)
  const acts: Acts = { touched, undone: new Map(), spaces: new Set(), kinds: new Set(), kept: new Set() }
  const { damaged, meanwhile } = judgeApi(before, await dumpApi(api, () => false), acts)
  return { damaged, meanwhile }
}
const NODE = 'Node west-w1 (v1)'
const LABELLED: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'west-w1', labels: { zone: 'a' } } }
const TAINTED = { ...LABELLED, spec: { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] } }
const unlabel = (api: KubeApi): Promise<unknown> => api.apply<Resource>({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'west-w1' } })

describe('the proof, of a Node whose label uninstalling took away,', () => {
  it('takes a taint that its controllers put on it when it dies for the doing of others', async () => {
    expect(await verdictOf(TAINTED, unlabel)).toEqual({ damaged: [], meanwhile: [`~ ${NODE}`] })
  })
  it('takes it for the doing of others that the Node goes', async () => {
    expect(await verdictOf(undefined, unlabel)).toEqual({ damaged: [], meanwhile: [`- ${NODE}`] })
  })
  it('takes it for damage where a label of others went', async () => {
    expect(await verdictOf({ ...TAINTED, metadata: { name: 'west-w1' } }, unlabel)).toEqual({ damaged: [`~ ${NODE}`], meanwhile: [] })
  })
  it('takes it for damage where more of the Node than labels was written, or it was removed', async () => {
    expect(await verdictOf(TAINTED, (api) => api.apply<Resource>(TAINTED))).toEqual({ damaged: [`~ ${NODE}`], meanwhile: [] })
    expect(await verdictOf(undefined, (api) => api.remove('Node', 'west-w1'))).toEqual({ damaged: [`- ${NODE}`], meanwhile: [] })
  })
})
