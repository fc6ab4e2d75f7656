import { afterEach, describe, expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { routeAgentRuns } from '../../src/commands/runs/route-agent.ts'
import type { NodePlan } from '../../src/dataplane/node/state.ts'
import { PROBE_ANSWER, PROBE_REQUEST, readProbeAnswer, writeProbeRequest } from '../../src/model/probe.ts'
import type { Exec } from '../../src/system/exec.ts'
import { settle } from '../fakes/clock.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { type FakeOptions, fakeWorld } from '../fakes/context.ts'
import { fakeCluster, make } from '../fakes/kube.ts'
import { furnish, NAMESPACE, nodeOf, type RouteAgentScene, routeAgentScene } from '../fakes/route-agent.ts'

let open: RouteAgentScene | undefined
afterEach(async () => open?.stop())

function scene(...args: Parameters<typeof routeAgentScene>): RouteAgentScene {
  open = routeAgentScene(...args)
  return open
}
/** An agent that has made its first passes. */
async function running(...args: Parameters<typeof routeAgentScene>): Promise<RouteAgentScene> {
  const made = scene(...args)
  furnish(made.cluster)
  made.start()
  await made.clock.advance(2_000)
  return made
}
const mine = ({ cluster }: RouteAgentScene) => cluster.objects('RouteAgent')[0]
const via = (plan: NodePlan | undefined) => plan?.routes.find(({ dev }) => dev !== undefined)
const writesIn = ({ api }: RouteAgentScene): number => api.calls.filter((call) => /^(create|patch|replace) RouteAgent/.test(call)).length

describe('the route agent and the kernel', () => {
  it('brings the kernel of a worker to routes by way of the gateway', async () => {
    const { plans } = await running()
    expect(via(plans[0])).toMatchObject({ dev: 'vx-submariner', via: '240.16.1.1' })
    expect(plans).toHaveLength(1)
  })

  it('touches nothing before the first lists have come', async () => {
    const { clock, plans, api, cluster, start } = scene()
    furnish(cluster)
    api.link = 'refused'
    start()
    await clock.advance(120_000)
    expect(plans).toEqual([])
    api.link = 'up'
    await clock.advance(6_000)
    expect(plans.length).toBeGreaterThan(0)
  })

  it('touches nothing while its own Node is not known', async () => {
    const { clock, plans, cluster, start } = scene('stranger')
    furnish(cluster)
    start()
    await clock.advance(60_000)
    expect(plans).toEqual([])
    expect(cluster.objects('RouteAgent')[0]?.status.statusFailure).toContain('stranger')
  })

  it('changes nothing while the API is away, and looks at the kernel all the same', async () => {
    const { clock, plans, api } = await running()
    api.link = 'silent'
    await clock.advance(300_000)
    expect(plans.length).toBeGreaterThan(20)
    expect(new Set(plans.map((plan) => JSON.stringify(plan))).size).toBe(1)
  })

  it('follows the gateway when another one is published', async () => {
    const { clock, cluster, plans } = await running()
    cluster.put(nodeOf('gw2', '172.16.1.2', {}, { 'submariner.io/gateway': 'true' }))
    cluster.put(
      endpointOf('west', {
        private_ip: '172.16.1.2',
        hostname: 'gw2',
        meta: { namespace: NAMESPACE, labels: {}, creationTimestamp: '2026-02-01T00:00:00Z' },
      }),
    )
    await clock.advance(100)
    expect(via(plans.at(-1))).toMatchObject({ via: '240.16.1.2' })
  })

  it('names sets by their contents from the first pass on where another program writes sets back as it once read them', async () => {
    const names = async (hasRestorer: boolean) =>
      (await running('w1', { hasRestorer })).plans.map(({ sets }) => sets.map(({ name }) => name))
    const [plain = []] = await names(false)
    expect(plain).toContain('SUBMARINER-REMOTE')
    await open?.stop()
    expect(await names(true)).toEqual([plain.map((name) => expect.stringMatching(`^${name}-[0-9a-f]{8}$`))])
  })

  it('makes a pass at once when the kernel has changed, none for an object that changes no plan', async () => {
    const { clock, cluster, kernel, plans } = await running()
    kernel.changed()
    await clock.advance(50)
    expect(plans).toHaveLength(2)
    cluster.put(nodeOf('w1', '172.16.1.9', { podCIDR: '10.1.9.0/24', taints: [] }))
    await clock.advance(50)
    expect(plans).toHaveLength(2)
    await clock.advance(11_000)
    expect(plans).toHaveLength(3)
  })

  it('is not ready and says why while a pass fails, and tries again', async () => {
    const { clock, kernel, seen, cluster } = await running()
    expect(seen()).toMatchObject({ isReady: true })
    kernel.failing = true
    kernel.changed()
    await clock.advance(1_500)
    expect(seen()).toMatchObject({ isReady: false })
    expect(cluster.objects('RouteAgent')[0]?.status.statusFailure).toBe('ip: no such device')
    kernel.failing = false
    await clock.advance(15_000)
    expect(seen()).toMatchObject({ isReady: true })
    expect(cluster.objects('RouteAgent')[0]?.status.statusFailure).toBe('')
  })

  it('routes into the tunnels on the active gateway', async () => {
    const { plans } = await running('gw1')
    expect(via(plans[0])?.dev).toBe('ipsec0')
  })

  it('passes over what another cluster has no right to claim', async () => {
    const made = scene()
    furnish(made.cluster)
    made.cluster.put(endpointOf('evil', { n: 3, subnets: ['10.1.0.0/16'], meta: { namespace: NAMESPACE } }))
    made.start()
    await made.clock.advance(1_000)
    expect(made.plans[0]?.routes.map(({ to }) => to)).not.toContain('10.1.0.0/16')
  })
})

describe('the RouteAgent object', () => {
  it('says what echo requests find, at once when a state changes', async () => {
    const made = await running()
    expect(made.probed.targets).toEqual(['10.2.0.1'])
    expect(mine(made)?.status.remoteEndpoints).toMatchObject([{ status: 'connecting', spec: { cluster_id: 'east' } }])
    made.pulses.set('10.2.0.1', { state: 'alive', rtt: times('1ms') })
    await made.clock.advance(1_100)
    expect(mine(made)?.status.remoteEndpoints).toMatchObject([{ status: 'connected', latencyRTT: { average: '1ms' } }])
    made.pulses.set('10.2.0.1', { state: 'dead' })
    await made.clock.advance(1_100)
    expect(mine(made)?.status.remoteEndpoints).toMatchObject([
      { status: 'error', statusMessage: '10.2.0.1 does not answer through the tunnel' },
    ])
  })

  it('is written at once when a gateway has stopped answering, not when it is looked at next', async () => {
    const made = await running()
    made.pulses.set('10.2.0.1', { state: 'alive', rtt: times('1ms') })
    await made.clock.advance(2_500)
    made.pulses.set('10.2.0.1', { state: 'dead' })
    made.told.changed()
    await made.clock.advance(150)
    expect(mine(made)?.status.remoteEndpoints).toMatchObject([{ status: 'error' }])
  })

  it('writes round-trip times alone once a minute, and nothing else while nothing changes', async () => {
    const made = await running()
    made.pulses.set('10.2.0.1', { state: 'alive', rtt: times('1ms') })
    await made.clock.advance(2_000)
    const before = writesIn(made)
    for (let i = 0; i < 120; i += 1) {
      made.pulses.set('10.2.0.1', { state: 'alive', rtt: times(`${i}ms`) })
      await made.clock.advance(1_000)
    }
    expect(writesIn(made) - before).toBe(2)
  })

  it('is made again when somebody has deleted it', async () => {
    const made = await running()
    made.cluster.drop('RouteAgent', 'w1', NAMESPACE)
    await made.clock.advance(2_100)
    expect(mine(made)).toBeDefined()
  })

  it('says none where the other cluster publishes no address to check, and where checks are switched off', async () => {
    const made = scene()
    furnish(made.cluster)
    made.cluster.put(endpointOf('east', { n: 2, meta: { namespace: NAMESPACE } }))
    made.start()
    await made.clock.advance(1_000)
    expect(mine(made)?.status.remoteEndpoints).toMatchObject([{ status: 'none', statusMessage: 'east publishes no address to check' }])
  })
})

describe('an answer to verify', () => {
  const ask = async (made: RouteAgentScene, id: string) => {
    await made.cluster
      .api('laptop')
      .patch('RouteAgent', 'w1', NAMESPACE, { metadata: { annotations: { [PROBE_REQUEST]: writeProbeRequest(id) } } })
    await settle()
    await made.clock.advance(1_000)
    return readProbeAnswer(mine(made)?.metadata.annotations?.[PROBE_ANSWER])
  }

  it('carries a probe of each size to every remote cluster, and what protects the node', async () => {
    const made = await running()
    made.kernel.unguarded = ['chain SUBMARINER-REJECT is missing']
    expect(await ask(made, 'one')).toMatchObject({
      id: 'one',
      results: [
        { cluster: 'east', ip: '10.2.0.1', ok: true, sizeBytes: 56, rttMs: 1.5 },
        { cluster: 'east', ok: true, sizeBytes: 1400 },
      ],
      unguarded: ['chain SUBMARINER-REJECT is missing'],
      leaks: [],
    })
    expect(made.probed.orders).toMatchObject([
      { source: '10.1.9.1', networks: ['100.2.0.0/16', '10.2.0.0/16'], devices: ['vx-submariner'], gateways: ['172.16.2.1'] },
    ])
  })

  it('says why there was no answer, and why nobody could watch', async () => {
    const made = await running()
    made.probed.outcome = ({ targets }) => ({
      rounds: [{ sizeBytes: 56, results: targets.map((target) => ({ target, sent: 3, answered: 0, message: 'rejected on this node' })) }],
      watched: { notWatched: 'there is no tcpdump' },
    })
    const answer = await ask(made, 'two')
    expect(answer).toMatchObject({ results: [{ ok: false, message: 'rejected on this node' }], notWatched: 'there is no tcpdump' })
    expect(answer?.leaks).toBeUndefined()
  })

  it('comes once for each request, and leaves the status alone', async () => {
    const made = await running()
    await ask(made, 'three')
    await ask(made, 'three')
    expect(made.probed.orders).toHaveLength(1)
    await ask(made, 'four')
    expect(made.probed.orders).toHaveLength(2)
    expect(mine(made)?.status.remoteEndpoints).toHaveLength(1)
  })

  it('tells of a cluster whose gateway is not known', async () => {
    const made = scene()
    furnish(made.cluster)
    made.cluster.drop('Endpoint', endpointOf('east', { n: 2 }).metadata.name, NAMESPACE)
    made.start()
    await made.clock.advance(2_000)
    expect((await ask(made, 'five'))?.results).toMatchObject([
      { cluster: 'east', ok: false, message: 'no gateway of it is known' },
      { cluster: 'east', ok: false },
    ])
  })
})

const times = (average: string) => ({ last: average, min: average, average, max: average, stdDev: '0s' })

describe('subctl route-agent', () => {
  const FLAGS = ['--cluster-id', 'west', '--pod-cidr', '10.1.0.0/16', '--service-cidr', '100.1.0.0/16', '--node-name', 'w1']
  const FACTS =
    '[{"ifname":"eth0","mtu":1400,"addr_info":[{"family":"inet","local":"172.16.1.9","prefixlen":24,"scope":"global"}]},' +
    '{"ifname":"cni0","mtu":1400,"addr_info":[{"family":"inet","local":"10.1.9.1","prefixlen":24,"scope":"global"}]}]\n[]\n'
  const world = (options: FakeOptions = {}) => {
    const cluster = fakeCluster()
    furnish(cluster)
    const answers = new Map([
      ['ip', { code: 0, stdout: FACTS, stderr: '' }],
      ['iptables-nft -w 5 -n -L', { code: 1, stdout: '', stderr: 'iptables: No chain/target/match by that name.' }],
    ])
    const exec: Exec = async (argv) => {
      const answer = answers.get(argv[0] === 'ip' ? 'ip' : argv.slice(0, -1).join(' '))
      if (answer === undefined) throw new Error(`nobody expected ${argv.join(' ')}`)
      return answer
    }
    return fakeWorld({ apis: { '': cluster.api() }, exec, ...options })
  }

  it('--dry-run prints the plan and runs nothing that changes anything', async () => {
    const { context, out } = world()
    expect(await main(['route-agent', ...FLAGS, '--dry-run'], context, routeAgentRuns)).toBe(0)
    const plan: unknown = JSON.parse(out())
    expect(plan).toMatchObject({
      apiVersion: 'subctl.submariner.io/v1',
      kind: 'NodePlan',
      node: 'w1',
      link: { local: '172.16.1.9', mtu: 1350 },
      routes: expect.arrayContaining([{ table: 150, to: '10.2.0.0/16' }]),
    })
  })

  it('takes the environment of upstream’s operator', async () => {
    const env = {
      SUBMARINER_CLUSTERID: 'west',
      SUBMARINER_CLUSTERCIDR: '10.1.0.0/16',
      SUBMARINER_SERVICECIDR: '100.1.0.0/16',
      SUBMARINER_GLOBALCIDR: '',
      SUBMARINER_NAMESPACE: 'submariner',
      SUBMARINER_NETWORKPLUGIN: 'kindnet',
      SUBMARINER_HEALTHCHECKENABLED: 'true',
      SUBMARINER_HEALTHCHECKINTERVAL: '0',
      NODE_NAME: 'w1',
    }
    const { context, out } = world({ env })
    expect(await main(['route-agent', '--dry-run'], context, routeAgentRuns)).toBe(0)
    expect(JSON.parse(out())).toMatchObject({ node: 'w1' })
  })

  it('--wait-for-node ends when the Node is ready', async () => {
    const cluster = fakeCluster()
    const ready = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
    const { context } = world({
      apis: { '': cluster.api() },
      clock: { now: () => 0, sleep: async () => cluster.put(make('Node', 'w1', ready)) },
      env: { SUBMARINER_WAITFORNODE: 'true' },
    })
    expect(await main(['route-agent', ...FLAGS], context, routeAgentRuns)).toBe(0)
  })

  it('names the flag and the variable that are missing', async () => {
    const { context, err } = world()
    expect(await main(['route-agent', '--dry-run'], context, routeAgentRuns)).toBe(64)
    expect(err()).toContain('--cluster-id is not given and SUBMARINER_CLUSTERID is not set')
  })
})
