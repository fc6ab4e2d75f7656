import { activeGateways, look } from '../../checks/look.ts'
import { isOf } from '../../checks/paths/gateways.ts'
import { isReady } from '../../checks/pods/pod-state.ts'
import type { Failover } from '../../checks/subject.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD } from '../../model/names.ts'
import { parseIp } from '../../model/net.ts'
import { type FlowState, NETTEST_PORT, readFlow, writeAim } from '../../model/nettest.ts'
import type { Gateway, Pod } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import { awaitPods, createPod, isRunning, logLines } from './pod-cluster.ts'
import type { Ground, PodRun } from './pod-run.ts'

const POLL_MS = 500
const BYTES = 100
/** So many datagrams must be answered before the gateway goes. */
const WARM = 50
const START_MS = 30_000
const BACK_MS = 90_000
/** The hand-over's last losses are known, and nothing else is lost, after this time. */
const QUIET_MS = 5_000

export interface FailoverOptions {
  readonly context: string
  readonly api: KubeApi
  /** Of the agents. */
  readonly namespace: string
  readonly clock: Clock
  readonly pods: PodRun
}

/** Ends the cluster's active gateway under a flow of datagrams to a pod of another cluster, and waits until all is as before. */
export async function failOver(
  options: FailoverOptions,
  how: Failover['how'],
  signal: AbortSignal,
): Promise<Failover | { readonly skipped: string }> {
  const { context, api, namespace, clock, pods } = options
  await pods.findings(signal)
  const ground = pods.grounds().find((one) => one.context === context)
  const aim = pods
    .grounds()
    .find((one) => one.context !== context)
    ?.servers.at(-1)
  if (ground === undefined || aim === undefined) return { skipped: 'no pods run here: see SUB0625' }
  const victim = await activePods(api, namespace)
  if (victim === undefined) return { skipped: 'no pod of an active gateway was found' }
  const flow = await startFlow(ground, `flow-${how}`, aim.podIp, signal)
  try {
    if (!(await until(clock, START_MS, signal, async () => ((await flow.state())?.answered ?? 0) >= WARM)))
      return { skipped: 'no datagram was answered beforehand: see SUB0627' }
    const before = (await flow.state())?.sent ?? 0
    const ending = how === 'planned' ? victim.pods.filter(isEngine) : victim.pods
    await Promise.all(
      ending.map(({ metadata: { name, uid } }) =>
        api.remove('Pod', name, namespace, { ...(uid !== undefined && { uid }), ...(how === 'lost' && { graceSeconds: 0 }) }),
      ),
    )
    const isWhole = await until(clock, BACK_MS, signal, async () => {
      const isManned = (await activePods(api, namespace)) !== undefined && (await areReplaced(api, namespace, ending))
      return isManned && (await isQuiet(flow, clock))
    })
    const after = await flow.state()
    const to = activeGateways(await look(api, namespace))[0]?.metadata.name ?? 'none'
    return {
      how,
      from: victim.gateway,
      to,
      isWhole,
      isBack: isWhole || (after !== undefined && after.open === undefined),
      ...lossesSince(after, before),
    }
  } finally {
    await flow.end()
  }
}

/** What was lost of the datagrams sent after the first `before`. */
export function lossesSince(state: FlowState | undefined, before: number): Pick<Failover, 'sent' | 'lost' | 'ms'> {
  const gaps = [...(state?.gaps ?? []), ...(state?.open ? [state.open] : [])].filter(({ first, lost }) => first + lost > before)
  return {
    sent: Math.max(0, (state?.sent ?? 0) - before),
    lost: gaps.reduce((sum, { lost }) => sum + lost, 0),
    ms: Math.max(0, ...gaps.map(({ ms }) => ms)),
  }
}

interface Flow {
  state(): Promise<FlowState | undefined>
  end(): Promise<unknown>
}

async function startFlow({ cluster, servers }: Ground, name: string, ip: string, signal: AbortSignal): Promise<Flow> {
  const node = servers.at(-1)?.node ?? ''
  const aim = writeAim({ protocol: 'udp', ip: parseIp(ip), port: NETTEST_PORT, bytes: BYTES })
  await createPod(cluster, { name, node, args: ['client', '--flow', aim, '--every', '20ms'] }, signal)
  const [pod] = await awaitPods(cluster, [name], isRunning, signal)
  if (pod === undefined || typeof pod === 'string') throw new Error(`${name} on ${node}: ${pod}`)
  return {
    state: async () => (await logLines(cluster, name, 1)).flatMap((line) => readFlow(line) ?? []).at(-1),
    end: () => cluster.api.within(5_000).remove('Pod', name, cluster.namespace, { graceSeconds: 0 }),
  }
}

const isEngine = ({ metadata }: Pod): boolean => metadata.labels?.app === GATEWAY_WORKLOAD

/** The active gateway whose connections all stand, with the pods of engine and charon on its node. */
async function activePods(
  api: KubeApi,
  namespace: string,
): Promise<{ readonly gateway: string; readonly pods: readonly Pod[] } | undefined> {
  const seen = await look(api, namespace)
  const [active] = activeGateways(seen)
  const node = seen.nodes.find((one) => active !== undefined && isOf(active, one))
  if (active === undefined || node === undefined || !isConnected(active)) return undefined
  const { items } = await api.list('Pod', { namespace })
  const pods = items.filter(
    ({ metadata, spec }) =>
      spec?.nodeName === node.metadata.name && (metadata.labels?.app === GATEWAY_WORKLOAD || metadata.labels?.app === CHARON_WORKLOAD),
  )
  return pods.some(isEngine) ? { gateway: active.metadata.name, pods } : undefined
}
const isConnected = ({ status }: Gateway): boolean =>
  (status?.connections ?? []).some(({ status: one }) => one === 'connected') &&
  (status?.connections ?? []).every(({ status: one }) => one === 'connected')

/** Whether the pods are gone and others stand ready in their place. */
async function areReplaced(api: KubeApi, namespace: string, gone: readonly Pod[]): Promise<boolean> {
  const { items } = await api.list('Pod', { namespace })
  const uids = new Set(items.map(({ metadata }) => metadata.uid))
  return gone.every(
    (pod) =>
      !uids.has(pod.metadata.uid) &&
      items.some(
        (one) => one.metadata.labels?.app === pod.metadata.labels?.app && one.spec?.nodeName === pod.spec?.nodeName && isReady(one),
      ),
  )
}

/** Whether datagrams are answered now, and none is lost for a while. */
async function isQuiet(flow: Flow, clock: Clock): Promise<boolean> {
  const before = await flow.state()
  await clock.sleep(QUIET_MS)
  const after = await flow.state()
  return (
    after !== undefined &&
    after.open === undefined &&
    after.answered > (before?.answered ?? 0) &&
    lossesSince(after, before?.sent ?? 0).lost === 0
  )
}

async function until(clock: Clock, limitMs: number, signal: AbortSignal, isSo: () => Promise<boolean>): Promise<boolean> {
  const endMs = clock.now() + limitMs
  while (!signal.aborted) {
    if (await isSo()) return true
    if (clock.now() > endMs) return false
    await clock.sleep(POLL_MS, signal)
  }
  return false
}
