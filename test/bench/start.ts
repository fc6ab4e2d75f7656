// How long a start takes: of the binary, and of an engine until the others can know of it.
import { performance } from 'node:perf_hooks'
import type { KubeApi } from '../../src/k8s/api.ts'
import { BROKER_NAMESPACE, GATEWAY_LEASE, NAMESPACE } from '../../src/model/names.ts'
import { exec } from '../../src/system/exec.ts'
import { apiOf } from '../lab/access.ts'
import { kill, start as startAgent } from '../lab/agents.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type Bench, type BenchOptions, repeat, runsOf } from './bench.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

export const start: Bench = {
  name: 'start',
  brief: 'process start to the end of `version`, and to the engine’s Endpoint on the broker',
  needsRoot: true,
  run: async (options) => [await version(options), await engine(options)],
}

async function version(options: BenchOptions): Promise<Result> {
  options.say('subctl version')
  await exec([SUBCTL, 'version'])
  const values = await repeat(runsOf(options, 30, 100), async () => {
    const began = performance.now()
    await exec([SUBCTL, 'version'])
    return performance.now() - began
  })
  return result({ bench: 'start', series: 'version', unit: 'ms', values, conditions: 'the process from spawn to its end' })
}

const NODE = 'west-gw1'

const engine = (options: BenchOptions): Promise<Result> =>
  withLab(options, { stopAt: 'joined' }, async (lab) => {
    const [local, broker] = await Promise.all([apiOf(lab, 'west'), apiOf(lab, 'broker')])
    await startAgent(lab, NODE, 'charon')
    const values = await repeat(runsOf(options, 10, 20), async (index) => {
      await forget(local, NAMESPACE)
      await forget(broker, BROKER_NAMESPACE)
      await using published = await watchEndpoints(broker)
      const began = performance.now()
      await startAgent(lab, NODE, 'engine')
      const ms = (await published.first) - began
      options.say(`engine ${index + 1}: ${ms.toFixed(0)} ms`)
      await kill(lab, NODE, 'engine')
      return ms
    })
    const conditions =
      'alone in its cluster, charon runs; nothing of an earlier run on either API; the lab reads its settings from the API first'
    return result({ bench: 'start', series: 'engine', unit: 'ms', values, conditions })
  })

/** As if the engine had never run. */
async function forget(api: KubeApi, namespace: string): Promise<void> {
  for (const kind of ['Endpoint', 'Cluster', 'Gateway'] as const)
    for (const { metadata } of (await api.list(kind, { namespace })).items) await api.remove(kind, metadata.name, namespace)
  if (namespace === NAMESPACE) await api.remove('Lease', GATEWAY_LEASE, namespace)
}

interface Published extends AsyncDisposable {
  /** The time when the first Endpoint was heard of. */
  readonly first: Promise<number>
}

async function watchEndpoints(api: KubeApi): Promise<Published> {
  const stop = new AbortController()
  const { version } = await api.list('Endpoint', { namespace: BROKER_NAMESPACE })
  const first = Promise.withResolvers<number>()
  const watching = (async () => {
    for await (const event of api.watch('Endpoint', version, { namespace: BROKER_NAMESPACE }, stop.signal))
      if (event.type === 'put') first.resolve(performance.now())
  })().catch(first.reject)
  return {
    first: first.promise,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watching
    },
  }
}
