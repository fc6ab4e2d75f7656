// How long nothing comes through when the active gateway goes: asked to, or lost with its node.
import { setTimeout as wait } from 'node:timers/promises'
import { kill, start } from '../lab/agents.ts'
import { bootNode, loseNode } from '../lab/lab.ts'
import type { Lab } from '../lab/state.ts'
import { podAim, stream, type Tally } from '../lab/traffic.ts'
import { type Bench, type BenchOptions, repeat, runsOf } from './bench.ts'
import { activeNode, until, untilSteady, workerOf } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

const EVERY_MS = 20
/** Before and after the fault: a late loss is a loss too. */
const QUIET_MS = 2_000
const AFTER_MS = 5_000

interface Fault {
  readonly series: string
  readonly title: string
  strike(lab: Lab, node: string): Promise<void>
  mend(lab: Lab, node: string): Promise<void>
}

const FAULTS: readonly Fault[] = [
  {
    series: 'planned',
    title: 'SIGTERM to the active engine',
    strike: (lab, node) => kill(lab, node, 'engine', 'SIGTERM'),
    mend: (lab, node) => start(lab, node, 'engine'),
  },
  {
    series: 'node-loss',
    title: 'all processes of the active gateway killed, its cable pulled',
    strike: loseNode,
    mend: bootNode,
  },
]

export const failover: Bench = {
  name: 'failover',
  brief: 'time without an answer between pods on workers, while the active gateway hands over, or is lost',
  needsRoot: true,
  run: (options) =>
    withLab(options, {}, async (lab) => {
      const results: Result[] = []
      for (const fault of FAULTS) results.push(...(await measure(lab, fault, options)))
      return results
    }),
}

async function measure(lab: Lab, fault: Fault, options: BenchOptions): Promise<readonly Result[]> {
  const tallies = await repeat(runsOf(options, 10, 30), async (index) => {
    const tally = await once(lab, fault)
    options.say(`${fault.series} ${index + 1}: ${silenceMs(tally)} ms, ${tally.lost} of ${tally.sent} lost`)
    return tally
  })
  const lost = tallies.map((tally) => tally.lost).join(', ')
  const conditions = `${fault.title}; a datagram every ${EVERY_MS} ms, all gaps added up; datagrams lost: ${lost}`
  return [result({ bench: 'failover', series: fault.series, unit: 'ms', values: tallies.map(silenceMs), conditions })]
}

async function once(lab: Lab, fault: Fault): Promise<Tally> {
  const leader = (await untilSteady(lab)).get('west') ?? ''
  await using datagrams = stream(lab, workerOf(lab, 'west').pod.name, podAim(workerOf(lab, 'east')), EVERY_MS)
  await datagrams.answered()
  await wait(QUIET_MS)
  await fault.strike(lab, leader)
  await until(lab, `another gateway than ${leader} leads`, async () => {
    const now = await activeNode(lab, 'west')
    return now === undefined || now === leader ? undefined : now
  })
  await wait(AFTER_MS)
  const tally = await datagrams.stop()
  await fault.mend(lab, leader)
  return tally
}

/** All gaps together. */
export const silenceMs = ({ gaps }: Tally): number => gaps.reduce((sum, { ms }) => sum + ms, 0)
