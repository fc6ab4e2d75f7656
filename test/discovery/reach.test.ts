import { describe, expect, it } from '@jest/globals'
import { judgeReach, LOSE_MS, type Reaches } from '../../src/discovery/reach.ts'
import { type Word, wordsOf } from '../../src/model/reach-words.ts'
import type { ConnectionStatus, Gateway } from '../../src/model/resources.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { make } from '../fakes/kube.ts'

const gateway = (haStatus: 'active' | 'passive', connections: Readonly<Record<string, ConnectionStatus>>): Gateway =>
  make('Gateway', `gw-${haStatus}`, {
    status: {
      version: '',
      haStatus,
      localEndpoint: endpointOf('west').spec,
      statusFailure: '',
      connections: Object.entries(connections).map(([id, status]) => ({ status, statusMessage: '', endpoint: endpointOf(id).spec })),
    },
  })

describe('wordsOf()', () => {
  it('are what the active gateway says, of a cluster with several gateways the best, and unknown where none is active', () => {
    const gateways = [
      gateway('active', { east: 'connected', north: 'error', south: 'connecting' }),
      gateway('passive', { north: 'connected' }),
    ]
    expect([...(wordsOf(gateways) ?? [])]).toEqual([
      ['east', 'connected'],
      ['north', 'failed'],
    ])
    const second = gateway('active', { north: 'connecting', east: 'error' })
    expect([...(wordsOf([...gateways, second]) ?? [])]).toEqual([['east', 'connected']])
    expect(wordsOf([gateway('passive', { east: 'connected' })])).toBeUndefined()
    expect(wordsOf([])).toBeUndefined()
  })

  it('pass over what is not as it must be', () => {
    const status = { haStatus: 'active', connections: [null, 'x', {}, { status: 'error' }] }
    expect(wordsOf([{ status }, {}, { status: null }])?.get('east')).toBeUndefined()
    expect(wordsOf([{ status: { haStatus: 'active', connections: null } }])?.size).toBe(0)
  })
})

const SAID: Readonly<Record<'+' | '-' | '!', readonly (readonly [string, Word])[]>> = {
  '+': [['east', 'connected']],
  '-': [],
  '!': [['east', 'failed']],
}
/** Plays `connected` (+), not connected (-), failed (!) and not known (?) for the milliseconds; gives what counts after each. */
function play(...steps: readonly (readonly [word: '+' | '-' | '!' | '?', forMs: number])[]): readonly boolean[] {
  let reaches: Reaches = new Map()
  let nowMs = 1_000_000
  const said: boolean[] = []
  for (const [word, forMs] of steps) {
    const words = word === '?' ? undefined : new Map<string, Word>(SAID[word])
    const end = nowMs + forMs
    for (;;) {
      const judged = judgeReach(reaches, ['east'], words, nowMs)
      reaches = judged.reaches
      if (nowMs + judged.nextMs > end) break
      nowMs += judged.nextMs
    }
    nowMs = end
    reaches = judgeReach(reaches, ['east'], words, nowMs).reaches
    said.push(reaches.get('east')?.isReachable === true)
  }
  return said
}

describe('judgeReach()', () => {
  it('takes a cluster for reachable until the gateways have said otherwise for a second, and then asks for another look in time', () => {
    expect(play(['-', LOSE_MS - 1])).toEqual([true])
    expect(play(['-', LOSE_MS])).toEqual([false])
    expect(judgeReach(new Map(), ['east'], new Map(), 0).nextMs).toBe(LOSE_MS)
  })

  it('does not mind a hand-over between gateways', () => {
    expect(play(['+', 5_000], ['-', 900], ['+', 100], ['-', 900], ['+', 1])).toEqual([true, true, true, true, true])
  })

  it('takes it away at once where its tunnels carry nothing: who says so has waited already', () => {
    expect(play(['+', 5_000], ['!', 0])).toEqual([true, false])
    expect(play(['!', 0], ['+', 0], ['!', 0], ['+', 999], ['+', 1])).toEqual([false, true, false, false, true])
  })

  it('takes it back at once after one loss, and later and later after more', () => {
    expect(play(['-', 2_000], ['+', 0])).toEqual([false, true])
    expect(play(['-', 2_000], ['+', 1], ['-', 2_000], ['+', 999], ['+', 2])).toEqual([false, true, false, false, true])
    const flapping = Array.from({ length: 20 }, (): readonly ['-' | '+', number][] => [
      ['-', 1_500],
      ['+', 1_500],
    ]).flat()
    const withdrawn = play(...flapping).filter((isReachable, i, all) => i > 0 && all[i - 1] === true && !isReachable)
    expect(withdrawn.length).toBeLessThanOrEqual(3)
    expect(play(...flapping, ['+', 30_000]).at(-1)).toBe(true)
  })

  it('forgives what was long ago', () => {
    expect(play(['-', 2_000], ['+', 1], ['-', 2_000], ['+', 400_000], ['-', 2_000], ['+', 0])).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ])
  })

  it('stays as it was while no gateway says anything', () => {
    expect(play(['?', 60_000])).toEqual([true])
    expect(play(['-', 2_000], ['?', 60_000], ['+', 1])).toEqual([false, false, true])
    expect(play(['-', 500], ['?', 60_000], ['-', 900])).toEqual([true, true, true])
  })
})
