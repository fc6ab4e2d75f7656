// Datagrams lost while one process is killed and started again.
import { setTimeout as wait } from 'node:timers/promises'
import { type Agent, agentKey, restart as restartAgent } from '../lab/agents.ts'
import { killApi, startApi } from '../lab/apis.ts'
import { daemonOf } from '../lab/daemons.ts'
import { processId, signal } from '../lab/processes.ts'
import type { Lab } from '../lab/state.ts'
import { podAim, stream, type Tally } from '../lab/traffic.ts'
import { type Bench, type BenchOptions, repeat, runsOf } from './bench.ts'
import { childrenOf } from './cost.ts'
import { untilSteady, workerOf } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

const EVERY_MS = 20
const QUIET_MS = 1_000
/** What a start does late, such as a first resync, is watched too. */
const AFTER_MS = 8_000
/** How long an API stays away. */
const AWAY_MS = 3_000

/** A title, and killing and starting again; `leader` is west's active gateway. */
type Fault = readonly [series: string, title: string, strike: (lab: Lab, leader: string) => Promise<void>]

const apiAway = (name: string) => async (lab: Lab) => {
  await killApi(lab, name)
  await wait(AWAY_MS)
  await startApi(lab, name)
}

const FAULTS: readonly Fault[] = [
  ['engine', 'kill -9 of the active engine, started again at once', (lab, leader) => restartAgent(lab, leader, 'engine')],
  [
    'route-agent',
    'kill -9 of the route agents of both ends, started again at once',
    async (lab, leader) => {
      for (const node of [leader, workerOf(lab, 'west').name]) await restartAgent(lab, node, 'route-agent')
    },
  ],
  ['broker', `kill -9 of the broker, away for ${AWAY_MS / 1000} s`, apiAway('broker')],
  ['api', `kill -9 of the cluster’s API server, away for ${AWAY_MS / 1000} s`, apiAway('west')],
  ['charon', 'kill -9 of charon and its keeper, started again at once', killCharon],
]

export const restart: Bench = {
  name: 'restart',
  brief: 'datagrams lost between pods on workers while one process is killed and started again',
  needsRoot: true,
  run: (options) =>
    withLab(options, {}, async (lab) => {
      const results: Result[] = []
      for (const fault of FAULTS) results.push(await measure(lab, fault, options))
      return results
    }),
}

async function measure(lab: Lab, [series, title, strike]: Fault, options: BenchOptions): Promise<Result> {
  const tallies = await repeat(runsOf(options, 5, 10), async (index) => {
    const tally = await once(lab, strike)
    options.say(`${series} ${index + 1}: ${tally.lost} of ${tally.sent} lost`)
    return tally
  })
  const sent = tallies.reduce((sum, tally) => sum + tally.sent, 0)
  const conditions = `${title}; a datagram every ${EVERY_MS} ms, ${sent} sent in all`
  return result({ bench: 'restart', series, unit: 'packets', values: tallies.map(({ lost }) => lost), conditions })
}

async function once(lab: Lab, strike: Fault[2]): Promise<Tally> {
  const leader = (await untilSteady(lab)).get('west') ?? ''
  await using datagrams = stream(lab, workerOf(lab, 'west').pod.name, podAim(workerOf(lab, 'east')), EVERY_MS)
  await datagrams.answered()
  await wait(QUIET_MS)
  await strike(lab, leader)
  await wait(AFTER_MS)
  return datagrams.stop()
}

/** As a container ends: all of its processes at once. */
async function killCharon(lab: Lab, leader: string): Promise<void> {
  const agent: Agent = 'charon'
  const keeper = (await daemonOf(lab, agentKey(leader, agent)))?.process
  const children = keeper === undefined ? [] : (await childrenOf(keeper.pid)).map(processId)
  if (keeper !== undefined) signal(keeper, 'SIGKILL')
  for (const child of children) signal(child, 'SIGKILL')
  await restartAgent(lab, leader, agent)
}
