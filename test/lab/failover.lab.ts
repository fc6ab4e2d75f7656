// A gateway goes, traffic goes on: on real API servers, with the broker on the first cluster. What it costs is counted in datagrams.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { controlPlaneMissing } from '../cluster/control-plane.ts'
import { activeGateway } from './active.ts'
import { AGENTS, agentKey, agentsOf, kill, signalCharon, start, startAgents } from './agents.ts'
import { captureClear } from './capture.ts'
import { daemonOf } from './daemons.ts'
import { dump } from './dump.ts'
import { type Block, block } from './filters.ts'
import { MINUTE, report, testLab } from './harness.ts'
import { bootNode, loseNode } from './lab.ts'
import { clusterOf, type NodeLayout, nodeOf } from './layout.ts'
import { setCable } from './network.ts'
import { untilConnected } from './pairs.ts'
import { isRunning } from './processes.ts'
import type { Lab } from './state.ts'
import { outageMs, podAim, stream, type Tally } from './traffic.ts'
import { until, wait } from './until.ts'

const why = controlPlaneMissing()
const api = why === undefined ? 'kubernetes' : 'central'
if (why !== undefined) process.stdout.write(`    on the central API server instead of Kubernetes: ${why}\n`)
const { up, down, explained } = testLab({ name: 'failover', api, broker: why === undefined ? 'cluster' : 'central', rpFilter: 2 })

/** Streams from and to a worker of west while its active gateway goes; ends when another leads and traffic is back. */
async function during(
  lab: Lab,
  go: (active: NodeLayout) => Promise<void>,
): Promise<{ old: NodeLayout; now: NodeLayout; tallies: readonly Tally[] }> {
  const old = await activeGateway(lab, 'west')
  const clear = await captureClear(lab)
  const ways = [
    stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1'))),
    stream(lab, 'east-w1-pod', podAim(nodeOf(lab.layout, 'west-w1'))),
  ]
  await Promise.all(ways.map((way) => way.answered()))
  await wait(500)
  try {
    await go(old)
    const now = await activeGateway(lab, 'west', old.name, MINUTE)
    await until('traffic is back', async () => (await stillMissing(lab)) === 0)
    await wait(1500)
    expect(await clear.stop()).toEqual([])
    return { old, now, tallies: await Promise.all(ways.map((way) => way.stop())) }
  } catch (error) {
    await Promise.all([clear.stop(), ...ways.map((way) => way.stop())])
    throw error
  }
}

async function stillMissing(lab: Lab): Promise<number> {
  const probe = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')), 50)
  await probe.answered(10_000).catch(() => undefined)
  return (await probe.stop()).received > 0 ? 0 : 1
}

const endedWell = (tallies: readonly Tally[]): boolean =>
  tallies.every(({ gaps, sent }) => gaps.every(({ first, lost }) => first + lost < sent))

/** What a gateway that leads no more must not hold: tunnels, and the routes into them. */
async function remains(lab: Lab, node: NodeLayout): Promise<readonly string[]> {
  const { routes = [], addresses = [] } = await dump(lab, node.name)
  return [
    ...routes.filter((line) => / dev (ipsec0|subm-ipsec) .*table 15[01]/.test(line)),
    ...addresses.filter((line) => line.includes(':submariner')),
  ]
}

async function repair(lab: Lab, node: NodeLayout): Promise<void> {
  await setCable(lab.layout, node, 'up')
  const daemons = await Promise.all(
    agentsOf(node).map(async (agent) => ({ agent, daemon: await daemonOf(lab, agentKey(node.name, agent)) })),
  )
  const ended = daemons.filter(({ daemon }) => daemon === undefined || !isRunning(daemon.process))
  if (ended.length === daemons.length) await bootNode(lab, node.name)
  else for (const { agent } of ended) await start(lab, node.name, agent)
}

