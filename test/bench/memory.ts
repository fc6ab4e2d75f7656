// What the long-lived processes weigh once they have settled.
import { setTimeout as wait } from 'node:timers/promises'
import { agentKey, agentsOf } from '../lab/agents.ts'
import { daemonOf } from '../lab/daemons.ts'
import { nodesOf } from '../lab/layout.ts'
import type { Lab } from '../lab/state.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type Bench, runsOf } from './bench.ts'
import { childrenOf, type Memory, memoryOf, readAgainFromDisk } from './cost.ts'
import { untilSteady } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

const SETTLE_MS = 60_000
const EVERY_MS = 5_000

export const memory: Bench = {
  name: 'memory',
  brief: 'anonymous memory of engine, route agent, charon and its keeper, serve-broker',
  needsRoot: true,
  async run(options) {
    await readAgainFromDisk(SUBCTL)
    return withLab(options, {}, async (lab) => {
      await untilSteady(lab)
      options.say('settling')
      await wait(options.quick ? 2_000 : SETTLE_MS)
      const all = await processesOf(lab)
      const seen = new Map<string, Memory[]>(all.map(([series]) => [series, []]))
      for (let look = 0; look < runsOf(options, 6); look += 1) {
        for (const [series, pid] of all) seen.get(series)?.push(await memoryOf(pid))
        await wait(EVERY_MS)
      }
      return [...seen].map(([series, memories]) => toResult(series, memories))
    })
  },
}

/** Every process that is weighed, by its series. */
async function processesOf(lab: Lab): Promise<readonly (readonly [series: string, pid: number])[]> {
  const pidOf = async (key: string): Promise<number> => (await daemonOf(lab, key))?.process.pid ?? 0
  const agents = nodesOf(lab.layout).flatMap((node) => agentsOf(node).map((agent) => [agent, agentKey(node.name, agent)] as const))
  const found = await Promise.all(
    agents.map(async ([agent, key]) => {
      const pid = await pidOf(key)
      if (agent !== 'charon') return [[agent, pid] as const]
      return [['charon-keeper', pid] as const, ...(await childrenOf(pid)).map((child) => ['charon', child] as const)]
    }),
  )
  return [...found.flat(), ['serve-broker', await pidOf('broker.apiserver')]]
}

function toResult(series: string, memories: readonly Memory[]): Result {
  const middle = (of: (memory: Memory) => number): string => (memories.map(of).sort((a, b) => a - b)[memories.length >> 1] ?? 0).toFixed(1)
  const values = memories.map(({ anon }) => anon)
  const conditions = `anonymous; RSS ${middle(({ rss }) => rss)}, PSS ${middle(({ pss }) => pss)}; 2 clusters, a minute after all was connected`
  return result({ bench: 'memory', series, unit: 'MB', values, conditions })
}
