import { afterEach, describe, expect, it } from '@jest/globals'
import { handClock } from '../fakes/clock.ts'
import { type FakeAgent, type Sites, sites } from '../fakes/discovery.ts'

let open: Sites | undefined
afterEach(async () => {
  await open?.end()
  open = undefined
})

interface Cost {
  /** Calls of both APIs without the lease, by verb and kind. */
  readonly calls: Readonly<Record<string, number>>
  readonly looks: number
}

/** What an export costs the agents of both clusters while so many services are there already. */
async function oneMoreAmong(services: number): Promise<{ readonly exporter: Cost; readonly importer: Cost }> {
  const set = sites(handClock(), ['west', 'east'])
  open = set
  const [west, east] = [set.site('west'), set.site('east')]
  const agents = [east.start(), west.start()] as const
  const isKnown = (name: string): boolean => (west.import(name)?.spec.ips?.length ?? 0) > 0
  for (let i = 0; i < services; i += 1) {
    east.serve(`web-${i}`)
    east.wish(`web-${i}`)
  }
  await set.within(60_000, () => Array.from({ length: services }, (_, i) => i).every((i) => isKnown(`web-${i}`)))
  await set.turn(3_000)
  const [exporter, importer] = agents.map(measure) as [() => Cost, () => Cost]
  east.serve('shop')
  east.wish('shop')
  await set.within(2_000, () => isKnown('shop'))
  await set.turn(1_000)
  const costs = { exporter: exporter(), importer: importer() }
  await set.end()
  return costs
}

function measure(agent: FakeAgent): () => Cost {
  const apis = [agent.local, agent.broker].map(({ calls }) => ({ calls, before: calls.length }))
  const looks = agent.seen?.looks ?? 0
  return () => {
    const since = apis.flatMap(({ calls, before }) => calls.slice(before)).filter((call) => !/ Lease |^(list|watch)/.test(call))
    const byKind = Object.groupBy(since, (call) => call.split(' ').slice(0, 2).join(' '))
    return {
      calls: Object.fromEntries(Object.entries(byKind).map(([kind, all = []]) => [kind, all.length])),
      looks: (agent.seen?.looks ?? 0) - looks,
    }
  }
}

describe('one more export', () => {
  it('costs as many calls among many services as among few, and has as few services looked at', async () => {
    const few = await oneMoreAmong(3)
    expect(few.importer.calls).toEqual({
      'create ServiceImport': 1,
      'create Service': 1,
      'create EndpointSlice': 1,
      // That it has no address yet, which it then has.
      'replaceStatus ServiceImport': 2,
      'replace ServiceImport': 1,
    })
    expect(await oneMoreAmong(40)).toEqual(few)
  }, 120_000)
})