describe('a gateway goes, and the other one carries on', () => {
  beforeAll(async () => {
    await up()
    await explained(async (lab) => {
      await untilConnected(lab, 2 * MINUTE)
    })()
  }, 5 * MINUTE)
  afterAll(down, MINUTE)
  // Whatever a test before has left, or a first go of the same one.
  beforeEach(
    () =>
      explained(async (lab) => {
        for (const node of clusterOf(lab.layout, 'west').nodes) await repair(lab, node)
        await untilConnected(lab, 2 * MINUTE)
      })(),
    4 * MINUTE,
  )

  it(
    'SIGTERM of the active engine: the successor connects before the old one lets go, and the old one cleans up',
    explained(async (lab) => {
      const { old, tallies } = await during(lab, (active) => kill(lab, active.name, 'engine', 'SIGTERM'))
      report('planned hand-over', Math.max(...tallies.map(outageMs)), 'ms', '< 1000')
      report('datagrams lost of 50 a second', Math.max(...tallies.map(({ lost }) => lost)))
      expect(endedWell(tallies)).toBe(true)
      await until('the old gateway holds no tunnel', async () => (await remains(lab, old)).length === 0)
    }),
    4 * MINUTE,
  )
  it(
    'kill -9 of everything on the active gateway, and its cable pulled',
    explained(async (lab) => {
      const { old, tallies } = await during(lab, (active) => loseNode(lab, active.name))
      report('node lost', Math.max(...tallies.map(outageMs)), 'ms', '< 5000')
      expect(endedWell(tallies)).toBe(true)
      const packets = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')))
      await packets.answered()
      await bootNode(lab, old.name)
      await wait(5000)
      const tally = await packets.stop()
      report('datagrams lost when the old gateway has booted', tally.lost)
      expect(endedWell([tally])).toBe(true)
    }),
    4 * MINUTE,
  )
  it(
    'the cable alone is pulled: when it is plugged in again, the old gateway does not disturb the new one',
    explained(async (lab) => {
      const { old, tallies } = await during(lab, (active) => setCable(lab.layout, active, 'down'))
      report('cable pulled', Math.max(...tallies.map(outageMs)), 'ms', '< 5000')
      expect(endedWell(tallies)).toBe(true)
      const packets = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')))
      await packets.answered()
      await setCable(lab.layout, old, 'up')
      await until('the old gateway holds no tunnel', async () => (await remains(lab, old)).length === 0)
      await wait(3000)
      const tally = await packets.stop()
      report('datagrams lost when the old gateway is back', tally.lost)
      expect(endedWell([tally])).toBe(true)
    }),
    4 * MINUTE,
  )
  it(
    'a charon that is gone for good on the active gateway: the other gateway leads, since it is well',
    explained(async (lab) => {
      const { tallies } = await during(lab, async (active) => {
        await kill(lab, active.name, 'charon')
        await signalCharon(lab, active.name, 'SIGKILL')
      })
      report('charon gone for good', Math.max(...tallies.map(outageMs)), 'ms')
      expect(endedWell(tallies)).toBe(true)
    }),
    4 * MINUTE,
  )
  it(
    'an active gateway that no longer reaches its API: its tunnels stay until another gateway leads, and go when it sees that',
    explained(async (lab) => {
      const { ip } = clusterOf(lab.layout, 'west').api
      let cut: Block | undefined
      try {
        const { old, tallies } = await during(lab, async (active) => {
          cut = await block(lab, 'west', ['-s', active.ip, '-d', ip])
        })
        report('cut off from its API', Math.max(...tallies.map(outageMs)), 'ms')
        expect(endedWell(tallies)).toBe(true)
        await cut?.lift()
        await until('the old gateway holds no tunnel', async () => (await remains(lab, old)).length === 0)
      } finally {
        await cut?.lift()
      }
    }),
    4 * MINUTE,
  )
  it(
    'both gateways of a cluster go: nothing leaves in the clear; once they are back so is traffic',
    explained(async (lab) => {
      const gateways = clusterOf(lab.layout, 'west').nodes.filter(({ role }) => role === 'gateway')
      const wan = await captureClear(lab)
      const packets = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')))
      await packets.answered()
      for (const { name } of gateways) for (const agent of AGENTS) await kill(lab, name, agent, 'SIGTERM')
      await wait(3000)
      await packets.stop()
      expect(await wan.stop()).toEqual([])
      await startAgents(lab, gateways)
      report('back after both gateways were away', await untilConnected(lab, 2 * MINUTE), 'ms')
    }),
    4 * MINUTE,
  )
})
