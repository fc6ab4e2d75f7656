// The central API server by itself: how fast it writes, how fast 250 watchers know, and what it weighs.
import { performance } from 'node:perf_hooks'
import { tlsOf } from '../../src/k8s/access.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import type { Endpoint } from '../../src/model/resources.ts'
import { openHttp } from '../../src/system/http.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type Bench, type BenchOptions, runsOf } from './bench.ts'
import { type CentralServer, openCentral } from './central.ts'
import { cpuMsOf, memoryOf, readAgainFromDisk } from './cost.ts'
import { fakeCluster } from './fake-clusters.ts'
import { type Result, result } from './series.ts'

const WRITERS = 16

export const centralApi: Bench = {
  name: 'central-api',
  brief: 'writes per second, time until 250 watchers have heard of one, memory',
  needsRoot: false,
  async run(options) {
    await readAgainFromDisk(SUBCTL)
    await using server = await openCentral()
    const api = openApi(server.access)
    await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: BROKER_NAMESPACE } }).catch(() => undefined)
    const endpoints = await Promise.all(Array.from({ length: options.quick ? 20 : 250 }, (_, i) => api.create(fakeCluster(i).endpoint)))
    options.say('writes')
    const writes = await measureWrites(server, endpoints, options)
    options.say('watchers')
    const fanOut = await measureFanOut(server, api, options)
    return [...writes, ...fanOut]
  },
}

async function measureWrites(
  { access, process }: CentralServer,
  endpoints: readonly Endpoint[],
  options: BenchOptions,
): Promise<readonly Result[]> {
  const api = openApi(access)
  const lasting = options.quick ? 200 : 2_000
  const rates: number[] = []
  const times: number[] = []
  const burst: number[] = []
  const before = await cpuMsOf(process.pid)
  for (let run = 0; run < runsOf(options, 5, 10); run += 1)
    rates.push(await writeFor(api, endpoints, { writers: WRITERS, lasting, times: burst }))
  const cpu = ((await cpuMsOf(process.pid)) - before) / burst.length
  await writeFor(api, endpoints, { writers: 1, lasting, times })
  const of = `patches of ${endpoints.length} Endpoints, each on disk before it is answered`
  return [
    result({ bench: 'central-api', series: 'writes', unit: '1/s', values: rates, conditions: `${WRITERS} writers at once; ${of}` }),
    result({
      bench: 'central-api',
      series: 'write-cpu',
      unit: 'ms',
      values: [cpu],
      conditions: `the server’s CPU for each of these ${burst.length} writes`,
    }),
    result({ bench: 'central-api', series: 'write', unit: 'ms', values: times, conditions: `one writer; ${of}` }),
  ]
}

interface Writing {
  readonly writers: number
  readonly lasting: number
  /** Gets how long each write took. */
  readonly times: number[]
}

/** Writes for so many milliseconds; gives writes per second. */
async function writeFor(api: KubeApi, endpoints: readonly Endpoint[], { writers, lasting, times }: Writing): Promise<number> {
  const began = performance.now()
  let count = 0
  const write = async (): Promise<void> => {
    while (performance.now() - began < lasting) {
      const { metadata } = endpoints[count % endpoints.length] ?? fakeCluster(0).endpoint
      count += 1
      const sent = performance.now()
      await api.patch('Endpoint', metadata.name, BROKER_NAMESPACE, { metadata: { annotations: { written: String(count) } } })
      times.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  return (count * 1000) / (performance.now() - began)
}

async function measureFanOut(server: CentralServer, api: KubeApi, options: BenchOptions): Promise<readonly Result[]> {
  const before = await memoryOf(server.process.pid)
  const count = options.quick ? 10 : 250
  await using watchers = await openWatchers(server, api, count)
  const values: number[] = []
  const { metadata } = fakeCluster(0).endpoint
  const times = options.quick ? 2 : 100
  for (let i = 0; i < times; i += 1) {
    const mark = `fan-out-${i}`
    const heard = watchers.heard(mark)
    const began = performance.now()
    await api.patch('Endpoint', metadata.name, BROKER_NAMESPACE, { metadata: { annotations: { mark } } })
    await heard
    values.push(performance.now() - began)
  }
  const { anon, rss, pss } = await memoryOf(server.process.pid)
  const weight = `with ${count} watchers after all writes; RSS ${rss.toFixed(1)}, PSS ${pss.toFixed(1)}; before the watchers ${before.anon.toFixed(1)} (RSS ${before.rss.toFixed(1)})`
  const how = `from the request to the last of ${count} watchers of one client, over TLS`
  return [
    result({ bench: 'central-api', series: 'fan-out', unit: 'ms', values, conditions: how }),
    result({ bench: 'central-api', series: 'memory', unit: 'MB', values: [anon], conditions: weight }),
  ]
}

interface Watchers extends AsyncDisposable {
  /** Settles when every watcher has read a line with the mark. */
  heard(mark: string): Promise<void>
}

async function openWatchers({ access }: CentralServer, api: KubeApi, count: number): Promise<Watchers> {
  const credentials = await access.credentials()
  const http = openHttp(tlsOf(access, credentials))
  const { version } = await api.list('Endpoint', { namespace: BROKER_NAMESPACE })
  const stop = new AbortController()
  const url = `${access.server}/apis/submariner.io/v1/namespaces/${BROKER_NAMESPACE}/endpoints?watch=true&resourceVersion=${version}`
  let waiting: { readonly mark: string; left: number; done: () => void } | undefined
  const read = async (lines: AsyncIterable<string>): Promise<void> => {
    for await (const line of lines) {
      if (waiting === undefined || !line.includes(`"${waiting.mark}"`)) continue
      waiting.left -= 1
      if (waiting.left === 0) waiting.done()
    }
  }
  const streams = await Promise.all(
    Array.from({ length: count }, () =>
      http.stream({ url, headers: { authorization: `Bearer ${credentials.token}` }, timeoutMs: 30_000, signal: stop.signal }),
    ),
  )
  // They end by the signal alone.
  const readers = streams.map(({ lines }) => read(lines).catch(() => undefined))
  return {
    heard: (mark) =>
      new Promise((settle) => {
        waiting = { mark, left: count, done: settle }
      }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(readers)
    },
  }
}
