import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type NodeWords, nodeWords, type Word, wordsOf } from '../../src/model/reach-words.ts'
import type { ConnectionStatus, Gateway } from '../../src/model/resources.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { make } from '../fakes/kube.ts'

const gateway = (name: string, haStatus: 'active' | 'passive', states: Readonly<Record<string, ConnectionStatus>>): Gateway =>
  make('Gateway', name, {
    status: {
      version: '',
      haStatus,
      localEndpoint: endpointOf('west', { hostname: name }).spec,
      statusFailure: '',
      connections: Object.entries(states).map(([id, status]) => ({ status, statusMessage: '', endpoint: endpointOf(id).spec })),
    },
  })
type NodeStatus = ConnectionStatus | 'none'
const agent = (name: string, states: Readonly<Record<string, NodeStatus>>): NodeWords =>
  nodeWords(
    make('RouteAgent', name, {
      status: {
        version: '',
        statusFailure: '',
        remoteEndpoints: Object.entries(states).map(([id, status]) => ({ status, statusMessage: '', spec: endpointOf(id).spec })),
      },
    }),
  )

describe('wordsOf() while nobody leads', () => {
  it.each<[string, ConnectionStatus, readonly NodeWords[], Word | undefined]>([
    ['no node speaks', 'connected', [], 'connected'],
    ['one does not reach it', 'connected', [agent('w1', { east: 'error' })], 'failed'],
    ['one does not and one does', 'connected', [agent('w1', { east: 'error' }), agent('w2', { east: 'connected' })], 'connected'],
    ['all do', 'connected', [agent('w1', { east: 'connected' })], 'connected'],
    [
      'one does not and one does not know yet',
      'connected',
      [agent('w1', { east: 'error' }), agent('w2', { east: 'connecting' })],
      'failed',
    ],
    ['none knows yet', 'connected', [agent('w1', { east: 'connecting' }), agent('w2', { east: 'none' })], 'connected'],
    ['they speak of another cluster', 'connected', [agent('w1', { north: 'error' })], 'connected'],
    ['the gateway’s own node alone does not reach it', 'connected', [agent('gw1', { east: 'error' })], 'connected'],
    [
      'the gateway’s own node said that it does',
      'connected',
      [agent('gw1', { east: 'connected' }), agent('w1', { east: 'error' })],
      'failed',
    ],
    ['the gateway had said itself that it fails', 'error', [agent('w1', { east: 'connected' })], 'failed'],
    ['the gateway was not connected', 'connecting', [agent('w1', { east: 'connected' })], undefined],
  ])('where %s, the gateway %s', (_, status, nodes, word) => {
    expect(wordsOf([gateway('gw1', 'active', { east: status })], nodes)?.get('east')).toBe(word)
  })

  it('is what several gateways of one remote cluster come to, and nothing while none here is active', () => {
    const both = {
      status: {
        remoteEndpoints: [
          { status: 'error', spec: { cluster_id: 'east' } },
          { status: 'connected', spec: { cluster_id: 'east' } },
        ],
      },
    }
    expect(nodeWords(both).words.get('east')).toBe('connected')
    expect(wordsOf([gateway('gw1', 'passive', { east: 'connected' })], [agent('w1', { east: 'error' })])).toBeUndefined()
  })

  it('passes over what is not as it must be', () => {
    const objects = [
      {},
      { status: null },
      { metadata: null, status: { remoteEndpoints: 'x' } },
      { status: { remoteEndpoints: [null, 1, {}] } },
    ]
    expect(wordsOf([gateway('gw1', 'active', { east: 'connected' })], objects.map(nodeWords))?.get('east')).toBe('connected')
  })
})

const IDS = ['east', 'north', 'south']
const states = <T extends string>(...all: readonly T[]): fc.Arbitrary<Readonly<Record<string, T>>> =>
  fc.dictionary(fc.constantFrom(...IDS), fc.constantFrom(...all))

it('wordsOf() takes away only what is called connected, no node that speaks reaches, and one does not; without nodes nothing', () => {
  const nodes = fc.array(fc.tuple(fc.constantFrom('gw1', 'w1', 'w2', 'w3'), states<NodeStatus>('connected', 'connecting', 'error', 'none')))
  fc.assert(
    fc.property(states<ConnectionStatus>('connected', 'connecting', 'error'), nodes, (said, agents) => {
      const gateways = [gateway('gw1', 'active', said)]
      const [led, alone] = [
        wordsOf(gateways),
        wordsOf(
          gateways,
          agents.map(([name, its]) => agent(name, its)),
        ),
      ]
      const others = agents.filter(([name]) => name !== 'gw1').map(([, its]) => its)
      for (const id of IDS) {
        const isLost =
          said[id] === 'connected' && others.some((its) => its[id] === 'error') && !others.some((its) => its[id] === 'connected')
        expect(alone?.get(id)).toBe(isLost ? 'failed' : led?.get(id))
      }
    }),
  )
})
