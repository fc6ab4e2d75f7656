// A route agent in one process: its API, kernel, prober and clock are the test's.
import { runRouteAgent } from '../../src/commands/route-agent/run.ts'
import type { NodeFacts, ProbeOrder, ProbeOutcome, RouteAgentSeen, RouteAgentWorld } from '../../src/commands/route-agent/world.ts'
import type { Pulse } from '../../src/dataplane/health.ts'
import type { NodePlan } from '../../src/dataplane/node/state.ts'
import { type Ip, parseCidr, parseIp } from '../../src/model/net.ts'
import type { Node } from '../../src/model/resources.ts'
import { silentLog } from '../../src/system/log.ts'
import { type HandClock, handClock } from './clock.ts'
import { clusterOf, endpointOf } from './clusters.ts'
import { type FakeApi, type FakeCluster, fakeCluster, make } from './kube.ts'

export const NAMESPACE = 'submariner'

export interface RouteAgentScene {
  readonly clock: HandClock
  readonly cluster: FakeCluster
  /** The agent's own client. */
  readonly api: FakeApi
  /** Plans that the kernel was brought to. */
  readonly plans: NodePlan[]
  readonly kernel: { failing: boolean; unguarded: readonly string[]; changed: () => void }
  readonly pulses: Map<string, Pulse>
  /** What the prober calls when a pulse has changed. */
  readonly told: { changed: () => void }
  readonly probed: { targets: readonly Ip[]; orders: ProbeOrder[]; outcome: (order: ProbeOrder) => ProbeOutcome }
  readonly world: RouteAgentWorld
  readonly seen: () => RouteAgentSeen | undefined
  start(): void
  stop(): Promise<void>
}

export const nodeOf = (name: string, ip: string, more: Partial<Node['spec']> = {}, labels: Readonly<Record<string, string>> = {}): Node =>
  make('Node', name, { spec: more, status: { addresses: [{ type: 'InternalIP', address: ip }] } }, { labels })

/** Objects of cluster west as its engine has them: gateway gw1 and worker w1 here, cluster east there. */
export function furnish(cluster: FakeCluster): void {
  cluster.put(nodeOf('gw1', '172.16.1.1', { podCIDR: '10.1.1.0/24' }, { 'submariner.io/gateway': 'true' }))
  cluster.put(nodeOf('w1', '172.16.1.9', { podCIDR: '10.1.9.0/24' }))
  cluster.put(endpointOf('west', { n: 1, hostname: 'gw1', meta: { namespace: NAMESPACE, labels: {} } }))
  cluster.put(clusterOf('east', { n: 2, meta: { namespace: NAMESPACE } }))
  cluster.put(endpointOf('east', { n: 2, healthCheckIP: '10.2.0.1', meta: { namespace: NAMESPACE } }))
}

export function routeAgentScene(nodeName = 'w1', facts: Partial<NodeFacts> = {}): RouteAgentScene {
  const clock = handClock()
  const cluster = fakeCluster({ clock })
  const api = cluster.api('agent')
  const end = new AbortController()
  const plans: NodePlan[] = []
  const kernel: RouteAgentScene['kernel'] = { failing: false, unguarded: [], changed: () => undefined }
  const pulses: RouteAgentScene['pulses'] = new Map()
  const told = { changed: (): void => undefined }
  const probed: RouteAgentScene['probed'] = { targets: [], orders: [], outcome: allAnswered }
  let seen: RouteAgentSeen | undefined
  let running: Promise<void> | undefined
  const world: RouteAgentWorld = {
    settings: {
      clusterId: 'west',
      namespace: NAMESPACE,
      nodeName,
      podCidrs: [parseCidr('10.1.0.0/16')],
      serviceCidrs: [parseCidr('100.1.0.0/16')],
      health: { enabled: true, intervalMs: 1000, mostLost: 5 },
      runDir: '/run/submariner',
      kube: {},
      networkPlugin: 'generic',
    },
    version: '1.2.3',
    clock,
    log: silentLog,
    signal: end.signal,
    local: api,
    node: {
      reconcile: async (plan) => {
        if (kernel.failing) throw new Error('ip: no such device')
        plans.push(plan)
        return []
      },
      cleanUp: async () => undefined,
      unguarded: async () => kernel.unguarded,
    },
    openHealth: () => ({
      probe: (targets) => {
        probed.targets = targets
      },
      pulse: (target) => pulses.get(target) ?? { state: 'unknown' },
      onChange: (act) => {
        told.changed = act
      },
    }),
    facts: async () => ({ nodeMtu: 1500, cniIp: parseIp('10.1.9.1'), cniDevice: 'cni0', ...facts }),
    probe: async (order) => {
      probed.orders.push(order)
      return probed.outcome(order)
    },
    onKernelChange: (changed) => {
      kernel.changed = changed
    },
    observe: (now) => {
      seen = now
    },
  }
  return {
    clock,
    cluster,
    api,
    plans,
    kernel,
    pulses,
    told,
    probed,
    world,
    seen: () => seen,
    start: () => {
      running = runRouteAgent(world)
    },
    stop: async () => {
      end.abort()
      // Requests over a link that is silent end by their time limit here.
      await clock.advance(30_000)
      await running
    },
  }
}

export const allAnswered = ({ targets, sizesBytes }: ProbeOrder): ProbeOutcome => ({
  rounds: sizesBytes.map((sizeBytes) => ({ sizeBytes, results: targets.map((target) => ({ target, sent: 3, answered: 3, rttMs: 1.5 })) })),
  watched: { leaks: [] },
})
