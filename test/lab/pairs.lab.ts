// Two clusters with the packaged binary: everybody reaches everybody, encrypted; verify tells the truth; nothing stays behind.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { activeGateway } from './active.ts'
import { agentsOf, endAgents, kill, restart, signalCharon, start } from './agents.ts'
import { capture } from './capture.ts'
import { type Dump, dump, dumpDiff } from './dump.ts'
import { MINUTE, testLab } from './harness.ts'
import { clusterOf, nodeOf, nodesOf } from './layout.ts'
import { addressSeen, allPairs, fewPairs, say, untilConnected } from './pairs.ts'
import { run } from './places.ts'
import type { Lab } from './state.ts'
import { joinCluster, SUBCTL, verify } from './subctl.ts'
import { ask, podAim, stream, untilAnswered } from './traffic.ts'

// Strict reverse path filters, and a policy engine that forwards what it knows alone: what goes wrong first in the field.
const { up, down, explained } = testLab({ name: 'pairs', rpFilter: 1, forwardDrop: ['east'], stopAt: 'joined' })

describe('two clusters', () => {
  const before = new Map<string, Dump>()
  beforeAll(async () => {
    await up()
    await explained(async (lab) => {
      for (const { name } of nodesOf(lab.layout)) before.set(name, await dump(lab, name))
      for (const node of nodesOf(lab.layout)) for (const agent of agentsOf(node)) await start(lab, node.name, agent)
      await untilConnected(lab, 2 * MINUTE)
    })()
  }, 4 * MINUTE)
  afterAll(down, MINUTE)

  it(
    'pods and hosts reach all pods, services and hosts of the other cluster, from gateways and workers, both ways',
    explained(async (lab) => {
      const { missing } = await untilAnswered(lab, allPairs(lab.layout), { limitMs: MINUTE })
      expect(missing.map(say)).toEqual([])
    }),
    3 * MINUTE,
  )
  it(
    'the other cluster sees a pod by its own address, and a host by the one it has among its pods',
    explained(async (lab) => {
      for (const from of ['west-gw1-pod', 'west-w1-pod', 'west-gw1', 'west-w1']) {
        const answers = await ask(lab, from, clusterOf(lab.layout, 'east').nodes.map(podAim))
        expect(answers.map(({ seen }) => seen)).toEqual(answers.map(() => addressSeen(lab.layout, from)))
      }
    }),
    2 * MINUTE,
  )
  it(
    'a megabyte passes from worker to worker: segments fit the tunnel',
    explained(async (lab) => {
      const answers = await ask(lab, 'west-w1-pod', [podAim(nodeOf(lab.layout, 'east-w1'))], { bytes: 1_000_000, timeoutMs: 30_000 })
      expect(answers.map(say)).toEqual([expect.stringContaining('ok')])
    }),
    2 * MINUTE,
  )
  it(
    'between the clusters the WAN carries nothing but UDP port 4500 of the two gateways',
    explained(async (lab) => {
      const [west, east] = [await activeGateway(lab, 'west'), await activeGateway(lab, 'east')]
      const outsiders = [lab.layout.broker.ip, ...lab.layout.clusters.map(({ api }) => api.ip)].map((ip) => `not host ${ip}`)
      const wan = await capture(lab, 'wan', ['ip', ...outsiders].join(' and '))
      for (const [from, aims] of fewPairs(lab.layout)) await ask(lab, from, aims)
      const lines = await wan.stop()
      const ends = [`${west.ip}.4500`, `${east.ip}.4500`]
      const isTunnel = (line: string): boolean => {
        const [, a, b] = / IP (\S+) > (\S+):/.exec(line) ?? []
        return a !== undefined && b !== undefined && ends.includes(a) && ends.includes(b)
      }
      expect(lines.filter((line) => !isTunnel(line))).toEqual([])
      expect(lines.length).toBeGreaterThan(20)
    }),
    2 * MINUTE,
  )
  it(
    'verify finds everything in order, and changes nothing on the nodes',
    explained(async (lab) => {
      const nodes = await Promise.all(nodesOf(lab.layout).map(async ({ name }) => [name, await dump(lab, name)] as const))
      expect(await verify(lab, ['west', 'east'])).toEqual({ code: 0, failed: [] })
      for (const [name, dumped] of nodes) expect(dumpDiff(dumped, await dump(lab, name))).toEqual([])
    }),
    4 * MINUTE,
  )
  it(
    'a cluster whose charons are killed turns the checks of connections and reachability red; once they are back all is in order',
    explained(async (lab) => {
      const gateways = clusterOf(lab.layout, 'west').nodes.filter(({ role }) => role === 'gateway')
      for (const { name } of gateways) {
        await kill(lab, name, 'charon')
        await signalCharon(lab, name, 'SIGKILL')
      }
      const red = await untilVerified(lab, ['SUB0610', 'SUB0613'])
      expect(red).toEqual(expect.arrayContaining(['SUB0610', 'SUB0613']))
      for (const innocent of ['SUB0601', 'SUB0604', 'SUB0606', 'SUB0608', 'SUB0611', 'SUB0616']) expect(red).not.toContain(innocent)
      for (const { name } of gateways) await start(lab, name, 'charon')
      await untilConnected(lab, 2 * MINUTE)
      expect(await untilVerified(lab, [])).toEqual([])
    }),
    6 * MINUTE,
  )
  it(
    'joining again with the same settings changes nothing, and traffic goes on',
    explained(async (lab) => {
      const packets = stream(lab, 'west-w1-pod', podAim(nodeOf(lab.layout, 'east-w1')))
      await packets.answered()
      await joinCluster(lab, clusterOf(lab.layout, 'west'))
      expect(await packets.stop()).toMatchObject({ lost: 0 })
    }),
    2 * MINUTE,
  )
  it(
    'what a foreigner puts beside ours stays, and what he takes away comes back',
    explained(async (lab) => {
      await run(lab, 'west-w1', [
        'sh',
        '-c',
        'ip route add 192.0.2.0/24 via 172.31.1.1; ip rule add pref 140 lookup 140; ip rule del pref 150; ip link set vx-submariner down',
      ])
      await untilConnected(lab, 2 * MINUTE)
      const { routes = [], rules = [] } = await dump(lab, 'west-w1')
      expect(routes.some((line) => line.includes('192.0.2.0/24'))).toBe(true)
      expect(rules.filter((line) => /^1[45]0:/.test(line)).length).toBe(2)
      await run(lab, 'west-w1', ['sh', '-c', 'ip route del 192.0.2.0/24; ip rule del pref 140'])
    }),
    3 * MINUTE,
  )
  it(
    'after the agents have ended and cleaned up, every node is as it was before',
    explained(async (lab) => {
      await endAgents(lab, nodesOf(lab.layout))
      for (const { name } of nodesOf(lab.layout)) {
        await run(lab, name, [SUBCTL, 'route-agent', '--cleanup'], { timeoutMs: MINUTE })
        expect([name, dumpDiff(before.get(name) ?? {}, await dump(lab, name))]).toEqual([name, []])
      }
    }),
    3 * MINUTE,
  )
  it(
    'and with agents again, everybody reaches everybody again',
    explained(async (lab) => {
      for (const node of nodesOf(lab.layout)) for (const agent of agentsOf(node)) await start(lab, node.name, agent)
      await untilConnected(lab, 2 * MINUTE)
      for (const { name } of nodesOf(lab.layout)) await restart(lab, name, 'route-agent')
      await untilConnected(lab, 2 * MINUTE)
    }),
    4 * MINUTE,
  )
})

/** Verifies west until the checks that fail are those at least; for none, until none fails. A few times, since the agents need a moment to notice. */
async function untilVerified(lab: Lab, wanted: readonly string[]): Promise<readonly string[]> {
  for (let go = 0; ; go += 1) {
    const failed = (await verify(lab, ['west'])).failed.map(({ id }) => id)
    const isReached = wanted.length === 0 ? failed.length === 0 : wanted.every((id) => failed.includes(id))
    if (isReached || go === 4) return failed
  }
}
