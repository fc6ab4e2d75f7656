import { describe, expect, it } from '@jest/globals'
import { checkVersions, imageFor, isOlder } from '../../src/commands/upgrade/installed.ts'
import { type GatewaySight, moveText, nextMove } from '../../src/commands/upgrade/order.ts'
import { settingsFrom } from '../../src/commands/upgrade/settings.ts'
import { environmentOf } from '../../src/install/settings.ts'
import type { Gateway, Pod, Resource } from '../../src/model/resources.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { FULL_JOIN } from '../fakes/join-settings.ts'

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
  engine: 'old' | 'new'
  charon: 'old' | 'new'
}
type Nodes = Readonly<Record<string, FakeGateway>>

const podOf = (app: string, node: string, hash: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${app}-${node}`, labels: { app, 'controller-revision-hash': hash } },
  spec: { nodeName: node },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
})
const gatewayOf = (name: string, active: boolean): Gateway => ({
  apiVersion: 'submariner.io/v1',
  kind: 'Gateway',
  metadata: { name },
  status: {
    version: '1',
    haStatus: active ? 'active' : 'passive',
    localEndpoint: endpointOf('west', { n: 1 }).spec,
    statusFailure: '',
    connections: [],
  },
})
const sight = (nodes: Nodes, withCharon = true): GatewaySight => ({
  pods: Object.entries(nodes).flatMap(([node, { engine, charon }]) => [podOf(GATEWAY, node, engine), podOf(CHARON, node, charon)]),
  gateways: Object.entries(nodes).map(([node, { active }]) => gatewayOf(node, active)),
  revisions: REVISIONS,
  withCharon,
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

describe('the settings of a join', () => {
  it('are read back from its ConfigMap as they were', () => {
    expect(settingsFrom(environmentOf(FULL_JOIN))).toEqual(FULL_JOIN)
  })
  it('have their defaults where an older version wrote none', () => {
    const { CE_IPSEC_NATTPORT: _, SUBMARINER_HEALTHCHECKENABLED: __, ...older } = environmentOf(FULL_JOIN)
    expect(settingsFrom(older)).toMatchObject({ nattPort: 4500, healthCheck: { enabled: true } })
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
})
