// A link between two clusters that loses packets all the time: what the other cluster has stays where it is, and goes when that cluster is dead.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { lossMinutes } from '../../scripts/test-suites.ts'
import { openStore } from '../../src/k8s/store.ts'
import type { EndpointSlice } from '../../src/model/mcs.ts'
import { realClock } from '../../src/system/clock.ts'
import { exec } from '../../src/system/exec.ts'
import { silentLog } from '../../src/system/log.ts'
import { apiOf } from '../lab/access.ts'
import { logOf } from '../lab/daemons.ts'
import { block, lose } from '../lab/filters.ts'
import { MINUTE, report, testLab } from '../lab/harness.ts'
import { processesIn } from '../lab/network.ts'
import { untilConnected } from '../lab/pairs.ts'
import { discoveryKey, type Names, none, SHOP, serve, some, startServices, watchNames, wish } from '../lab/services.ts'
import type { Lab } from '../lab/state.ts'
import { until, wait } from '../lab/until.ts'

const { up, down, explained } = testLab({ name: 'loss', gateways: 1, workers: 0 })
const LOSS = 0.05
const ASK_MS = 100
const CLUSTERS = ['west', 'east'] as const
/** What each cluster exports, and so the other imports. */
const SERVICES = ['web', 'db', 'mail'] as const

const otherOf = (cluster: string): string => (cluster === 'west' ? 'east' : 'west')
const nameIn = (cluster: string, service: string): string => `${cluster}-${service}`

/** A program that waits for its turn answers as late as one whose packets are lost: other tests on the machine are not what is tried here. */
async function goFirst({ layout }: Lab): Promise<void> {
  const pids = (await processesIn(layout)).map(String)
  await exec(['renice', '-n', '-15', '-p', ...pids], { okCodes: [0, 1] })
}

interface Watch extends AsyncDisposable {
  /** How often a name had no address, and a backend of the other cluster was not ready. */
  counts(): { readonly names: number; readonly backends: number }
}

/** Both clusters at once: one name is asked for, all backends are followed. */
async function watchBoth(lab: Lab): Promise<Watch> {
  await using stack = new AsyncDisposableStack()
  const names: Names[] = []
  const state = { backends: 0 }
  for (const cluster of CLUSTERS) {
    const watch = stack.use(watchNames(lab, cluster, ASK_MS))
    watch.follow(nameIn(otherOf(cluster), SERVICES[0]))
    await watch.until(some)
    names.push(watch)
    stack.use(await followBackends(lab, cluster, () => (state.backends += 1)))
  }
  const end = stack.move()
  return {
    counts: () => ({ names: names.reduce((sum, one) => sum + one.losses(), 0), backends: state.backends }),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  }
}

const isAway = ({ endpoints }: EndpointSlice): boolean => (endpoints ?? []).some(({ conditions }) => conditions?.ready === false)

/** Tells each time that a slice of the other cluster turns not ready, or goes. */
async function followBackends(lab: Lab, cluster: string, tell: () => void): Promise<AsyncDisposable> {
  const stop = new AbortController()
  const query = { namespace: SHOP, labels: { 'multicluster.kubernetes.io/source-cluster': otherOf(cluster) } }
  let there: ReadonlyMap<string, boolean> = new Map()
  const store = openStore(await apiOf(lab, cluster), 'EndpointSlice', {
    ...{ clock: realClock, log: silentLog, signal: stop.signal, query },
    onChange() {
      const now = new Map(store.all().map((slice) => [slice.metadata.name, isAway(slice)]))
      for (const [name, wasAway] of there) if (!wasAway && now.get(name) !== false) tell()
      there = now
    },
  })
  await store.ready
  expect(there.size).toBe(SERVICES.length)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await store.ended
    },
  }
}

/** How often the agents have found the other cluster out of reach. */
async function verdicts(lab: Lab): Promise<number> {
  const logs = await Promise.all(CLUSTERS.map((cluster) => readFile(logOf(lab, discoveryKey(cluster)), 'utf8')))
  return logs.flatMap((log) => log.match(/the gateways do not reach a cluster/g) ?? []).length
}

async function exportAll(lab: Lab): Promise<void> {
  for (const [i, cluster] of CLUSTERS.entries())
    for (const [k, service] of SERVICES.entries()) {
      const [api, name] = [await apiOf(lab, cluster), nameIn(cluster, service)]
      await serve(api, name, { address: `100.${i + 1}.200.${k + 1}`, pod: `10.${i + 1}.3.10` })
      await wish(api, name)
    }
  for (const cluster of CLUSTERS) {
    const api = await apiOf(lab, cluster)
    const query = { namespace: SHOP, labels: { 'multicluster.kubernetes.io/source-cluster': otherOf(cluster) } }
    const isThere = async (): Promise<boolean> =>
      (await api.list('EndpointSlice', query)).items.filter((one) => !isAway(one)).length === SERVICES.length
    await until(`${cluster} has the services of the other`, isThere, 2 * MINUTE)
  }
}

describe('a link that loses 5 % of the packets each way', () => {
  beforeAll(async () => {
    await up()
    await explained(async (lab) => {
      await untilConnected(lab, 2 * MINUTE)
      await startServices(lab)
      await goFirst(lab)
      await exportAll(lab)
    })()
  }, 8 * MINUTE)
  afterAll(down, MINUTE)

  it(
    `takes nothing of the other cluster away in ${lossMinutes()} minutes`,
    explained(async (lab) => {
      const before = await verdicts(lab)
      await using watch = await watchBoth(lab)
      await using loss = await lose(lab, 'east', LOSS)
      await wait(lossMinutes() * MINUTE)
      const { seen, dropped } = await loss.counts()
      report('datagrams of the tunnel that were lost', `${dropped} of ${seen}`)
      report('withdrawals', watch.counts().names, 'of a name', '0')
      expect({ ...watch.counts(), verdicts: (await verdicts(lab)) - before }).toEqual({ names: 0, backends: 0, verdicts: 0 })
      // A link that lost nothing has proved nothing.
      expect(seen).toBeGreaterThan(100 * lossMinutes())
      expect(Math.abs(dropped / seen - LOSS)).toBeLessThan(LOSS / 2)
    }),
    (lossMinutes() + 4) * MINUTE,
  )

  it(
    'and is dead has all of it taken away, and is back when packets pass again',
    explained(async (lab) => {
      const before = await verdicts(lab)
      await using watch = await watchBoth(lab)
      await using names = watchNames(lab, 'west')
      names.follow(nameIn('east', SERVICES[1]))
      await names.until(some)
      await using _ = await lose(lab, 'east', LOSS)
      const began = Date.now()
      await using cut = await block(lab, 'east', ['-p', 'udp'])
      report('dead cluster out of DNS, on a link that loses packets', (await names.until(none)) - began, 'ms', '< 3000')
      await until(
        'every name and backend is gone',
        async () => watch.counts().names === 2 && watch.counts().backends === 2 * SERVICES.length,
      )
      expect((await verdicts(lab)) - before).toBe(2)
      const mended = Date.now()
      await cut.lift()
      report('back in DNS', (await names.until(some)) - mended, 'ms')
    }),
    4 * MINUTE,
  )
})
