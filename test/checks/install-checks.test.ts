import { describe, expect, it } from '@jest/globals'
import type { Verdict } from '../../src/checks/check.ts'
import { changesOf } from '../../src/checks/installed/foreign.ts'
import { INSTALL_CHECKS } from '../../src/checks/installed/install-checks.ts'
import { isHopeless, whyNotReady } from '../../src/checks/pods/pod-state.ts'
import type { CheckContext } from '../../src/checks/subject.ts'
import { gatewayObject } from '../../src/model/gateway-status.ts'
import type { Pod } from '../../src/model/resources.ts'
import { handClock } from '../fakes/clock.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { type FakeCluster, fakeCluster, make } from '../fakes/kube.ts'

const NAMESPACE = 'submariner'
const WORKLOADS = ['submariner-gateway', 'submariner-charon', 'submariner-route-agent']

interface Place {
  readonly cluster: FakeCluster
  readonly token: string
  readonly account?: string
}
/** Contexts of the clusters; what these checks do not look at is not there. */
function contexts(places: readonly Place[]): readonly CheckContext[] {
  const all: CheckContext[] = []
  for (const [i, { cluster, token, account }] of places.entries())
    all.push({
      name: `context${i}`,
      api: cluster.api(),
      namespace: NAMESPACE,
      clock: handClock(),
      version: '1',
      all,
      credential: async () => ({ digest: token, ...(account !== undefined && { account }) }),
    } as unknown as CheckContext)
  return all
}
async function verdicts(id: string, places: readonly Place[]): Promise<readonly (Verdict | undefined)[]> {
  const check = INSTALL_CHECKS.find((one) => one.id === id)
  return Promise.all(contexts(places).map((context) => check?.run(context, new AbortController().signal)))
}

function installed(image = 'localhost/subctl:1', digest = 'a'): FakeCluster {
  const cluster = fakeCluster()
  for (const name of WORKLOADS) {
    cluster.put(daemonSet(name, { desired: 1, updated: 1, ready: 1 }))
    cluster.put(agentPod(name, { image, imageID: `sha256:${digest.repeat(64)}` }))
  }
  return cluster
}
const daemonSet = (name: string, { desired, updated, ready }: Readonly<Record<'desired' | 'updated' | 'ready', number>>) => {
  const status = { desiredNumberScheduled: desired, updatedNumberScheduled: updated, numberReady: ready }
  return make('DaemonSet', name, { status }, { namespace: NAMESPACE })
}
const agentPod = (app: string, container: { image: string; imageID?: string }, status: Pod['status'] = {}): Pod => {
  const containerStatuses = [{ name: 'agent', ready: true, restartCount: 0, ...container }]
  const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses }
  const spec = { nodeName: 'w1', containers: [{ name: 'agent', image: container.image }] }
  return make('Pod', `${app}-x`, { spec, status: { ...ready, ...status } }, { namespace: NAMESPACE, labels: { app } })
}

