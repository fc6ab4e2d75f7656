// One node's agents among many clusters: one is real, the others are objects on the broker whose gateways do not answer.
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { NAMESPACE } from '../../src/model/names.ts'
import { apiOf } from '../lab/access.ts'
import { type Agent, agentKey, agentsOf, kill } from '../lab/agents.ts'
import { daemonOf } from '../lab/daemons.ts'
import { clusterOf } from '../lab/layout.ts'
import { run } from '../lab/places.ts'
import type { Lab } from '../lab/state.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type Bench, type BenchOptions, runsOf } from './bench.ts'
import { childrenOf, cpuMsOf, memoryOf, readAgainFromDisk } from './cost.ts'
import { changeNetworks, fakeCluster, publish, withdraw } from './fake-clusters.ts'
import { gatewaysOf, until, untilSteady, workerOf } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

const SIZES = [50, 100, 250]
/** Routes of ours: the table of the node rooms. */
const TABLE = '150'
const STEADY_MS = 20_000
/** Between two looks at what is waited for: to look costs too, on the same machine. */
const LOOK_MS = 200
const CHANGES = { count: 20, everyMs: 1_000 }

export const scale: Bench = {
  name: 'scale',
  brief: 'agents of one node with 50, 100 and 250 remote clusters: time to all routes, CPU, memory, cost of one more change',
  needsRoot: true,
  async run(options) {
    await readAgainFromDisk(SUBCTL)
    return withLab(options, {}, async (lab) => {
      const node = (await untilSteady(lab)).get('west') ?? ''
      await quietEast(lab)
      const parts = await partsOf(lab, node)
      const results = await change(lab, parts, { clusters: 2, options })
      for (const size of options.quick ? [10] : SIZES) {
        options.say(`${size} clusters`)
        results.push(...(await grow(lab, { node, parts, size, options })))
      }
      return results
    })
  },
}

/** The real remote cluster goes on answering by its charon; its agents would cost what is measured here a second time. */
async function quietEast(lab: Lab): Promise<void> {
  for (const node of clusterOf(lab.layout, 'east').nodes)
    for (const agent of agentsOf(node)) if (agent !== 'charon') await kill(lab, node.name, agent)
}

/** What is weighed, each with the processes that it is. */
type Parts = ReadonlyMap<string, readonly number[]>

async function partsOf(lab: Lab, node: string): Promise<Parts> {
  const pidOf = async (agent: Agent, at = node): Promise<number> => (await daemonOf(lab, agentKey(at, agent)))?.process.pid ?? 0
  const keeper = await pidOf('charon')
  return new Map([
    ['engine', [await pidOf('engine')]],
    ['route-agent', [await pidOf('route-agent')]],
    ['worker', [await pidOf('route-agent', workerOf(lab, 'west').name)]],
    ['charon', [keeper, ...(await childrenOf(keeper))]],
  ])
}

const cpuOf = async (parts: Parts): Promise<ReadonlyMap<string, number>> =>
  new Map(
    await Promise.all(
      [...parts].map(async ([part, pids]) => [part, (await Promise.all(pids.map(cpuMsOf))).reduce((a, b) => a + b, 0)] as const),
    ),
  )

/** CPU milliseconds of each part while something goes on. */
async function spent(parts: Parts, work: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const before = await cpuOf(parts)
  await work()
  return new Map([...(await cpuOf(parts))].map(([part, ms]) => [part, ms - (before.get(part) ?? 0)]))
}

interface Growing {
  readonly node: string
  readonly parts: Parts
  /** Of remote clusters, the real one included. */
  readonly size: number
  readonly options: BenchOptions
}

