// The pods of verify over all clusters of a run: servers first, then clients that ask them.

import { NOT_PODS } from '../../checks/installed/workloads.ts'
import { type Look, look } from '../../checks/look.ts'
import type { PodFindings, PodPath, PodPlace } from '../../checks/pods/pod-findings.ts'
import { hasConstraints } from '../../install/objects/workloads.ts'
import { messageOf } from '../../model/errors.ts'
import { ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import { ipOrNone } from '../../model/net.ts'
import { type Aim, DONE_LINE, NETTEST_PORT, readResult, writeAim } from '../../model/nettest.ts'
import type { Clock } from '../../system/clock.ts'
import type { Subject } from '../look/subjects.ts'
import { podNodes } from './places.ts'
import { awaitLine, awaitPods, createNamespace, createPod, isRunning, type PodCluster, removeNamespace, sweep } from './pod-cluster.ts'
import { serverName, serverService } from './pod-objects.ts'

export interface PodRunOptions {
  readonly subjects: readonly Subject[]
  /** Of the agents. */
  readonly namespace: string
  /** `auto`: where our DaemonSets are. */
  readonly when: 'auto' | 'true' | 'false'
  /** Default: the image of the route agents. */
  readonly image: string | undefined
  /** Aims that a client asks at once. */
  readonly parallel: number
  readonly clock: Clock
  /** How long pods may be needed. */
  readonly lifeMs: number
}
/** One server pod and the service before it. */
export interface Server extends PodPlace {
  readonly podIp: string
  readonly serviceIp: string | undefined
}
/** A cluster in which the servers run. */
export interface Ground {
  readonly context: string
  readonly cluster: PodCluster
  readonly servers: readonly Server[]
}
export interface PodRun {
  /** Starts the servers, once. What went wrong is told by the findings. */
  begin(signal: AbortSignal): void
  /** Has clients ask all servers, once; later calls give the same. */
  findings(signal: AbortSignal): Promise<PodFindings>
  /** Clusters with servers that run, once the findings are there. */
  grounds(): readonly Ground[]
  /** Removes all that was put anywhere; gives what could not be removed. */
  close(isHurried: boolean): Promise<readonly string[]>
}

/** How long somebody who has interrupted waits for requests that are under way. */
const HURRY_MS = 3_000

const POD_SIZES: readonly Pick<Aim, 'protocol' | 'bytes'>[] = [
  { protocol: 'tcp', bytes: 1_000 },
  { protocol: 'tcp', bytes: 65_536 },
  { protocol: 'udp', bytes: 100 },
  // Below, at and far above what one packet of 1500 bytes holds.
  { protocol: 'udp', bytes: 1_300 },
  { protocol: 'udp', bytes: 1_472 },
  { protocol: 'udp', bytes: 9_000 },
]
const SERVICE_SIZES: readonly Pick<Aim, 'protocol' | 'bytes'>[] = [
  { protocol: 'tcp', bytes: 1_000 },
  { protocol: 'tcp', bytes: 65_536 },
  { protocol: 'udp', bytes: 100 },
]

export function openPodRun(options: PodRunOptions): PodRun {
  const opened: PodCluster[] = []
  const grounds: Ground[] = []
  let started: Promise<Started> | undefined
  let found: Promise<PodFindings> | undefined
  const begin = (signal: AbortSignal): Promise<Started> => {
    started ??= startAll(options, opened, signal)
    return started
  }
  const run = async (signal: AbortSignal): Promise<PodFindings> => {
    const { skipped, failed, grounds: fresh } = await begin(signal)
    grounds.push(...fresh)
    const asked = await Promise.all(fresh.map((ground) => askFrom(ground, fresh, options.parallel, signal)))
    for (const { context, problems } of asked) if (problems.length > 0) failed.set(context, [...(failed.get(context) ?? []), ...problems])
    return { skipped, failed, places: fresh.flatMap(({ servers }) => servers), paths: asked.flatMap(({ paths }) => paths) }
  }
  return {
    begin: (signal) => void begin(signal).catch(() => undefined),
    findings: (signal) => {
      found ??= run(signal)
      return found
    },
    grounds: () => grounds,
    async close(isHurried) {
      // What is just being made would outlive its removal.
      const settled = started?.then(() => undefined).catch(() => undefined)
      await (isHurried ? Promise.race([settled, options.clock.sleep(HURRY_MS)]) : settled)
      const left = await Promise.all(
        opened.map((cluster) =>
          removeNamespace(cluster, isHurried).catch((error: unknown) => `namespace ${cluster.namespace} is left: ${messageOf(error)}`),
        ),
      )
      return left.filter((line) => line !== undefined)
    },
  }
}

interface Started {
  readonly skipped: Map<string, string>
  readonly failed: Map<string, readonly string[]>
  readonly grounds: readonly Ground[]
}
/** Starts the servers of all clusters that can have them; `opened` gets each cluster before anything is put into it. */
async function startAll(options: PodRunOptions, opened: PodCluster[], signal: AbortSignal): Promise<Started> {
  const { subjects } = options
  const skipped = new Map<string, string>()
  const failed = new Map<string, readonly string[]>()
  const grounds: Ground[] = []
  const namespace = `submariner-verify-${crypto.randomUUID().slice(0, 8)}`
  const planned = await Promise.all(
    subjects.map(async (subject) => {
      const plan = await planOf(subject, options)
      if (typeof plan === 'string') skipped.set(subject.name, plan)
      return typeof plan === 'string' ? [] : [{ ...plan, context: subject.name }]
    }),
  )
  const able = planned.flat()
  if (able.length < 2) {
    for (const { context } of able) skipped.set(context, subjects.length < 2 ? ALONE : 'no pods can be run in another cluster')
    return { skipped, failed, grounds }
  }
  await Promise.all(
    able.map(async ({ context, seen, ...plan }) => {
      const cluster = { ...plan.cluster, namespace }
      opened.push(cluster)
      const { servers, problems } = await startServers(context, cluster, seen, signal)
      if (problems.length > 0) failed.set(context, problems)
      if (servers.length > 0) grounds.push({ context, cluster, servers })
    }),
  )
  return { skipped, failed, grounds }
}

const ALONE = 'one context alone was given: pods talk between the clusters of --contexts A,B'

export interface PodPlanOptions extends Pick<PodRunOptions, 'when' | 'namespace' | 'image' | 'clock' | 'lifeMs'> {
  /** Default: that of the route agents. */
  readonly imagePullPolicy?: string | undefined
}

/** How pods are run in the cluster; text: why they are not. */
export async function planOf({ api }: Subject, options: PodPlanOptions): Promise<{ cluster: PodCluster; seen: Look } | string> {
  const { when, namespace, clock, lifeMs } = options
  if (when === 'false') return '--pods false'
  const agents = await api.get('DaemonSet', ROUTE_AGENT_WORKLOAD, namespace).catch(() => undefined)
  const container = agents?.spec?.template?.spec?.containers?.[0]
  const image = options.image ?? container?.image
  if (image === undefined || (when === 'auto' && agents === undefined))
    return when === 'true' ? 'the agents do not run as pods here: name the image of ours with --image' : NOT_PODS
  await sweep(api, clock)
  const pullPolicy = (options.imagePullPolicy ?? container?.imagePullPolicy) === 'Never' ? 'Never' : 'IfNotPresent'
  const deadline = new Date(clock.now() + lifeMs)
  const cluster = { api, clock, namespace: '', image, pullPolicy, deadline, isUserGiven: await hasConstraints(api) }
  return { cluster, seen: await look(api, namespace) }
}

async function startServers(context: string, cluster: PodCluster, seen: Look, signal: AbortSignal) {
  const nodes = podNodes(seen)
  if (nodes.length === 0) return { servers: [], problems: ['no node is ready'] }
  try {
    await createNamespace(cluster)
    const services = await Promise.all(nodes.map(({ role }) => cluster.api.create(serverService(cluster.namespace, role))))
    await Promise.all(
      nodes.map(({ node, role }) =>
        createPod(cluster, { name: serverName(role), node, args: ['server', '--port', String(NETTEST_PORT)] }, signal),
      ),
    )
    const pods = await awaitPods(
      cluster,
      nodes.map(({ role }) => serverName(role)),
      isRunning,
      signal,
    )
    const servers = nodes.flatMap(({ node, role }, i): Server[] => {
      const pod = pods[i]
      if (pod === undefined || typeof pod === 'string') return []
      return [{ context, node, role, podIp: pod.status?.podIP ?? '', serviceIp: services[i]?.spec?.clusterIP }]
    })
    return { servers, problems: pods.flatMap((pod, i) => (typeof pod === 'string' ? [`${nodes[i]?.node}: ${pod}`] : [])) }
  } catch (error) {
    return { servers: [], problems: [messageOf(error)] }
  }
}

type Question = Omit<PodPath, 'result' | 'from'>

/** What a client of one cluster asks the servers of all others. */
export const questions = (own: string, grounds: readonly Ground[]): readonly Question[] =>
  grounds
    .filter(({ context }) => context !== own)
    .flatMap(({ servers }) => servers)
    .flatMap(({ podIp, serviceIp, ...to }) => [
      ...ipOrNone(podIp).flatMap((ip) => POD_SIZES.map((size) => ({ to, via: 'pod' as const, aim: { ...size, ip, port: NETTEST_PORT } }))),
      ...ipOrNone(serviceIp ?? '').flatMap((ip) =>
        SERVICE_SIZES.map((size) => ({ to, via: 'service' as const, aim: { ...size, ip, port: NETTEST_PORT } })),
      ),
    ])

async function askFrom({ context, cluster, servers }: Ground, grounds: readonly Ground[], parallel: number, signal: AbortSignal) {
  const asked = questions(context, grounds)
  const aims = asked.flatMap(({ aim }) => ['--aim', writeAim(aim)])
  const problems: string[] = []
  const paths = await Promise.all(
    servers.map(async ({ podIp: _, serviceIp: __, ...place }): Promise<readonly PodPath[]> => {
      if (asked.length === 0) return []
      const name = `client-${place.role}`
      try {
        await createPod(cluster, { name, node: place.node, args: ['client', '--parallel', String(parallel), ...aims] }, signal)
        const [pod] = await awaitPods(cluster, [name], (one) => (one.status?.podIP ?? '') !== '', signal)
        if (pod === undefined || typeof pod === 'string') throw new Error(pod)
        const lines = await awaitLine(cluster, name, DONE_LINE, signal)
        const results = new Map(lines.flatMap((line) => readResult(line) ?? []).map((result) => [result.aim, result]))
        const from = { ...place, ip: pod.status?.podIP ?? '' }
        return asked.map((question) => ({ ...question, from, result: results.get(writeAim(question.aim)) }))
      } catch (error) {
        problems.push(`${place.node}: ${messageOf(error)}`)
        return []
      }
    }),
  )
  return { context, problems, paths: paths.flat() }
}
