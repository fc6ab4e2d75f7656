// How soon the others know: a change of an Endpoint in one cluster's API until it stands in another's API, and in a kernel there.
import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeApi } from '../../src/k8s/api.ts'
import { BROKER_NAMESPACE, NAMESPACE } from '../../src/model/names.ts'
import type { Endpoint } from '../../src/model/resources.ts'
import { apiOf } from '../lab/access.ts'
import { agentsOf, kill } from '../lab/agents.ts'
import { nodesOf } from '../lab/layout.ts'
import { argvIn } from '../lab/places.ts'
import type { Lab } from '../lab/state.ts'
import { type Bench, type BenchOptions, runsOf } from './bench.ts'
import { fakeCluster } from './fake-clusters.ts'
import { until, untilSteady, workerOf } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

/** Between two changes: each is over before the next. */
const PAUSE_MS = 300
const LIMIT_MS = 30_000
const MARK = 'bench-mark'

export const propagation: Bench = {
  name: 'propagation',
  brief: 'an Endpoint changed in west’s API until the change is in east’s API, and in the kernel of a worker of east',
  needsRoot: true,
  run: (options) =>
    withLab(options, {}, async (lab) => {
      const leaders = await untilSteady(lab)
      const all = await measure(lab, options)
      options.say('the agents that have no part in it are ended')
      await quietOthers(lab, new Set(leaders.values()))
      const alone = await measure(lab, options)
      const how = 'heard by watches and `ip monitor` of one process'
      const chain =
        'the own Endpoint has nothing that east’s kernel shows: when its change is on the broker, another Endpoint’s network changes there, and the time until the route counts from the first change on: one hop of the bench is in it'
      const few =
        'only the leading engine of each side and the route agent of that worker run: closer to nodes that are machines of their own'
      const of = (series: string, values: readonly number[], ...conditions: string[]): Result =>
        result({ bench: 'propagation', series, unit: 'ms', values, conditions: [how, ...conditions].join('; ') })
      return [
        of('east-api', all.inApi),
        of('east-kernel', all.inKernel, chain),
        of('east-api-alone', alone.inApi, few),
        of('east-kernel-alone', alone.inKernel, chain, few),
      ]
    }),
}

/** Ends every agent that has no part in what is measured, and leaves charon and the tunnels as they are. */
async function quietOthers(lab: Lab, leaders: ReadonlySet<string>): Promise<void> {
  const worker = workerOf(lab, 'east').name
  for (const node of nodesOf(lab.layout))
    for (const agent of agentsOf(node))
      if ((agent === 'engine' && !leaders.has(node.name)) || (agent === 'route-agent' && node.name !== worker))
        await kill(lab, node.name, agent)
}

interface Times {
  readonly inApi: number[]
  readonly inKernel: number[]
}

async function measure(lab: Lab, options: BenchOptions): Promise<Times> {
  const [west, broker, east] = await Promise.all(['west', 'broker', 'east'].map((name) => apiOf(lab, name)))
  if (west === undefined || broker === undefined || east === undefined) throw new Error('the lab has no APIs')
  const own = await until(lab, 'west has an Endpoint', async () => await ownEndpoint(west, 'west'))
  // An Endpoint without a Cluster object has the networks that it says, so that they can change.
  const { endpoint, networks } = fakeCluster(1)
  const second = fakeCluster(2).networks[0] ?? ''
  await broker.create(endpoint)
  await using _ = { [Symbol.asyncDispose]: async () => void (await broker.remove('Endpoint', endpoint.metadata.name, BROKER_NAMESPACE)) }
  await using atBroker = await openWatch(broker, BROKER_NAMESPACE, own.metadata.name)
  await using atEast = await openWatch(east, NAMESPACE, own.metadata.name)
  await using kernel = openMonitor(lab, workerOf(lab, 'east').name)
  await wait(2_000)
  const run = Date.now()
  const times: Times = { inApi: [], inKernel: [] }
  for (let i = 1; i <= runsOf({ ...options }, 50, 100); i += 1) {
    const mark = `${run}-${i}`
    const subnets = i % 2 === 1 ? [...networks, second] : networks
    const arrived = Promise.all([
      atEast.marked(mark).then(() => performance.now()),
      atBroker
        .marked(mark)
        .then(async () => {
          // Listening first: on a busy machine the kernel may be heard before the answer to the patch is.
          const heard = kernel.said(second)
          await broker.patch('Endpoint', endpoint.metadata.name, BROKER_NAMESPACE, { spec: { subnets } })
          await heard
        })
        .then(() => performance.now()),
    ])
    const began = performance.now()
    await west.patch('Endpoint', own.metadata.name, NAMESPACE, { metadata: { annotations: { [MARK]: mark } } })
    const [api, route] = await limited(arrived)
    times.inApi.push(api - began)
    times.inKernel.push(route - began)
    await wait(PAUSE_MS)
  }
  return times
}

async function ownEndpoint(api: KubeApi, cluster: string): Promise<Endpoint | undefined> {
  return (await api.list('Endpoint', { namespace: NAMESPACE })).items.find(({ spec }) => spec.cluster_id === cluster)
}

async function limited<T>(work: Promise<T>): Promise<T> {
  const late = wait(LIMIT_MS, undefined, { ref: false }).then(() => {
    throw new Error(`a change has not arrived within ${LIMIT_MS / 1000} s`)
  })
  return Promise.race([work, late])
}

interface Watch extends AsyncDisposable {
  /** Settles when the Endpoint carries the mark. */
  marked(mark: string): Promise<void>
}

async function openWatch(api: KubeApi, namespace: string, name: string): Promise<Watch> {
  const stop = new AbortController()
  const { version } = await api.list('Endpoint', { namespace })
  let waiting: { readonly mark: string; done: () => void } | undefined
  const watching = (async () => {
    for await (const event of api.watch('Endpoint', version, { namespace }, stop.signal)) {
      if (event.type !== 'put' || event.object.metadata.name !== name) continue
      if (event.object.metadata.annotations?.[MARK] === waiting?.mark) waiting?.done()
    }
  })()
  return {
    marked: (mark) =>
      new Promise((settle) => {
        waiting = { mark, done: settle }
      }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watching.catch(() => undefined)
    },
  }
}

interface Monitor extends AsyncDisposable {
  /** Settles at the next word of the kernel about a route to the network. */
  said(network: string): Promise<void>
}

function openMonitor(lab: Lab, place: string): Monitor {
  const argv = argvIn(lab, place, ['ip', 'monitor', 'route'])
  const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((settle) => child.once('close', settle))
  let waiting: { readonly network: string; done: () => void } | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (waiting !== undefined && text.includes(waiting.network)) waiting.done()
  })
  return {
    said: (network) =>
      new Promise((settle) => {
        waiting = { network, done: settle }
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
