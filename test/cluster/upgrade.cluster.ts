// One cluster goes from the build before this one to this one, and back, while pods send numbered datagrams to and from the other.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { NAMESPACE } from '../../src/model/names.ts'
import type { Pod } from '../../src/model/resources.ts'
import { report } from '../lab/harness.ts'
import { verify } from '../lab/subctl.ts'
import { type Bed, kubectl } from './bed.ts'
import { bedMissing } from './bed-missing.ts'
import { subctl } from './joined.ts'
import { describeImage, imageBed } from './joined-harness.ts'
import { type PodFlow, podFlow } from './pod-flow.ts'
import { joinAllFormer, type Previous, previousBuild, typeFormer } from './previous.ts'

/** Between workers and gateways of either kind; each datagram is answered, so that both ways count. */
const PAIRS = [
  ['west-w1', 'east-w1'],
  ['east-w1', 'west-gw1'],
  ['east-gw1', 'west-w1'],
  ['west-gw1', 'east-gw2'],
] as const

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as { readonly version: string }
const CURRENT = `localhost/subctl:${version}`

/**
 * Of a stream of 50 datagrams a second. Nothing is lost but by the one hand-over, promised within a second on a machine of one's own; here six nodes share
 * one, with whatever else runs there. A tunnel that is made anew instead takes longer than this; a sender that has slept loses many at once, but no time.
 */
const MOST = { lost: 150, ms: 3_000 }

// Only where a bed can be: it is built where the cache does not have it.
const previous = bedMissing() === undefined ? previousBuild() : ''

describeImage(typeof previous === 'string' ? `an upgrade, which is not tried: ${previous}` : `an upgrade from ${previous.image}`, () => {
  if (typeof previous === 'string') it.skip(`skipped: ${previous}`, () => undefined)
  else upgrades(previous)
})

function upgrades(former: Previous): void {
  const test = imageBed({ name: 'upgradetest', gateways: 2, workers: 1, images: [former.tar] })
  let flows: readonly PodFlow[] = []
  beforeAll(async () => {
    await test.up()
    await test.explained(async (bed) => {
      await joinAllFormer(bed, former)
      flows = await Promise.all(PAIRS.map(([from, to]) => podFlow(bed, from, to)))
    })()
  }, 500_000)
  afterAll(() => test.down(), 120_000)

  it(
    'goes standby before active, leaves both builds in order with each other, and loses nothing but the hand-over',
    test.explained(async (bed) => {
      // At a second go.
      await goBack(bed, 'west')
      checkOrder(await upgrade(bed, 'west', flows))
      expect(await imagesOf(bed, 'east')).toEqual([former.image])
      expect(await verify(bed, ['west', 'east'])).toEqual({ code: 0, failed: [] })
    }),
    600_000,
  )

  it(
    'can be undone by the former subctl',
    test.explained(async (bed) => {
      for (const flow of flows) await flow.restart()
      expect(await goBack(bed, 'west')).toBe(true)
      await checkLosses('west as it was', flows)
    }),
    300_000,
  )

  /** Whether there was a way to go. */
  async function goBack(bed: Bed, context: string): Promise<boolean> {
    if ((await imagesOf(bed, context)).join() === former.image) return false
    await typeFormer(bed, former, ['upgrade', '--context', context, '--image', former.image])
    expect(await imagesOf(bed, context)).toEqual([former.image])
    return true
  }
}

/** Upgrades a cluster under traffic. Gives what was said of each pod of the gateways. */
async function upgrade(bed: Bed, context: string, flows: readonly PodFlow[]): Promise<readonly string[]> {
  for (const flow of flows) await flow.restart()
  const from = Date.now()
  const { stderr } = await subctl(bed, ['upgrade', '--context', context])
  report(`upgrade of ${context}`, ((Date.now() - from) / 1000).toFixed(1), 's')
  expect(await imagesOf(bed, context)).toEqual([CURRENT])
  await checkLosses(`${context} upgraded`, flows)
  return stderr.split('\n').filter((line) => line.startsWith('- replacing '))
}

/** Both of the gateway that stands by, then the hand-over, and last the charon of the one that has handed over. */
function checkOrder(lines: readonly string[]): void {
  const moves = lines.map((line) => /^- replacing (charon|the engine) on (\S+) \((.+)\)$/.exec(line)?.slice(1) ?? [line])
  const [standby, active] = [moves[0]?.[1], moves.at(-1)?.[1]]
  expect(moves).toEqual([
    ['charon', standby, 'it stands by'],
    ['the engine', standby, 'tunnels stay'],
    ['the engine', active, 'it hands over to a standby first'],
    ['charon', active, 'it stands by'],
  ])
  expect(standby).not.toBe(active)
}

/** Images of the agents' pods that are not on their way out. */
async function imagesOf(bed: Bed, context: string): Promise<readonly string[]> {
  const { items } = JSON.parse(await kubectl(bed, ['--context', context, '-n', NAMESPACE, 'get', 'pod', '-o', 'json'])) as {
    readonly items: readonly Pod[]
  }
  const pods = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return [...new Set(pods.flatMap(({ spec }) => spec?.containers?.map(({ image }) => image ?? '') ?? []))]
}

/** Prints what each stream has lost, and fails where that is more than a hand-over's. */
async function checkLosses(when: string, flows: readonly PodFlow[]): Promise<void> {
  const losses = await Promise.all(flows.map((flow) => flow.losses()))
  for (const [i, { sent, lost, ms }] of losses.entries())
    report(`${when}: lost from ${PAIRS[i]?.join(' to ')}`, `${lost} of ${sent} datagrams, at most ${ms} ms`, '', 'less than a second, once')
  expect(losses.filter(({ lost, ms }) => lost > MOST.lost && ms > MOST.ms)).toEqual([])
}
