// `subctl route-agent`: the real world of one route agent, and what it does once and ends.
import { openHealth, type Prober } from '../dataplane/health.ts'
import { cleanNode } from '../dataplane/kernel/clean.ts'
import { readNodeFacts } from '../dataplane/kernel/facts.ts'
import { openNode } from '../dataplane/kernel/node-target.ts'
import type { NodeOptions } from '../dataplane/kernel/read.ts'
import { openRestorer } from '../dataplane/kernel/restorer.ts'
import { traceNode } from '../dataplane/kernel/trace.ts'
import { echo } from '../dataplane/probe/echo.ts'
import { watchKernel } from '../dataplane/probe/monitor.ts'
import { watchWhile } from '../dataplane/probe/watch.ts'
import type { KubeApi } from '../k8s/api.ts'
import { type Files, sysctlsIn } from '../system/files.ts'
import { openLocalSocket } from '../system/unix-socket.ts'
import { metricsListen, serveHealth } from './agent/health.ts'
import { agentSettings, runDir } from './agent/settings.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { routeAgentMetrics } from './route-agent/metrics.ts'
import { passOnce } from './route-agent/node.ts'
import { runRouteAgent } from './route-agent/run.ts'
import { openState, storesEnded } from './route-agent/state.ts'
import type { ProbeOrder, ProbeOutcome, RouteAgentSeen, RouteAgentSettings, RouteAgentWorld } from './route-agent/world.ts'

/** Seconds between two echo requests are twice the engine's: every node sends them, the gateway alone does the engine's. */
const SLOWER = 2
/** Of one node to all clusters together. */
const MOST_PER_SECOND = 10
/** A missing answer is asked for again so many times as fast as the engine asks ordinarily, of so many gateways at once. */
const QUICKER = 10
const MOST_QUICK = 8
/** A pass ends within this time, well or not. */
const STUCK_MS = 180_000

export const routeAgent: Run = async (context, given) => {
  const files = sysctlsIn(context.files, given.need('sysctl-dir'))
  const kernel = { exec: context.exec, files, runDir: runDir(given) }
  if (given.on('cleanup')) {
    for (const line of await cleanNode({ ...kernel, openSocket: openLocalSocket })) context.log.info(line)
    context.log.info('nothing of ours is left on this node')
  }
  if (given.on('trace')) context.stdout.write(`${JSON.stringify(await nodeTrace(kernel))}\n`)
  if (given.on('cleanup') || given.on('trace')) return undefined
  const settings: RouteAgentSettings = { ...agentSettings(given, context.hostname), networkPlugin: given.text('network-plugin') ?? '' }
  const local = await context.kube(settings.kube)
  if (given.on('wait-for-node')) return waitForNode(context, local, settings.nodeName)
  return given.on('once') || given.on('dry-run')
    ? once(context, given, { settings, local, files })
    : run(context, given, { settings, local, files })
}

const nodeTrace = async (kernel: NodeOptions): Promise<unknown> => ({
  apiVersion: 'subctl.submariner.io/v1',
  kind: 'NodeTrace',
  ...(await traceNode(kernel)),
})

interface Opened {
  readonly settings: RouteAgentSettings
  readonly local: KubeApi
  readonly files: Files
}

async function run(context: Context, given: Given, opened: Opened): Promise<undefined> {
  const { clock, log, signal } = context
  const seen: { last?: RouteAgentSeen; atMs: number } = { atMs: clock.now() }
  const running: Promise<void>[] = []
  void serveHealth(metricsListen(given), {
    clock,
    log,
    signal,
    notLive: () => (clock.now() - seen.atMs > STUCK_MS ? 'no pass has ended for a long time' : undefined),
    notReady: () =>
      seen.last?.isReady === true ? undefined : (seen.last?.status?.statusFailure ?? 'the kernel has not been brought to its plan yet'),
    metrics: () => (seen.last === undefined ? [] : routeAgentMetrics(seen.last)),
  })
  const observe = (now: RouteAgentSeen): void => {
    Object.assign(seen, { last: now, atMs: clock.now() })
  }
  await runRouteAgent({ ...worldOf(context, opened, running), observe })
  await Promise.all(running)
  return undefined
}

/** One look at the API, then the plan on stdout, or the kernel brought to it. */
async function once(context: Context, given: Given, opened: Opened): Promise<undefined> {
  const ended = new AbortController()
  const signal = AbortSignal.any([context.signal, ended.signal])
  const state = openState({ ...worldOf(context, opened, []), signal })
  try {
    await passOnce(state, async ({ node }) => {
      if (state.plan === undefined) return
      const plan = { apiVersion: 'subctl.submariner.io/v1', kind: 'NodePlan', node: opened.settings.nodeName, ...state.plan }
      if (given.on('dry-run')) context.stdout.write(`${JSON.stringify(plan, null, 2)}\n`)
      else for (const line of await node.reconcile(state.plan)) context.stdout.write(`${line}\n`)
    })
  } finally {
    ended.abort()
    await storesEnded(state)
  }
  return undefined
}

/** `running` gets what has to be waited for in the end. */
function worldOf(context: Context, { settings, local, files }: Opened, running: Promise<void>[]): RouteAgentWorld {
  const { clock, log, signal, exec, follow, version } = context
  const kernel = { exec, files, runDir: settings.runDir }
  const restorer = openRestorer(exec, files, clock)
  return {
    settings,
    version,
    clock,
    log,
    signal,
    local,
    node: openNode(kernel),
    openHealth(source): Prober {
      const { intervalMs, mostLost } = settings.health
      const quick = { quickMs: intervalMs / QUICKER, mostQuick: MOST_QUICK }
      const options = { intervalMs: intervalMs * SLOWER, mostLost, mostPerSecond: MOST_PER_SECOND, ...quick, source }
      const health = openHealth({ follow, clock, log, signal, ...options })
      running.push(health.ended)
      return health
    },
    facts: async (node) => {
      const [facts, isRestored] = await Promise.all([readNodeFacts(exec, { ...node, podCidrs: settings.podCidrs }), restorer()])
      return { ...facts, hasRestorer: isRestored }
    },
    probe: (order) => probe(context, order),
    onKernelChange(changed, isNews) {
      running.push(watchKernel({ follow, clock, log, signal, isNews }, changed))
    },
    observe: () => undefined,
  }
}

async function probe({ exec, follow, clock, signal }: Context, order: ProbeOrder): Promise<ProbeOutcome> {
  const { targets, sizesBytes, source, networks, devices, gateways } = order
  const { result, watched } = await watchWhile({ exec, follow, clock, signal, networks, devices, gateways }, async () => {
    const rounds: ProbeOutcome['rounds'][number][] = []
    for (const sizeBytes of sizesBytes) rounds.push({ sizeBytes, results: await echo({ exec, targets, sizeBytes, source, signal }) })
    return rounds
  })
  return { rounds: result, watched }
}

/** What upstream's init container waits for. */
async function waitForNode({ clock, log, signal }: Context, api: KubeApi, name: string): Promise<undefined> {
  for (let said = false; !signal.aborted; said = true) {
    const node = await api.get('Node', name).catch(() => undefined)
    if (node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true) return undefined
    if (!said) log.info('waiting until the node is ready', { node: name })
    await clock.sleep(1_000, signal)
  }
  return undefined
}
