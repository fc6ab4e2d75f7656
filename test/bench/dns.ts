// The DNS server on one core, asked from another: `subctl dns`, and CoreDNS beside it with the same names.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { exec } from '../../src/system/exec.ts'
import { kubeProgram } from '../cluster/control-plane.ts'
import { ask as askOnce, freePort } from '../discovery/dns/client.ts'
import { isRunning, type ProcessId, signal, startDaemon, waitEnded } from '../lab/processes.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type Bench, type BenchOptions, repeat, runsOf } from './bench.ts'
import { AS_IN_POD, cpuMsOf, memoryOf, readAgainFromDisk } from './cost.ts'
import { CLUSTERS, type DnsApi, NAMESPACE, nameOfService, openDnsApi } from './dns-api.ts'
import { ask, type Load, writeQuestions } from './dns-load.ts'
import { type Result, result } from './series.ts'

const [FEW, MANY] = [100, 5_000]
const LATENCY_RATE = 1_000
const START_LIMIT_MS = 120_000
/** Of the server's memory: what its start has left over is collected by then. */
const SETTLE_MS = 30_000

export const dns: Bench = {
  name: 'dns',
  brief: 'queries a second of one core with 100 and 5000 services, latency, CoreDNS beside it, memory',
  needsRoot: true,
  async run(options) {
    if (availableParallelism() < 2) throw new Error('needs two cores: one for the server, one for who asks')
    await exec([join(import.meta.dirname, '..', '..', 'scripts', 'setup'), 'dns'], { timeoutMs: 600_000 })
    await readAgainFromDisk(SUBCTL)
    const folder = await mkdtemp(join(tmpdir(), 'subctl-bench-dns-'))
    try {
      const few = await measure({ folder, services: FEW, ...OURS }, options, ['qps'])
      const many = await measure({ folder, services: MANY, ...OURS }, options, ['qps', 'latency', 'memory'])
      return [...few, ...many, ...(await besideUs(folder, options))]
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

async function besideUs(folder: string, options: BenchOptions): Promise<readonly Result[]> {
  if (existsSync(kubeProgram('coredns'))) return measure({ folder, services: MANY, ...COREDNS }, options, ['qps'])
  options.say(`no CoreDNS in ${kubeProgram('coredns')}: scripts/kube-build makes it`)
  return []
}

interface Kind {
  /** Beginning of the names of its series. */
  readonly label: string
  readonly about: string
  readonly scheme: 'http' | 'https'
  /** Writes its configuration and gives what starts it. */
  readonly command: (folder: string, api: DnsApi, port: number) => Promise<readonly string[]>
}
interface Scene extends Kind {
  readonly folder: string
  readonly services: number
}
type What = 'qps' | 'latency' | 'memory'

/** Has a process find its ServiceAccount where a pod's is, without a trace on the machine. */
const AS_POD =
  'mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io && ln -s "$1" /run/secrets/kubernetes.io/serviceaccount && shift && exec "$@"'

const OURS: Kind = {
  label: '',
  about: 'of three clusters that are answered in turn',
  scheme: 'https',
  async command(folder, api, port) {
    const account = join(folder, 'account')
    await mkdir(account, { recursive: true })
    await Promise.all([writeFile(join(account, 'token'), 'any'), writeFile(join(account, 'ca.crt'), api.ca ?? '')])
    const environment = ['env', ...AS_IN_POD, 'KUBERNETES_SERVICE_HOST=127.0.0.1', `KUBERNETES_SERVICE_PORT=${api.port}`]
    const place = ['--listen', `127.0.0.1:${port}`, '--metrics-listen', 'off', '--grace', '0ms', '--most-per-client', '1000000']
    return ['unshare', '--mount', 'sh', '-c', AS_POD, 'sh', account, ...environment, SUBCTL, 'dns', '--cluster-id', 'west', ...place]
  },
}
const COREDNS: Kind = {
  label: 'coredns-',
  about: 'each with an address of the clusterset, by its plugin kubernetes with the option multicluster, and cache 5',
  scheme: 'http',
  async command(folder, api, port) {
    const file = join(folder, 'Corefile')
    const plugin = `kubernetes clusterset.local {\n    endpoint http://127.0.0.1:${api.port}\n    multicluster clusterset.local\n    ttl 5\n  }`
    await writeFile(file, `clusterset.local:${port} {\n  errors\n  ${plugin}\n  cache 5\n}\n`)
    return [kubeProgram('coredns'), '-conf', file]
  },
}

async function measure(scene: Scene, options: BenchOptions, whats: readonly What[]): Promise<readonly Result[]> {
  const { folder, services, label } = scene
  options.say(`${label === '' ? 'subctl dns' : 'CoreDNS'} with ${services} services`)
  await using api = await openDnsApi(services, scene.scheme)
  const port = await freePort()
  const log = join(folder, `${label}${services}.log`)
  const server = startDaemon(['taskset', '-c', '1', ...(await scene.command(folder, api, port))], log, { PATH: '/usr/bin:/bin' })
  try {
    await untilAll(server, port, services)
    const questions = join(folder, `questions-${services}`)
    await writeQuestions(
      questions,
      Array.from({ length: services }, (_, i) => fullName(i)),
    )
    const load: Load = { port, questions, core: 0, seconds: options.quick ? 1 : 5 }
    const results: Result[] = []
    for (const what of whats) results.push(await MEASURES[what](scene, { server, load, options }))
    return results
  } catch (error) {
    console.error(await readFile(log, 'utf8'))
    throw error
  } finally {
    signal(server, 'SIGTERM')
    await waitEnded(server)
  }
}

const fullName = (i: number): string => `${nameOfService(i)}.${NAMESPACE}.svc.clusterset.local`

/** Until the last of the services has an address. */
async function untilAll(server: ProcessId, port: number, services: number): Promise<void> {
  for (const until = performance.now() + START_LIMIT_MS; performance.now() < until; await wait(50)) {
    if (!isRunning(server)) break
    const answers = [0, services - 1].map((i) => askOnce(port, fullName(i)))
    if ((await Promise.all(answers)).every((answer) => answer?.answers.length === 1)) return
  }
  throw new Error('the server does not answer')
}

interface Running {
  readonly server: ProcessId
  readonly load: Load
  readonly options: BenchOptions
}

const MEASURES: Readonly<Record<What, (scene: Scene, running: Running) => Promise<Result>>> = { qps, latency, memory }

/** As many questions as it answers, a hundred open at a time. The first rounds, one for each cluster, fill its caches and are not counted. */
async function qps({ label, services, about }: Scene, { server, load, options }: Running): Promise<Result> {
  await ask({ ...load, seconds: 60, rounds: CLUSTERS.length })
  const before = await cpuMsOf(server.pid)
  const runs = await repeat(runsOf(options, 5, 10), () => ask(load))
  const cpu = (1_000 * ((await cpuMsOf(server.pid)) - before)) / runs.reduce((sum, { completed }) => sum + completed, 0)
  const conditions = `A of ${services} services ${about}, over UDP; the server on one core, dnsperf on another; ${cpu.toFixed(1)} µs of the server’s CPU each`
  const series = label === '' ? `qps-${services}` : `${label}qps`
  return result({ bench: 'dns', series, unit: '1/s', values: runs.map(({ perSecond }) => perSecond), conditions })
}

async function latency({ services }: Scene, { load, options }: Running): Promise<Result> {
  const runs = await repeat(runsOf(options, 3, 10), () => ask({ ...load, perSecond: LATENCY_RATE }))
  const conditions = `A of ${services} services at ${LATENCY_RATE} a second, as dnsperf sees it`
  return result({ bench: 'dns', series: 'latency', unit: 'ms', values: runs.flatMap(({ latenciesMs }) => latenciesMs), conditions })
}

async function memory({ services }: Scene, { server, options }: Running): Promise<Result> {
  await wait(options.quick ? 1_000 : SETTLE_MS)
  const { anon, rss } = await memoryOf(server.pid)
  const most = Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1_000
  const conditions = `RSS of one process with ${services} services of three clusters, after the load, with ${AS_IN_POD.join(' ')}; anonymous ${anon.toFixed(1)}, at most ${most.toFixed(0)} at the start`
  return result({ bench: 'dns', series: 'dns-memory', unit: 'MB', values: [rss], conditions })
}
