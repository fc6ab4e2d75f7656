import { describe, expect, it } from '@jest/globals'
import { beforeOf, isRequired } from '../../src/commands/upgrade/before.ts'
import { checkVersions, imageFor, isOlder, readInstalled } from '../../src/commands/upgrade/installed.ts'
import { type GatewaySight, moveText, nextMove, waitingForTurn } from '../../src/commands/upgrade/order.ts'
import { checkSettings, settingsFrom } from '../../src/commands/upgrade/settings.ts'
import { checkReached, otherVersion, versionsAtLast } from '../../src/commands/upgrade/versions.ts'
import { environmentOf } from '../../src/install/objects/settings.ts'
import type { Step } from '../../src/install/rollout/step.ts'
import type { Gateway, Pod, Resource } from '../../src/model/resources.ts'
import { handClock } from '../fakes/clock.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'
import { FULL_JOIN } from '../fakes/join-settings.ts'
import { connectionTo } from '../fakes/joined.ts'
import { fakeCluster } from '../fakes/kube.ts'

const GATEWAY = 'submariner-gateway'
const CHARON = 'submariner-charon'
const revision = (app: string, name: string, n: number): Resource => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: { name, labels: { app, 'controller-revision-hash': name } },
  ...{ revision: n },
})
const REVISIONS = [GATEWAY, CHARON].flatMap((app) => [revision(app, 'new', 2), revision(app, 'old', 1)])
interface FakeGateway {
  readonly active: boolean
  /** Workloads whose old pods are not ready. */
  readonly broken?: readonly ('engine' | 'charon')[]
  readonly isDown?: boolean
  readonly isConnected?: boolean
  engine: 'old' | 'new'
  charon: 'old' | 'new'
}
type Nodes = Readonly<Record<string, FakeGateway>>