/** From one remote cluster to so many, all at once; then what they cost; and back. */
async function grow(lab: Lab, { node, parts, size, options }: Growing): Promise<readonly Result[]> {
  const broker = await apiOf(lab, 'broker')
  const fakes = Array.from({ length: size - 1 }, (_, i) => fakeCluster(i))
  const places = { gateway: node, worker: workerOf(lab, 'west').name }
  const began = performance.now()
  let publishedMs = 0
  const arrived: Record<string, number> = {}
  const routes = Object.entries(places).map(async ([title, place]) => {
    await until(
      lab,
      `${size} clusters are routed on ${place}`,
      async () => ((await routeCount(lab, place)) >= 2 * size ? true : lookLater()),
      300_000,
    )
    arrived[title] = performance.now() - began
  })
  const cost = await spent(parts, async () => {
    await publish(broker, fakes)
    publishedMs = performance.now() - began
    await Promise.all(routes)
    await until(
      lab,
      'the engine has a connection for each',
      async () => ((await connectionCount(lab)) >= size ? true : lookLater()),
      300_000,
    )
  })
  options.say(`all routes after ${JSON.stringify(arrived)} ms`)
  // What is left of the storm is collected 15 s after it.
  await wait(options.quick ? 0 : STEADY_MS)
  const settled = await spent(parts, () => wait(options.quick ? 2_000 : STEADY_MS))
  const seconds = (options.quick ? 2_000 : STEADY_MS) / 1000
  const memories = await memoryResults(parts, size)
  const changes = size === SIZES.at(-1) || options.quick ? await change(lab, parts, { clusters: size, options }) : []
  await withdraw(broker, fakes)
  await until(lab, 'the routes are gone', async () => ((await routeCount(lab, places.worker)) <= 4 ? true : undefined), 300_000)
  const of = (series: string, unit: string, value: number, conditions: string) =>
    result({ bench: 'scale', series: `${series}-${size}`, unit, values: [value], conditions })
  const written = `${2 * (size - 1)} objects appear on the broker within ${(publishedMs / 1000).toFixed(2)} s`
  return [
    ...Object.entries(arrived).map(([title, ms]) => of(`routes-${title}`, 'ms', ms, `from the first write to the last route; ${written}`)),
    ...[...cost].map(([part, ms]) => of(`cpu-${part}`, 's', ms / 1000, `until the engine says a state of each; ${written}`)),
    ...[...settled].map(([part, ms]) =>
      of(`steady-${part}`, 'ms/s', ms / seconds, `CPU in ${seconds} s, from ${options.quick ? 0 : STEADY_MS / 1000} s after that`),
    ),
    ...memories,
    ...changes,
  ]
}

const lookLater = async (): Promise<undefined> => void (await wait(LOOK_MS))

const routeCount = async (lab: Lab, place: string): Promise<number> => {
  const { stdout } = await run(lab, place, ['ip', 'route', 'show', 'table', TABLE], { okCodes: [0, 2] })
  return stdout.split('\n').filter((line) => / dev /.test(line)).length
}

async function connectionCount(lab: Lab): Promise<number> {
  const active = (await gatewaysOf(lab, 'west')).find(({ status }) => status?.haStatus === 'active')
  return active?.status.connections.length ?? 0
}

const memoryResults = async (parts: Parts, size: number): Promise<readonly Result[]> =>
  Promise.all(
    [...parts].map(async ([part, pids]) => {
      const { anon, rss, pss } = await memoryOf(pids.at(-1) ?? 0)
      const conditions = `anonymous; RSS ${rss.toFixed(1)}, PSS ${pss.toFixed(1)}`
      return result({ bench: 'scale', series: `memory-${part}-${size}`, unit: 'MB', values: [anon], conditions })
    }),
  )

interface Changing {
  /** Remote clusters that are there. */
  readonly clusters: number
  readonly options: BenchOptions
}

/** CPU of one change of one Endpoint's networks, over what would have been spent anyway. */
async function change(lab: Lab, parts: Parts, { clusters, options }: Changing): Promise<Result[]> {
  const broker = await apiOf(lab, 'broker')
  const changing = fakeCluster(4000)
  await publish(broker, [changing], 'endpoint')
  await wait(options.quick ? 1_000 : 15_000)
  const count = options.quick ? 2 : runsOf(options, CHANGES.count)
  const idle = await spent(parts, () => wait(count * CHANGES.everyMs))
  const busy = await spent(parts, async () => {
    for (let i = 0; i < count; i += 1) {
      await changeNetworks(broker, changing, i)
      await wait(CHANGES.everyMs)
    }
  })
  await withdraw(broker, [changing])
  await until(lab, 'the changed cluster is gone', async () => ((await isKnown(lab, changing.id)) ? undefined : true))
  return [...busy].map(([part, ms]) => {
    const value = (ms - (idle.get(part) ?? 0)) / count
    const conditions = `CPU of one of ${count} changes of an Endpoint’s networks, ${CHANGES.everyMs} ms apart, less that of an idle time of the same length`
    return result({ bench: 'scale', series: `change-${part}-${clusters}`, unit: 'ms', values: [value], conditions })
  })
}

async function isKnown(lab: Lab, id: string): Promise<boolean> {
  const api = await apiOf(lab, 'west')
  return (await api.list('Endpoint', { namespace: NAMESPACE })).items.some(({ spec }) => spec.cluster_id === id)
}
