// Datagrams between pods of two clusters, lost while `subctl upgrade` brings one cluster from one build to another.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { NAMESPACE } from '../../src/model/names.ts'
import { type Bed, loadImage } from '../cluster/bed.ts'
import { apiOf } from '../lab/access.ts'
import { subctl } from '../lab/subctl.ts'
import type { Tally } from '../lab/traffic.ts'
import { type BenchOptions, repeat, runsOf } from './bench.ts'
import { buildOther, OTHER_IMAGE } from './other-build.ts'
import { podStreams } from './pod-streams.ts'
import { type Result, result } from './series.ts'

const CLUSTER = 'west'
const EVERY_MS = 20
/** Before and after: a late loss is a loss too. */
const QUIET_MS = 2_000
const AFTER_MS = 5_000
/** From pods on a worker, and from pods of gateways: each comes across a hand-over by another way. */
const ROUTES = [
  ['west-w1', 'east-w1'],
  ['west-gw1', 'east-gw1'],
  ['west-gw2', 'east-w1'],
] as const

interface Upgrade {
  readonly series: string
  readonly title: string
  readonly flags: readonly string[]
}
/** All of it first: charon's pods are of the build before then, and another one replaces them each time. */
const UPGRADES: readonly Upgrade[] = [
  { series: 'upgrade-charon-lost', title: 'all of it, charon too', flags: [] },
  { series: 'upgrade-lost', title: 'engines and route agents, charon untouched', flags: ['--charon=false'] },
]

/** Builds the other build, and goes to and fro between the two. */
export async function upgrades(bed: Bed, options: BenchOptions): Promise<readonly Result[]> {
  options.say('another build is made')
  await loadImage(bed, await buildOther(join(bed.folder, 'other')))
  const images = [await imageNow(bed), OTHER_IMAGE]
  const results: Result[] = []
  for (const upgrade of UPGRADES) results.unshift(await measure(bed, upgrade, { options, images }))
  return results
}

/** What the engines run, by their DaemonSet. */
async function imageNow(bed: Bed): Promise<string> {
  const set = await (await apiOf(bed, CLUSTER)).get('DaemonSet', 'submariner-gateway', NAMESPACE)
  const image = set?.spec?.template?.spec?.containers?.[0]?.image
  if (image === undefined) throw new Error(`${CLUSTER} runs no engine`)
  return image
}

interface How {
  readonly options: BenchOptions
  readonly images: readonly string[]
}
async function measure(bed: Bed, upgrade: Upgrade, { options, images }: How): Promise<Result> {
  const seconds: number[] = []
  const all = await repeat(runsOf(options, 3, 10), async (index) => {
    const now = await imageNow(bed)
    const began = Date.now()
    const tallies = await once(bed, [...upgrade.flags, '--image', images.find((image) => image !== now) ?? ''])
    seconds.push((Date.now() - began) / 1000)
    options.say(`${upgrade.series} ${index + 1}: ${tallies.map(lostText).join('; ')}`)
    return tallies
  })
  const sent = all.flat().reduce((sum, tally) => sum + tally.sent, 0)
  const conditions = [
    `${upgrade.title}, of 2 gateways, from one build to another`,
    `${ROUTES.length} streams of a datagram every ${EVERY_MS} ms, ${sent} sent in all`,
    `longest gap ${Math.max(0, ...all.flat().flatMap(({ gaps }) => gaps.map(({ ms }) => ms)))} ms`,
  ]
  return result({
    bench: 'kubernetes',
    series: upgrade.series,
    unit: 'packets',
    values: all.map(lostIn),
    conditions: conditions.join('; '),
  })
}

export const lostIn = (tallies: readonly Tally[]): number => tallies.reduce((sum, { lost }) => sum + lost, 0)

/** `9 of 2210 lost, 180 ms from 10:04:12.345`. */
export const lostText = ({ lost, sent, gaps }: Tally): string =>
  [`${lost} of ${sent} lost`, ...gaps.map(({ ms, at }) => `${ms} ms from ${at.slice(11, 23)}`)].join(', ')

async function once(bed: Bed, flags: readonly string[]): Promise<readonly Tally[]> {
  await using streams = await podStreams(bed, ROUTES, EVERY_MS)
  await wait(QUIET_MS)
  await subctl(bed, ['upgrade', '--context', CLUSTER, '--yes', ...flags], { timeoutMs: 600_000 })
  await wait(AFTER_MS)
  return streams.stop()
}
