// Two clusters joined by tunnels, an agent of each and the DNS server of one: how soon a service has a name, and loses and regains it with its cluster.
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeApi } from '../../src/k8s/api.ts'
import { apiOf } from '../lab/access.ts'
import { block, lose } from '../lab/filters.ts'
import { type Names, none, restartServices, serve, some, startServices, watchNames, wish } from '../lab/services.ts'
import type { Lab } from '../lab/state.ts'
import { type BenchOptions, runsOf } from './bench.ts'
import { untilSteady } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withLab } from './with-lab.ts'

/** Of a link that loses packets: as many false withdrawals as there are in this time. The suite `loss` has as much of it as is asked for. */
const LOSSY_MS = { quick: 10_000, usual: 60_000, long: 600_000 }
const LOSS = 0.05

export const measureReach = (options: BenchOptions): Promise<readonly Result[]> =>
  withLab(options, { gateways: 1 }, async (lab) => {
    await untilSteady(lab)
    await startServices(lab)
    await using names = watchNames(lab, 'west')
    options.say('services are exported')
    const exported = await exportToName(await apiOf(lab, 'east'), names, runsOf(options, 50, 200))
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

async function exportToName(east: KubeApi, names: Names, count: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i += 1) {
    const [name, address] = [`web-${i}`, `100.2.200.${i + 1}`]
    await serve(east, name, { address, pod: '10.2.3.10' })
    names.follow(name)
    await names.until(none)
    await wait(100)
    const began = Date.now()
    await wish(east, name)
    times.push((await names.until(some)) - began)
  }
  return times
}

async function cutAndMend(lab: Lab, names: Names, count: number): Promise<{ readonly withdraw: number[]; readonly back: number[] }> {
  const [withdraw, back]: [number[], number[]] = [[], []]
  for (let i = 0; i < count; i += 1) {
    if (i > 0) await restartServices(lab)
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
  await using _ = await lose(lab, 'east', LOSS)
  await wait(forMs)
  return names.losses() - before
}
