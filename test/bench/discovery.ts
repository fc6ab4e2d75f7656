// The packaged discovery agent of one cluster with thousands of services of three: how long it takes to start, and what it weighs.
import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { SUBCTL } from '../lab/subctl.ts'
import { type Bench, type BenchOptions, repeat, runsOf } from './bench.ts'
import { cpuMsOf, memoryOf, readAgainFromDisk } from './cost.ts'
import { type Agent, type Bed, openBed } from './discovery-bed.ts'
import { measureReach } from './discovery-lab.ts'
import { type Result, result } from './series.ts'

/** What is there for the first time has to be written: 5000 services take minutes, and many where the machine is busy. */
const SERVICES = { quick: 50, usual: 1_000, long: 5_000 }
/** What one more export costs among thousands is compared with what it costs among so many. */
const A_FEW = 10
/** Of the agent's memory: what its start has left over is collected by then. */
const SETTLE_MS = 30_000
/** What an export sets off is over by then. */
const AFTER_MS = 700

export const discovery: Bench = {
  name: 'discovery',
  brief:
    'from an export to its name, a dead cluster out of DNS and back; start of an agent with 1000 services of three clusters, or 5000 (--long), its memory',
  needsRoot: true,
  async run(options) {
    const reach = await measureReach(options)
    // Whatever becomes of the rest.
    for (const { series, p50, p99, unit } of reach) options.say(`${series}: ${p50} and ${p99} ${unit}`)
    return [...reach, ...(await measureMany(options))]
  },
}

async function measureMany(options: BenchOptions): Promise<readonly Result[]> {
  await readAgainFromDisk(SUBCTL)
  const services = options.quick ? SERVICES.quick : options.long ? SERVICES.long : SERVICES.usual
  options.say(`${services} services are put on the API servers`)
  await using bed = await openBed(options.say)
  await bed.serve(services)
  options.say('the first agent')
  const first = await measureFirst(bed, services, options)
  options.say('agents that find everything done')
  const starts = await measureStarts(bed, services, options)
  return [...first, ...starts, ...(await measureOneMore(bed, services, options))]
}

/** Where services are exported, and who does it. */
interface Site {
  readonly bed: Bed
  readonly agent: Agent
  /** So many are exported already. */
  readonly services: number
}

/** Among few and among many, in turns: each after the one before is done. */
async function measureOneMore(bed: Bed, services: number, options: BenchOptions): Promise<readonly Result[]> {
  options.say(`one more export among ${A_FEW} services and among ${services}, in turns`)
  await using fewBed = await openBed(options.say)
  await fewBed.serve(A_FEW)
  await using fewAgent = await fewBed.startAgent()
  await using agent = await bed.startAgent()
  await Promise.all([fewAgent.untilDone(A_FEW), agent.untilDone(services)])
  await wait(options.quick ? 1_000 : SETTLE_MS)
  const few: Site = { bed: fewBed, agent: fewAgent, services: A_FEW }
  const many: Site = { bed, agent, services }
  const turns = await repeat(runsOf(options, 20, 100), async (i) => ({ few: await oneMore(few, i), many: await oneMore(many, i) }))
  return [
    ...oneMoreResults(
      A_FEW,
      turns.map((turn) => turn.few),
    ),
    ...oneMoreResults(
      services,
      turns.map((turn) => turn.many),
    ),
  ]
}

interface Cost {
  readonly ms: number
  readonly cpuMs: number
}
async function oneMore({ bed, agent, services }: Site, i: number): Promise<Cost> {
  const before = await cpuMsOf(agent.process.pid)
  const ms = await bed.exportOneMore(services + i)
  await wait(AFTER_MS)
  return { ms, cpuMs: (await cpuMsOf(agent.process.pid)) - before }
}

function oneMoreResults(services: number, costs: readonly Cost[]): readonly Result[] {
  const conditions = `one more export among ${services}, in turns with one elsewhere, from the ServiceExport until it says that the broker has it; ${about(services)}`
  const cpu = `the agent’s CPU for one more export among ${services} and the second around it, in turns with one elsewhere, mean of ${costs.length}`
  const mean = costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / costs.length
  return [
    result({ bench: 'discovery', series: `one-more-${services}`, unit: 'ms', values: costs.map(({ ms }) => ms), conditions }),
    result({ bench: 'discovery', series: `one-more-cpu-${services}`, unit: 'ms', values: [mean], conditions: cpu }),
  ]
}

const about = (services: number): string =>
  `${services} services that three clusters export, on central API servers for one cluster and the broker, on the same machine`

/** Everything is still to be written: most of the time the servers write. */
async function measureFirst(bed: Bed, services: number, options: BenchOptions): Promise<readonly Result[]> {
  const began = performance.now()
  await using agent = await bed.startAgent()
  await agent.untilDone(services)
  const seconds = (performance.now() - began) / 1_000
  const cpu = (await cpuMsOf(agent.process.pid)) / 1_000
  await wait(options.quick ? 1_000 : SETTLE_MS)
  const weight = await memoryOf(agent.process.pid)
  const most = await mostOf(agent.process.pid)
  const conditions = `until all are exported and imported for the first time; ${about(services)}; ${cpu.toFixed(1)} s of the agent’s CPU; at most ${most.toFixed(0)} MB of RSS, ${weight.rss.toFixed(0)} half a minute later`
  return [result({ bench: 'discovery', series: `first-${services}`, unit: 's', values: [seconds], conditions })]
}

/** The most RSS that a process has had, in MB. */
const mostOf = async (pid: number): Promise<number> =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_000

/** Everything is there: the agent reads it, and finds nothing to do. */
async function measureStarts(bed: Bed, services: number, options: BenchOptions): Promise<readonly Result[]> {
  const [times, weights, cpus]: [number[], number[], number[]] = [[], [], []]
  let rest = ''
  const runs = runsOf(options, 3, 10)
  for (let run = 0; run < runs; run += 1) {
    options.say(`start ${run + 1} of ${runs}`)
    const began = performance.now()
    await using agent = await bed.startAgent()
    await agent.untilDone(services)
    times.push((performance.now() - began) / 1_000)
    cpus.push((await cpuMsOf(agent.process.pid)) / 1_000)
    await wait(options.quick ? 1_000 : SETTLE_MS)
    const { rss, anon } = await memoryOf(agent.process.pid)
    weights.push(rss)
    rest = `anonymous ${anon.toFixed(1)}`
  }
  const cpu = Math.max(...cpus).toFixed(1)
  const start = `from the start of the process, its election included, until all are known and nothing is left to do; ${about(services)}; at most ${cpu} s of the agent’s CPU`
  const memory = `RSS half a minute after the start; ${rest}; ${about(services)}`
  return [
    result({ bench: 'discovery', series: `start-${services}`, unit: 's', values: times, conditions: start }),
    result({ bench: 'discovery', series: 'agent-memory', unit: 'MB', values: weights, conditions: memory }),
  ]
}