describe("the agents' pods", () => {
  it('are named with their reason and their last line where they are not ready', async () => {
    const cluster = installed()
    const dead = { reason: 'Error', exitCode: 1 }
    const status = {
      name: 'agent',
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: dead },
    }
    cluster.put(agentPod('submariner-charon', { image: 'x' }, { conditions: [], containerStatuses: [status] }))
    cluster.answer('/api/v1/namespaces/submariner/pods/submariner-charon-x/log', 'no /dev/net/tun\n')
    const [verdict] = await verdicts('SUB0621', [{ cluster, token: '' }])
    expect(verdict).toMatchObject({
      is: 'failed',
      reason: 'submariner-charon-x on w1: agent: CrashLoopBackOff, after Error (exit 1); its last line: no /dev/net/tun',
    })
  })

  it('say the fault, not the hint below it, of a container that ends with an error: by its log, or by what its status kept of that', async () => {
    const cluster = installed()
    const fault = 'error SUB0102: --psk-file is not given'
    const text = `${fault}\nGive it, or see subctl help charon.\n`
    const waiting = { reason: 'CrashLoopBackOff' }
    const dead = (message?: string) => ({ reason: 'Error', exitCode: 64, ...(message !== undefined && { message }) })
    const ended = (message?: string): Pod['status'] => ({
      conditions: [],
      containerStatuses: [
        { name: 'charon', image: 'x', ready: false, restartCount: 3, state: { waiting }, lastState: { terminated: dead(message) } },
      ],
    })
    cluster.answer('/api/v1/namespaces/submariner/pods/submariner-charon-x/log', text)
    for (const [status, words] of [
      [ended(), `Error (exit 64); its last line: ${fault}`],
      [ended(text), `Error (exit 64): ${fault}`],
    ] as const) {
      cluster.put(agentPod('submariner-charon', { image: 'x' }, status))
      const [verdict] = await verdicts('SUB0621', [{ cluster, token: '' }])
      expect(verdict).toMatchObject({ reason: `submariner-charon-x on w1: charon: CrashLoopBackOff, after ${words}` })
    }
  })

  it('that are missing altogether are counted, and a DaemonSet that is gone is named', async () => {
    const cluster = installed()
    cluster.put(daemonSet('submariner-charon', { desired: 2, updated: 2, ready: 1 }))
    cluster.drop('DaemonSet', 'submariner-gateway', NAMESPACE)
    const [verdict] = await verdicts('SUB0621', [{ cluster, token: '' }])
    expect(verdict).toMatchObject({ reason: 'there is no DaemonSet submariner-gateway; submariner-charon: 1 of 2 pods are ready' })
  })

  it('of before the last change are a warning: charon waits for an upgrade', async () => {
    const cluster = installed()
    cluster.put(daemonSet('submariner-charon', { desired: 1, updated: 0, ready: 1 }))
    expect((await verdicts('SUB0621', [{ cluster, token: '' }]))[0]).toMatchObject({
      is: 'warning',
      hint: expect.stringContaining('subctl upgrade'),
    })
  })

  it('of a charon that goes on with an old port are a warning that says how to replace them', async () => {
    const cluster = installed()
    cluster.put(daemonSet('submariner-charon', { desired: 1, updated: 0, ready: 1 }))
    const endpoint = endpointOf('west', { n: 2 }).spec
    const facts = { hostname: 'gw2', namespace: NAMESPACE, version: '1', isActive: false, endpoint, wantedPort: 4700 }
    cluster.put(gatewayObject({ ...facts, failures: [], connections: [], since: {}, nowMs: 0 }))
    expect((await verdicts('SUB0621', [{ cluster, token: '' }]))[0]).toEqual({
      is: 'warning',
      reason: 'charon on gw2 still has port 4500, the settings say 4700',
      hint: expect.stringMatching(
        /`subctl upgrade --context context0`; .*`kubectl --context context0 -n submariner delete pod -l app=submariner-charon .*one gateway after the other/,
      ),
    })
  })

  it('are of one image, by name and by digest, in all clusters', async () => {
    const at = (image: string, digest: string): Place => ({ cluster: installed(image, digest), token: '' })
    const isOf = async (...places: Place[]) => (await verdicts('SUB0623', places)).map((verdict) => verdict?.is)
    expect(await isOf(at('a:1', 'a'), at('a:1', 'a'))).toEqual(['ok', 'ok'])
    expect(await isOf(at('a:1', 'a'), at('a:2', 'a'))).toEqual(['warning', 'warning'])
    expect(await isOf(at('a:1', 'a'), at('a:1', 'b'))).toEqual(['warning', 'warning'])
    const fresh = installed('a:1', 'a')
    fresh.put(agentPod('submariner-charon', { image: 'a:1' }))
    expect(await isOf({ cluster: fresh, token: '' })).toEqual(['ok'])
  })
})

describe("the broker's credential", () => {
  const cluster = installed()
  it('that two clusters have is called shared, and so is the account of the broker chart', async () => {
    expect(
      await verdicts('SUB0624', [
        { cluster, token: 'a' },
        { cluster, token: 'b' },
      ]),
    ).toMatchObject([{ is: 'ok' }, { is: 'ok' }])
    expect(
      await verdicts('SUB0624', [
        { cluster, token: 'a' },
        { cluster, token: 'a' },
      ]),
    ).toMatchObject([{ reason: 'context1 has the same one' }, { is: 'warning' }])
    const account = 'system:serviceaccount:submariner-k8s-broker:submariner-k8s-broker-client'
    expect(await verdicts('SUB0624', [{ cluster, token: 'a', account }])).toMatchObject([
      { is: 'warning', reason: expect.stringContaining('one credential for every cluster') },
    ])
  })
})

describe('changesOf()', () => {
  const entry = (manager: string, fieldsV1: unknown, more = {}) => ({ manager, operation: 'Update', fieldsV1, ...more })
  const image = { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"gateway"}': { '.': {}, 'f:image': {} } } } } } }
  const restart = { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { 'f:kubectl.kubernetes.io/restartedAt': {} } } } } }
  const of = (...managedFields: unknown[]) => changesOf('DaemonSet', { metadata: { name: 'x', managedFields } })

  it('names who wrote fields that another has installed', () => {
    expect(of(entry('subctl', { 'f:spec': { 'f:selector': {} } }), entry('kubectl-edit', image))).toEqual([
      { object: 'DaemonSet x', by: 'kubectl-edit', fields: ['spec.template.spec.containers[gateway].image'] },
    ])
  })
  it('passes over a restart, a status, labels, and the control plane', () => {
    expect(
      of(
        entry('subctl', image),
        entry('kubectl-rollout', restart),
        entry('anybody', { 'f:metadata': { 'f:labels': {} } }),
        entry('kube-controller-manager', { 'f:status': {} }, { subresource: 'status' }),
      ),
    ).toEqual([])
  })
  it('takes whoever holds most of it for the one who installed it, where subctl did not', () => {
    const both = { 'f:spec': { 'f:a': {}, 'f:b': {} } }
    expect(of(entry('helm', both), entry('kubectl-patch', { 'f:spec': { 'f:c': {} } })).map(({ by }) => by)).toEqual(['kubectl-patch'])
    expect(of(entry('helm', both))).toEqual([])
  })
  it('passes over fields that the installer holds too: they have its value', () => {
    const more = { 'f:spec': { ...image['f:spec'], 'f:selector': {} } }
    expect(of(entry('kubectl-client-side-apply', image), entry('subctl', image, { operation: 'Apply' }))).toEqual([])
    expect(of(entry('kubectl-client-side-apply', more), entry('subctl', image)).map(({ fields }) => fields)).toEqual([['spec.selector']])
  })
  it.each([[undefined], [null], ['x'], [[{ manager: 1 }]]])('makes nothing of what is none: %j', (managedFields) => {
    expect(changesOf('ConfigMap', { metadata: { name: 'x', managedFields } })).toEqual([])
  })
})

describe('why a pod is not ready', () => {
  const pod = (status: Pod['status']): Pod => make('Pod', 'p', { ...(status && { status }) })
  it.each([
    [undefined, 'not seen by its node yet', false],
    [{ phase: 'Failed', reason: 'OutOfcpu', message: 'Node has no cpu' }, 'OutOfcpu: Node has no cpu', true],
    [
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes' }] },
      'not scheduled: 0/3 nodes',
      false,
    ],
    [
      { containerStatuses: [{ name: 'c', ready: false, restartCount: 0, state: { waiting: { reason: 'ErrImageNeverPull' } } }] },
      'c: ErrImageNeverPull',
      true,
    ],
    [{ containerStatuses: [{ name: 'c', ready: false, restartCount: 0, state: { running: {} } }] }, 'c runs and is not ready', false],
    [
      { containerStatuses: [{ name: 'c', ready: false, restartCount: 0, state: { terminated: { exitCode: 3 } } }] },
      'c: ended (exit 3)',
      false,
    ],
  ] as const)('%j', (status, text, hopeless) => {
    expect([whyNotReady(pod(status)), isHopeless(pod(status))]).toEqual([text, hopeless])
  })
})
