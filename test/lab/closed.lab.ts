// Fail closed, both ways: with all tunnels down, under each setting of rp_filter, the WAN shows what leaves and the pods what arrives.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { NAMESPACE } from '../../src/model/names.ts'
import { apiOf } from './access.ts'
import { agentsOf, start } from './agents.ts'
import { capture, captureClear } from './capture.ts'
import { MINUTE, testLab } from './harness.ts'
import { clusterOf, ECHO_PORT, type NodeLayout, nodesOf } from './layout.ts'
import { allPairs } from './pairs.ts'
import { run } from './places.ts'
import type { Lab } from './state.ts'
import { ask, program } from './traffic.ts'
import { until, wait } from './until.ts'

/** The engines lead and know each other, the route agents have everything in place; charon alone is missing. */
async function startWithoutTunnels(lab: Lab): Promise<void> {
  for (const node of nodesOf(lab.layout)) for (const agent of agentsOf(node)) if (agent !== 'charon') await start(lab, node.name, agent)
  for (const { name, nodes } of lab.layout.clusters) {
    const api = await apiOf(lab, name)
    await until(
      `${name} knows the other cluster`,
      async () => (await api.list('Endpoint', { namespace: NAMESPACE })).items.length === 2,
      MINUTE,
    )
    for (const node of nodes)
      await until(`${node.name} rejects`, async () => {
        const { stdout } = await run(lab, node.name, ['ip', 'route', 'show', 'table', '150'])
        return stdout.includes('unreachable 10.') && stdout.includes('unreachable 100.')
      })
  }
}

const otherPod = ({ cluster }: NodeLayout): string => (cluster === 'west' ? '10.2.3.10' : '10.1.3.10')

describe.each([0, 1, 2] as const)('with no tunnel up, and rp_filter %i on every node', (rpFilter) => {
  const { up, down, explained } = testLab({ name: `closed-${rpFilter}`, rpFilter, forwardDrop: ['east'], stopAt: 'joined' })
  beforeAll(async () => {
    await up()
    await explained(startWithoutTunnels)()
  }, 4 * MINUTE)
  afterAll(down, MINUTE)

  it(
    'not one packet for the other cluster leaves a pod or a host in the clear, and whoever sends one is told at once',
    explained(async (lab) => {
      const wan = await captureClear(lab)
      for (const node of nodesOf(lab.layout))
        for (const from of [node.pod.name, node.name]) {
          // Once, and first: a kernel sends such an answer to one address about once a second.
          const { stdout, stderr } = await run(lab, from, ['ping', '-c1', '-W5', otherPod(node)], { okCodes: [0, 1, 2] })
          expect([from, stdout + stderr]).toEqual([from, expect.stringMatching(/unreachable|no route to host/i)])
        }
      const answers = await Promise.all(allPairs(lab.layout).map(([from, aims]) => ask(lab, from, aims, { timeoutMs: 3000 })))
      expect(answers.flat().filter(({ error }) => error === undefined)).toEqual([])
      // Nodes' own addresses too: they are in no tunnel's selectors.
      const fromNode = (node: NodeLayout): readonly string[] => ['ping', '-c1', '-W1', '-I', node.ip, otherPod(node)]
      await Promise.all(nodesOf(lab.layout).map((node) => run(lab, node.name, fromNode(node), { okCodes: [0, 1, 2] })))
      expect(await wan.stop()).toEqual([])
    }),
    3 * MINUTE,
  )
  it(
    'no packet is taken that claims to be of the other cluster and came in the clear, to pods, services and hosts of gateways and workers',
    explained(async (lab) => {
      const west = clusterOf(lab.layout, 'west')
      const forged = '10.2.3.66'
      await run(lab, 'broker', [
        'sh',
        '-c',
        `ip addr add ${forged}/32 dev lo; ip route add ${west.podCidr} via ${west.router.ip}; ip route add ${west.serviceCidr} via ${west.router.ip}`,
      ])
      const targets = west.nodes.flatMap(({ pod, cniIp, ip }) => [pod.ip, cniIp, ip])
      const inside = await Promise.all(west.nodes.flatMap(({ pod }) => [capture(lab, pod.name, `host ${forged}`)]))
      const wan = await capture(lab, 'wan', `host ${forged}`)
      const echoes = await Promise.all(
        [...targets, ...west.nodes.map(({ pod }) => pod.vip)].map((target) =>
          run(lab, 'broker', ['ping', '-c1', '-W2', '-I', forged, target], { okCodes: [0, 1, 2] }),
        ),
      )
      expect(echoes.filter(({ stdout }) => stdout.includes('1 received'))).toEqual([])
      await run(lab, 'broker', program('forge', forged, String(ECHO_PORT), ...targets))
      await wait(300)
      const seen = (await Promise.all(inside.map((one) => one.stop()))).flat()
      expect(seen).toEqual([])
      // They did arrive at the nodes' door: a test that sends nothing proves nothing.
      const lines = await wan.stop()
      expect(lines.filter((line) => line.includes(`IP ${forged}`)).length).toBeGreaterThan(targets.length)
      expect(lines.filter((line) => line.includes(`> ${forged}`))).toEqual([])
      await run(lab, 'broker', ['ip', 'addr', 'del', `${forged}/32`, 'dev', 'lo'])
    }),
    3 * MINUTE,
  )
  it(
    'traffic inside a cluster, to other networks and to the API goes on',
    explained(async (lab) => {
      for (const from of ['west-w1-pod', 'west-gw1', 'east-w1']) {
        const own = clusterOf(lab.layout, from.split('-')[0] ?? '')
        const answers = await ask(
          lab,
          from,
          own.nodes.map(({ pod }) => ({ title: pod.name, ip: pod.ip, port: ECHO_PORT, names: [pod.name] })),
        )
        expect(answers.filter(({ error }) => error !== undefined)).toEqual([])
        const { stdout } = await run(lab, from, ['ping', '-c1', '-W2', lab.layout.broker.ip], { okCodes: [0, 1] })
        expect(stdout).toContain('1 received')
      }
    }),
    2 * MINUTE,
  )
})
