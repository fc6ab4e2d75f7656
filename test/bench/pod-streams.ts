// Streams of numbered datagrams between pods of a bed: programs of the lab, run in the network of real pods.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Argv } from '../../src/system/exec.ts'
import type { Bed } from '../cluster/bed.ts'
import { podIp, runPods } from '../cluster/bed-pods.ts'
import { apiOf } from '../lab/access.ts'
import { ECHO_PORT, nodeOf } from '../lab/layout.ts'
import { openStream, program, type Stream, streamProgram, type Tally } from '../lab/traffic.ts'
import { podProcesses } from './pod-processes.ts'

export interface PodStreams extends AsyncDisposable {
  /** Ends all, and waits for what is under way: the tallies in the order of the routes. */
  stop(): Promise<readonly Tally[]>
}

/** From a pod on one node to a pod on another. */
export type Route = readonly [from: string, to: string]

/** Starts the streams, and pods on their nodes where they are not there yet; done when each has had an answer. */
export async function podStreams(bed: Bed, routes: readonly Route[], everyMs: number): Promise<PodStreams> {
  await startPods(bed, [...new Set(routes.flat())])
  const echoes: ChildProcess[] = []
  for (const node of new Set(routes.map(([, to]) => to))) echoes.push(await echo(bed, node))
  const streams: Stream[] = []
  for (const route of routes) streams.push(await open(bed, route, everyMs))
  let tallies: Promise<readonly Tally[]> | undefined
  const stop = (): Promise<readonly Tally[]> => {
    tallies ??= Promise.all(streams.map((stream) => stream.stop())).finally(() => {
      for (const child of echoes) child.kill('SIGKILL')
    })
    return tallies
  }
  try {
    await Promise.all(streams.map((stream) => stream.answered()))
  } catch (error) {
    await stop().catch(() => undefined)
    throw error
  }
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

const POD = 'stream'
const podName = (node: string): string => `${POD}-${node}`
const contextOf = (bed: Bed, node: string): string => nodeOf(bed.layout, node).cluster

async function startPods(bed: Bed, nodes: readonly string[]): Promise<void> {
  for (const { name } of bed.layout.clusters) {
    const own = nodes.filter((node) => contextOf(bed, node) === name)
    await runPods(
      bed,
      name,
      own.map((node) => ({ name: podName(node), node })),
    )
  }
}

async function open(bed: Bed, [from, to]: Route, everyMs: number): Promise<Stream> {
  const ip = await podIp(bed, contextOf(bed, to), podName(to))
  return openStream(await argvInPod(bed, from, streamProgram({ ip, port: ECHO_PORT }, everyMs)), `from ${podName(from)} to ${podName(to)}`)
}

async function echo(bed: Bed, node: string): Promise<ChildProcess> {
  const argv = await argvInPod(bed, node, program('echo', podName(node), String(ECHO_PORT)))
  // A bench that is killed leaves none behind.
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The command that runs a program of this machine in the network of the stream's pod on a node. */
async function argvInPod(bed: Bed, node: string, argv: readonly string[]): Promise<Argv> {
  const api = await apiOf(bed, contextOf(bed, node))
  const uid = (await api.get('Pod', podName(node), 'default'))?.metadata.uid
  const found = (await podProcesses(bed, node)).find(({ pod }) => pod === uid)
  if (found === undefined) throw new Error(`the pod ${podName(node)} runs no process`)
  // Ahead of all else: on a busy machine an echo that waits for its turn would count as a network that loses.
  return ['nice', '-n', '-19', 'nsenter', `--net=/proc/${found.pid}/ns/net`, '--', ...argv]
}
