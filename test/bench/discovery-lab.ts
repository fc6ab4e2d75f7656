// Two clusters joined by tunnels, an agent of each and the DNS server of one: how soon a service has a name, and loses and regains it with its cluster.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeApi } from '../../src/k8s/api.ts'
import { BROKER_SECRET, NAMESPACE } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { exportOf, podOf, podsOf, serviceOf } from '../fakes/services.ts'
import { apiIp, apiOf, kubeconfigOf } from '../lab/access.ts'
import { endDaemon, startAs } from '../lab/daemons.ts'
import { block } from '../lab/filters.ts'
import { API_PORT } from '../lab/layout.ts'
import { argvIn } from '../lab/places.ts'
import type { Lab } from '../lab/state.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type BenchOptions, runsOf } from './bench.ts'
import { untilSteady, workerOf } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

const LIMIT_MS = 60_000
const DNS_PORT = 5353
const SHOP = 'shop'
/** Of a link that loses packets: as many false withdrawals as there are in this time. */
const LOSSY_MS = { quick: 10_000, usual: 600_000, long: 3_600_000 }
const LOSS = ['-p', 'udp', '-m', 'statistic', '--mode', 'random', '--probability', '0.05']

export const measureReach = (options: BenchOptions): Promise<readonly Result[]> =>
  withLab(options, { gateways: 1 }, async (lab) => {
    await untilSteady(lab)
    const [west, east] = [await apiOf(lab, 'west'), await apiOf(lab, 'east')]
    for (const api of [west, east]) await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP } })
    await startAll(lab)
    await using names = watchNames(lab)
    options.say('services are exported')
    const exported = await exportToName(east, names, runsOf(options, 50, 200))
    options.say('the tunnel is cut and mended')
    const { withdraw, back } = await cutAndMend(lab, names, runsOf(options, 5, 20))
    const lossyMs = options.quick ? LOSSY_MS.quick : options.long ? LOSSY_MS.long : LOSSY_MS.usual
    options.say(`the tunnel loses 5 % each way for ${lossyMs / 1_000} s`)
    const lost = await falseWithdrawals(lab, names, lossyMs)
    const where = 'the other cluster is reached by a real tunnel; `subctl dns` of west is asked every 5 ms'
    const of = (series: string, unit: string, values: readonly number[], what: string): Result =>
      result({ bench: 'discovery', series, unit, values, conditions: `${what}; ${where}` })
    return [
      of('export-to-name', 'ms', exported, 'from the ServiceExport in east until west’s DNS has its address'),
      of('withdraw', 'ms', withdraw, 'east’s router drops the tunnel’s packets, until west’s DNS has no address of east'),
      of(
        'return',
        'ms',
        back,
        'it passes them again, until west’s DNS has the address; the first loss in five minutes, as the agents see it',
      ),
      of('false-withdrawals', 'times', [lost], `in ${lossyMs / 1_000} s while east’s router drops 5 % of the tunnel’s packets each way`),
    ]
  })

const agentsOf = (lab: Lab): readonly { readonly key: string; readonly place: string; readonly argv: readonly string[] }[] => {
  const access = (cluster: string): readonly string[] => ['--kubeconfig', kubeconfigOf(lab), '--context', cluster, '--cluster-id', cluster]
  const place = (cluster: string): string => workerOf(lab, cluster).name
  const quiet = ['--metrics-listen', 'off', '--namespace', NAMESPACE]
  const agents = ['west', 'east'].map((cluster) => {
    const secrets = join(lab.folder, 'secrets', cluster, 'engine', 'submariner.io', BROKER_SECRET)
    const broker = ['--broker-url', `${apiIp(lab, 'broker')}:${API_PORT}`, '--broker-secrets-dir', secrets]
    return { key: `${cluster}.discovery`, place: place(cluster), argv: [SUBCTL, 'discovery', ...access(cluster), ...quiet, ...broker] }
  })
  const listen = ['--listen', `127.0.0.1:${DNS_PORT}`, '--grace', '0ms', '--most-per-client', '1000000']
  return [...agents, { key: 'west.dns', place: place('west'), argv: [SUBCTL, 'dns', ...access('west'), ...quiet, ...listen] }]
}
const startAll = async (lab: Lab): Promise<void> =>
  void (await Promise.all(agentsOf(lab).map(({ key, ...spec }) => startAs(lab, key, { ...spec, env: {} }))))

