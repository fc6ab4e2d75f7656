import { describe, expect, it } from '@jest/globals'
import { parseCidr } from '../../src/model/net.ts'
import { vet } from '../../src/model/vet.ts'
import { type BenchOptions, repeat, runsOf } from './bench.ts'
import { silenceMs } from './failover.ts'
import { fakeCluster } from './fake-clusters.ts'
import { BENCHES } from './table.ts'

const options = (more: Partial<BenchOptions>): BenchOptions => ({ quick: false, long: false, say: () => undefined, ...more })

describe('runsOf()', () => {
  it.each([
    [{}, 10],
    [{ quick: true }, 1],
    [{ long: true }, 30],
    [{ runs: 4, quick: true, long: true }, 4],
  ])('of %j is %i', (more, runs) => {
    expect(runsOf(options(more), 10, 30)).toBe(runs)
  })
})

it('repeat() goes one after the other', async () => {
  const seen: string[] = []
  const once = async (i: number): Promise<number> => {
    seen.push(`begin ${i}`)
    await Promise.resolve()
    seen.push(`end ${i}`)
    return i * 10
  }
  expect(await repeat(2, once)).toEqual([0, 10])
  expect(seen).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1'])
})

it('silenceMs() adds all gaps up', () => {
  const gap = (ms: number) => ({ first: 0, lost: 1, ms, at: '' })
  expect(silenceMs({ sent: 9, received: 7, lost: 2, gaps: [gap(40), gap(25)], firstMs: 0 })).toBe(65)
})

it('any number of fake clusters are believed, beside each other and beside a lab’s clusters', () => {
  const fakes = Array.from({ length: 600 }, (_, i) => fakeCluster(i))
  const own = {
    clusterId: 'west',
    podCidrs: [parseCidr('10.1.0.0/16')],
    serviceCidrs: [parseCidr('100.1.0.0/16')],
    addresses: [],
  }
  const { remotes, refused } = vet(
    own,
    fakes.map(({ cluster }) => cluster),
    fakes.map(({ endpoint }) => endpoint),
  )
  expect(refused).toEqual([])
  expect(remotes.map(({ networks, gateways }) => [networks.length, gateways.length])).toEqual(fakes.map(() => [2, 1]))
})

it('every bench has a name of its own and says what it measures', () => {
  expect(new Set(BENCHES.map(({ name }) => name)).size).toBe(BENCHES.length)
  for (const { brief } of BENCHES) expect(brief).not.toBe('')
})
