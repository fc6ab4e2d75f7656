// Real clusters from their beginning: a bed, three commands to verified, what our pods weigh, and what an upgrade loses.
import { existsSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { type Bed, loadImage } from '../cluster/bed.ts'
import { bedMissing } from '../cluster/bed-missing.ts'
import { deployArgs, joinArgs, subctl } from '../lab/subctl.ts'
import { type Bench, type BenchOptions, runsOf } from './bench.ts'
import { IMAGE } from './other-build.ts'
import { podMemory } from './pod-memory.ts'
import { type Result, result } from './series.ts'
import { upgrades } from './upgrades.ts'
import { withBed } from './with-bed.ts'

const SHAPE = '2 clusters, 2 gateways and a worker each, in one machine'

export const kubernetes: Bench = {
  name: 'kubernetes',
  brief: 'real clusters: a bed comes up, join to verified, memory of our pods, datagrams lost by an upgrade',
  needsRoot: true,
  lacks: () => bedMissing() ?? (existsSync(IMAGE) ? undefined : `no ${IMAGE}: run scripts/image`),
  run: measure,
}

/** Each run has clusters of its own; what is measured in clusters that stand is measured in the last ones. */
async function measure(options: BenchOptions): Promise<readonly Result[]> {
  const runs = runsOf(options, 3, 5)
  const ups: number[] = []
  const joins: Joined[] = []
  const more: Result[] = []
  for (let run = 1; run <= runs; run += 1)
    await withBed(options, async ({ bed, upSeconds }) => {
      options.say(`bed ${run}: up in ${upSeconds.toFixed(1)} s`)
      ups.push(upSeconds)
      await loadImage(bed, IMAGE)
      const joined = await joinAndVerify(bed)
      options.say(`bed ${run}: ${partsText([joined])}`)
      joins.push(joined)
      if (run === runs) more.push(...(await podMemory(bed, options)), ...(await upgrades(bed, options)))
    })
  const seconds = { bench: 'kubernetes', unit: 's' }
  return [
    result({
      ...seconds,
      series: 'join-to-verified',
      values: joins.map(totalOf),
      conditions: `${SHAPE}; image present; ${partsText(joins)}`,
    }),
    ...more,
    result({
      ...seconds,
      series: 'bed-up',
      values: ups,
      conditions: `${SHAPE}; programs cached; nodes Ready, DNS answers; our image not yet there`,
    }),
  ]
}

/** Seconds that each command took, by what it was. */
type Joined = ReadonlyMap<string, number>

const totalOf = (parts: Joined): number => [...parts.values()].reduce((sum, seconds) => sum + seconds, 0)

/** As a user types it on clusters that have nothing of ours, one command after the other. Throws where one fails, or verify finds anything wrong. */
async function joinAndVerify(bed: Bed): Promise<Joined> {
  const { clusters } = bed.layout
  const commands: readonly (readonly [title: string, args: readonly string[]])[] = [
    ['deploy-broker', deployArgs(bed)],
    ...clusters.map((cluster) => [`join ${cluster.name}`, [...joinArgs(bed, cluster), '--wait']] as const),
    ['verify', ['verify', '--contexts', clusters.map(({ name }) => name).join()]],
  ]
  const parts = new Map<string, number>()
  for (const [title, args] of commands) {
    const began = performance.now()
    const { code, stdout, stderr } = await subctl(bed, args, { okCodes: [0, 1, 2, 69, 75], timeoutMs: 600_000 })
    if (code !== 0) throw new Error(`subctl ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`)
    parts.set(title, (performance.now() - began) / 1000)
  }
  return parts
}

/** `deploy-broker 2.1, join west 12.0 s`: the median of each. */
export function partsText(all: readonly Joined[]): string {
  const titles = [...(all[0]?.keys() ?? [])]
  const texts = titles.map((title) => {
    const { p50 } = result({ bench: '', series: title, unit: 's', values: all.map((parts) => parts.get(title) ?? 0), conditions: '' })
    return `${title} ${p50.toFixed(1)}`
  })
  return `${texts.join(', ')} s`
}