/** What the agents remember of earlier losses goes with them. */
async function startAgain(lab: Lab): Promise<void> {
  await Promise.all(agentsOf(lab).map(({ key }) => endDaemon(lab, key, 'SIGTERM')))
  await startAll(lab)
}

interface Names extends AsyncDisposable {
  /** From now on this name is asked for. */
  follow(name: string): void
  /** Milliseconds since the epoch at which the answer came to be so. */
  until(isWanted: (addresses: string) => boolean): Promise<number>
  /** How often a name that was there went. */
  losses(): number
}

function watchNames(lab: Lab): Names {
  const [program, ...args] = argvIn(lab, workerOf(lab, 'west').name, [
    process.execPath,
    '--no-warnings',
    join(import.meta.dirname, 'dns-watch.ts'),
    String(DNS_PORT),
  ])
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let [followed, lost] = ['', 0]
  let last = { atMs: 0, addresses: '' }
  createInterface(child.stdout).on('line', (line) => {
    const [at = '', name, addresses = ''] = line.split(' ')
    if (name !== followed) return
    if (addresses === 'none' && last.addresses !== 'none' && last.addresses !== '') lost += 1
    last = { atMs: Number(at), addresses }
  })
  return {
    follow(name) {
      followed = `${name}.${SHOP}.svc.clusterset.local`
      last = { atMs: 0, addresses: '' }
      child.stdin.write(`${followed}\n`)
    },
    async until(isWanted) {
      for (const end = Date.now() + LIMIT_MS; Date.now() < end; await wait(2))
        if (last.addresses !== '' && isWanted(last.addresses)) return last.atMs
      throw new Error(`${followed} is ${last.addresses}`)
    },
    losses: () => lost,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await new Promise((settle) => child.once('exit', settle))
    },
  }
}
const none = (addresses: string): boolean => addresses === 'none'
const some = (addresses: string): boolean => addresses !== 'none'

const create = async (api: KubeApi, object: Resource): Promise<void> =>
  void (await api.create({ ...object, metadata: { ...object.metadata, uid: undefined, creationTimestamp: undefined } as never }))

async function exportToName(east: KubeApi, names: Names, count: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i += 1) {
    const [name, address] = [`web-${i}`, `100.2.200.${i + 1}`]
    await create(east, serviceOf(name, { clusterIP: address, clusterIPs: [address] }))
    await create(east, podsOf(name, [podOf('10.2.3.10')]))
    names.follow(name)
    await names.until(none)
    await wait(100)
    const began = Date.now()
    await create(east, exportOf(name))
    times.push((await names.until(some)) - began)
  }
  return times
}

async function cutAndMend(lab: Lab, names: Names, count: number): Promise<{ readonly withdraw: number[]; readonly back: number[] }> {
  const [withdraw, back]: [number[], number[]] = [[], []]
  for (let i = 0; i < count; i += 1) {
    if (i > 0) await startAgain(lab)
    names.follow('web-0')
    await names.until(some)
    // Not always at the same moment between two requests.
    await wait(3_000 + Math.random() * 1_000)
    let began = Date.now()
    const cut = await block(lab, 'east', ['-p', 'udp'])
    withdraw.push((await names.until(none)) - began)
    await wait(1_000)
    began = Date.now()
    await cut.lift()
    back.push((await names.until(some)) - began)
  }
  return { withdraw, back }
}

async function falseWithdrawals(lab: Lab, names: Names, forMs: number): Promise<number> {
  names.follow('web-0')
  await names.until(some)
  const before = names.losses()
  await using _ = await block(lab, 'east', LOSS)
  await wait(forMs)
  return names.losses() - before
}