const podOf = (app: string, node: string, hash: string, isReady = true): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${app}-${node}`, labels: { app, 'controller-revision-hash': hash } },
  spec: { nodeName: node },
  status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
})
const gatewayOf = (name: string, active: boolean, isConnected = true): Gateway => ({
  apiVersion: 'submariner.io/v1',
  kind: 'Gateway',
  metadata: { name },
  status: {
    version: '1',
    haStatus: active ? 'active' : 'passive',
    localEndpoint: endpointOf('west', { n: 1 }).spec,
    statusFailure: '',
    connections: isConnected ? [connectionTo('east')] : [],
  },
})
const sight = (nodes: Nodes, withCharon = true): GatewaySight => ({
  pods: Object.entries(nodes).flatMap(([node, { engine, charon, broken = [] }]) => [
    podOf(GATEWAY, node, engine, engine === 'new' || !broken.includes('engine')),
    podOf(CHARON, node, charon, charon === 'new' || !broken.includes('charon')),
  ]),
  gateways: Object.entries(nodes).map(([node, { active, isConnected }]) => gatewayOf(node, active, isConnected)),
  revisions: REVISIONS,
  withCharon,
  downNodes: new Set(Object.entries(nodes).flatMap(([node, { isDown }]) => (isDown === true ? [node] : []))),
})

/** Replaces pods as told until nothing is left, an active engine that is replaced handing over where it can. */
function walk(start: Nodes, withCharon = true): readonly string[] {
  let nodes: Nodes = structuredClone(start)
  const told: string[] = []
  for (let move = nextMove(sight(nodes, withCharon)); move !== undefined && told.length < 20; move = nextMove(sight(nodes, withCharon))) {
    const { node, workload, effect } = move
    told.push(`${workload === CHARON ? 'charon' : 'engine'} ${node} ${effect}`)
    const others = Object.keys(nodes).filter((name) => name !== node)
    const heir = effect === 'hand-over' ? others.at(-1) : undefined
    nodes = Object.fromEntries(
      Object.entries(nodes).map(([name, state]) => [
        name,
        {
          ...state,
          ...(name === node && { [workload === CHARON ? 'charon' : 'engine']: 'new' }),
          ...(heir !== undefined && { active: name === heir }),
        },
      ]),
    )
  }
  return told
}
const old = (active: boolean): FakeGateway => ({ active, engine: 'old', charon: 'old' })

describe('nextMove() orders the gateways’ pods', () => {
  it('those that stand by first, and one hand-over of the active one', () => {
    expect(walk({ a: old(true), b: old(false), c: old(false) })).toEqual([
      'charon b nothing',
      'charon c nothing',
      'engine b nothing',
      'engine c nothing',
      'engine a hand-over',
      'charon a nothing',
    ])
  })
  it('alone, the engine leaves the tunnels as they are, and charon makes the gap that was announced', () => {
    expect(walk({ a: old(true) })).toEqual(['engine a nothing', 'charon a gap'])
    expect(walk({ a: old(true) }, false)).toEqual(['engine a nothing'])
  })
  it('goes on where an upgrade broke off', () => {
    const half: Nodes = { a: { active: false, engine: 'new', charon: 'old' }, b: { active: true, engine: 'new', charon: 'new' } }
    expect(walk(half)).toEqual(['charon a nothing'])
    expect(walk({ a: { active: true, engine: 'new', charon: 'old' }, b: { active: false, engine: 'new', charon: 'new' } })).toEqual([
      'engine a hand-over',
      'charon a nothing',
    ])
  })
  it('does nothing when all is new', () => {
    expect(walk({ a: { active: true, engine: 'new', charon: 'new' } })).toEqual([])
  })
  it('does not count on a standby that is not well', () => {
    const seen = sight({ a: { active: true, engine: 'new', charon: 'old' }, b: { active: false, engine: 'new', charon: 'new' } })
    const sick = seen.pods.map((pod) => (pod.spec?.nodeName === 'b' ? { ...pod, status: {} } : pod))
    const move = nextMove({ ...seen, pods: sick })
    expect(move && moveText(move)).toBe('replacing charon on a (tunnels are down until it is back)')
  })
})

describe('nextMove() mends what is broken first', () => {
  it('a standby that is broken goes before one that is well', () => {
    expect(walk({ a: old(true), b: old(false), c: { ...old(false), broken: ['charon'] } })).toEqual([
      'charon c mend',
      'charon b nothing',
      'engine b nothing',
      'engine c nothing',
      'engine a hand-over',
      'charon a nothing',
    ])
  })
  it('an engine that crashes is replaced though its last word was that it leads', () => {
    expect(walk({ a: { ...old(true), broken: ['engine'] }, b: { ...old(true) } })[0]).toBe('engine a mend')
  })
  it('a lone charon that is not ready makes no gap where nothing is connected', () => {
    expect(walk({ a: { ...old(true), broken: ['charon'], isConnected: false } })).toEqual(['charon a mend', 'engine a nothing'])
    expect(walk({ a: { ...old(true), broken: ['charon', 'engine'] } })).toEqual(['charon a mend', 'engine a mend'])
  })
  it('a charon that fails its probe, but carries traffic, has its turn as one that is well', () => {
    expect(walk({ a: { ...old(true), broken: ['charon'] }, b: { ...old(false), broken: ['charon'] } })).toEqual([
      'charon b mend',
      'engine b nothing',
      'engine a hand-over',
      'charon a mend',
    ])
    expect(walk({ a: { ...old(true), broken: ['charon'] } })).toEqual(['engine a nothing', 'charon a gap'])
  })
  it('pods on a node that is down are left alone', () => {
    expect(walk({ a: old(true), b: { ...old(false), broken: ['charon', 'engine'], isDown: true } })).toEqual([
      'engine a nothing',
      'charon a gap',
    ])
  })
})

describe('a route agent that is not ready', () => {
  const ROUTE_AGENT = 'submariner-route-agent'
  const lame = (seen: GatewaySight, ...nodes: readonly string[]): GatewaySight => ({
    ...seen,
    pods: [...seen.pods, ...nodes.map((node) => podOf(ROUTE_AGENT, node, 'new', false)), podOf(ROUTE_AGENT, 'well', 'new')],
  })
  const half: Nodes = { a: old(true), b: { active: false, engine: 'new', charon: 'new' } }
  it('holds up nobody as long as pods of the gateway on its node are old, and everybody from then on', () => {
    expect(waitingForTurn(lame(sight(half), 'a', 'b', 'worker'))).toEqual(['a'])
    expect(waitingForTurn(lame(sight({ a: { active: true, engine: 'new', charon: 'old' } }), 'a'))).toEqual(['a'])
    expect(waitingForTurn(lame(sight({ a: { active: true, engine: 'new', charon: 'old' } }, false), 'a'))).toEqual([])
    expect(waitingForTurn(lame(sight({ a: { ...old(true), isDown: true } }), 'a'))).toEqual([])
  })
  it('makes no standby of its node: nothing is handed over to it', () => {
    expect(nextMove(sight(half))?.effect).toBe('hand-over')
    expect(nextMove(lame(sight(half), 'b'))?.effect).toBe('nothing')
  })
})

describe('what worked before an upgrade must work after each step', () => {
  const steps: readonly Step[] = [
    { what: 'leader', state: 'failing', text: 'gw: charon does not answer' },
    { what: 'broker from gw', state: 'ok', text: 'reached' },
    { what: 'cluster east', state: 'ok', text: 'connected' },
    { what: 'cluster north', state: 'waiting', text: 'no tunnel yet' },
  ]
  const before = beforeOf(steps)
  const required = (what: string, isEnd = false): boolean => isRequired(before, { what, state: 'waiting', text: '' }, isEnd)
  it('clusters are told apart by whether they were connected', () => {
    expect(before.clusters).toEqual(['east'])
  })
  it('what was not well holds up no step, but in the end a gateway leads', () => {
    expect([required('leader'), required('leader', true)]).toEqual([false, true])
    expect([required('broker from gw'), required('broker from gw2', true)]).toEqual([true, false])
    expect([required('cluster east'), required('cluster north', true)]).toEqual([true, false])
  })
  it('pods always count', () => {
    expect([required('gateway'), required('charon on gw')]).toEqual([true, true])
  })
})

describe('the settings of a join', () => {
  it('are read back from its ConfigMap as they were', () => {
    expect(settingsFrom(environmentOf(FULL_JOIN))).toEqual(FULL_JOIN)
  })
  it('have their defaults where an older version wrote none', () => {
    const { CE_IPSEC_NATTPORT: _, SUBMARINER_HEALTHCHECKENABLED: __, ...older } = environmentOf(FULL_JOIN)
    expect(settingsFrom(older)).toMatchObject({ nattPort: 4500, healthCheck: { enabled: true } })
  })
  it('are refused with the port that nodes have between them, and the line that mends it is named', () => {
    const wrong = (): unknown => checkSettings(settingsFrom({ ...environmentOf(FULL_JOIN), CE_IPSEC_NATTPORT: '4800' }))
    expect(wrong).toThrow(
      expect.objectContaining({
        id: 'SUB0433',
        hint: expect.stringContaining(`subctl join --cluster-id ${FULL_JOIN.clusterId} --force-conflicts`),
      }),
    )
  })
  it.each([
    ['SUBMARINER_CLUSTERCIDR', '10.1.0.0/99'],
    ['SUBMARINER_SERVICECIDR', 'x'],
    ['CE_IPSEC_NATTPORT', 'abc'],
    ['SUBMARINER_HEALTHCHECKINTERVAL', '-5'],
  ])('are refused with the key where somebody has made %s %s', (key, value) => {
    const read = (): unknown => settingsFrom({ ...environmentOf(FULL_JOIN), [key]: value })
    expect(read).toThrow(expect.objectContaining({ id: 'SUB0433', message: expect.stringMatching(new RegExp(`${key} .*${value}`)) }))
  })
})

describe('versions and images', () => {
  it('an older subctl is refused, a build of the same version is not', () => {
    expect(isOlder('0.9.1', '0.10.0')).toBe(true)
    expect(isOlder('0.1.0+abc', '0.1.0+def')).toBe(false)
    expect(isOlder('1.0.0', '0.9.9')).toBe(false)
    expect(isOlder('unknown', '1.0.0')).toBe(false)
    expect(() => checkVersions(['0.2.0+x'], '0.1.0+y', { downgrade: false })).toThrow('The agents are of version 0.2.0+x')
    checkVersions(['0.2.0'], '0.1.0', { downgrade: true })
    checkVersions(['0.1.0', 'devel'], '0.1.0', { downgrade: false })
  })
  it('the image keeps its repository and takes this version, unless another is named', () => {
    expect(imageFor('localhost/subctl:0.1.0', undefined, '0.2.0+abc')).toBe('localhost/subctl:0.2.0')
    expect(imageFor('reg.example:5000/a/subctl', undefined, '0.2.0')).toBe('reg.example:5000/a/subctl:0.2.0')
    expect(imageFor('a/b:1', 'c/d:2', '0.2.0')).toBe('c/d:2')
    expect(() => imageFor(`a/b@sha256:${'0'.repeat(64)}`, undefined, '0.2.0')).toThrow('say the new image by --image')
  })
  it('what Helm installed is named with the line that upgrades it, which takes the new chart’s defaults', async () => {
    const west = fakeCluster()
    const labels = { 'app.kubernetes.io/managed-by': 'Helm' }
    const annotations = { 'meta.helm.sh/release-name': 'mesh', 'meta.helm.sh/release-namespace': 'submariner' }
    west.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'submariner-settings', namespace: 'submariner', labels, annotations },
    })
    await expect(readInstalled(west.api())).rejects.toMatchObject({
      id: 'SUB0423',
      hint: 'Upgrade them with it: helm upgrade mesh CHART --namespace submariner --reset-then-reuse-values',
    })
  })
})

describe('what the agents run when all is done', () => {
  const NEW = '1.2.3+abcdef12'
  const OLD = '1.2.3+01234567'
  const AGENT = 'submariner-route-agent'
  const inside = { namespace: 'submariner' }
  function member() {
    const cluster = fakeCluster()
    const pod = (app: string, node: string, isReady = true): void => {
      const made = podOf(app, node, 'new', isReady)
      cluster.put({ ...made, metadata: { ...made.metadata, ...inside } })
    }
    const gateway = (node: string, version: string): void => {
      const { status, ...rest } = gatewayOf(node, true)
      cluster.put({ ...rest, metadata: { name: node, ...inside }, ...{ status: { ...status, version } } })
    }
    const agent = (node: string, version: string): void =>
      void cluster.put({
        apiVersion: 'submariner.io/v1',
        kind: 'RouteAgent',
        metadata: { name: node, ...inside },
        ...{ status: { version, statusFailure: '', remoteEndpoints: [] } },
      })
    for (const node of ['a', 'b']) {
      pod(AGENT, node)
      agent(node, NEW)
    }
    pod(GATEWAY, 'a')
    gateway('a', NEW)
    return { cluster, pod, gateway, agent }
  }
  const look = (cluster: ReturnType<typeof fakeCluster>, clock = handClock()) =>
    versionsAtLast({ ...fakeWorld({ clock }).context, version: NEW }, cluster.api())

  it('is read from what they say, and of agents that do not run no more is asked', async () => {
    const { cluster, pod, gateway, agent } = member()
    pod(AGENT, 'down', false)
    agent('down', OLD)
    gateway('gone', OLD)
    expect(await look(cluster)).toEqual([NEW])
  })
  it('is waited for while a new pod has not said it yet', async () => {
    const { cluster, agent } = member()
    agent('b', OLD)
    const clock = handClock()
    const seen = look(cluster, clock)
    await clock.advance(3_000)
    agent('b', NEW)
    await clock.advance(1_000)
    expect(await seen).toEqual([NEW])
  })
  it('is told as it is where the image has another version', async () => {
    const { cluster, gateway, agent } = member()
    gateway('a', OLD)
    for (const node of ['a', 'b']) agent(node, OLD)
    const clock = handClock()
    const seen = look(cluster, clock)
    await clock.advance(11_000)
    expect(await seen).toEqual([OLD])
  })
  it('is compared with this subctl, build by build', () => {
    expect(otherVersion('a/b:1', [NEW], NEW)).toBeUndefined()
    expect(otherVersion('a/b:1', [], NEW)).toBeUndefined()
    expect(otherVersion('a/b:1', [OLD], NEW)).toBe(`the image a/b:1 has version ${OLD}, and this subctl is of ${NEW}`)
    expect(otherVersion('a/b:1', [OLD, NEW], NEW)).toBe(`the agents of image a/b:1 are of ${OLD} and ${NEW}, and this subctl is of ${NEW}`)
  })
  it('is a warning where the image was named, and an error where it was not', () => {
    const said: string[] = []
    const warn = (text: string): void => void said.push(text)
    checkReached(undefined, false, warn)
    checkReached('it differs', true, warn)
    expect(said).toEqual(['warning: it differs'])
    expect(() => checkReached('it differs', false, warn)).toThrow(
      expect.objectContaining({ id: 'SUB0435', exitCode: 1, hint: expect.stringContaining('subctl upgrade --image NAME') }),
    )
  })
})
