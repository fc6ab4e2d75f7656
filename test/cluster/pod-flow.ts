// Numbered datagrams between pods of two clusters, by `subctl nettest` of our own image; what is lost is counted.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lossesSince } from '../../src/commands/verify/failover.ts'
import { parseIp } from '../../src/model/net.ts'
import { type FlowState, NETTEST_PORT, readFlow, writeAim } from '../../src/model/nettest.ts'
import { nodeOf } from '../lab/layout.ts'
import { until } from '../lab/until.ts'
import { type Bed, kubectl } from './bed.ts'
import { podIp } from './bed-pods.ts'

const VERSION = (JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }).version
const EVERY_MS = 20
const BYTES = 100
/** A datagram counts as lost when it has had no answer for a second, and a line is printed each second. */
const SETTLED = 2_500 / EVERY_MS

export interface PodFlow extends AsyncDisposable {
  /** What was lost since it started, in datagrams of 50 a second, and the longest time without an answer. Reads a log by way of the client's API. */
  losses(): Promise<Losses>
}
export interface Losses {
  readonly sent: number
  readonly lost: number
  /** Of the longest gap. */
  readonly ms: number
}

/** Starts a pod that sends on node `from`, and one that answers on node `to`, of any two clusters; done when a second's worth is answered. */
export async function podFlow(bed: Bed, from: string, to: string): Promise<PodFlow> {
  const [client, server] = [placeOf(bed, from, 'flow'), placeOf(bed, to, 'echo')]
  await start(bed, server, ['nettest', 'server'])
  const ip = parseIp(await podIp(bed, server.context, server.name))
  const aim = writeAim({ protocol: 'udp', ip, port: NETTEST_PORT, bytes: BYTES })
  await start(bed, client, ['nettest', 'client', '--flow', aim, '--every', `${EVERY_MS}ms`])
  const state = async (): Promise<FlowState> => {
    const log = await kubectl(bed, [...inCluster(client), 'logs', client.name, '--tail=1'])
    return readFlow(log.trim()) ?? { flow: aim, sent: 0, answered: 0, gaps: [] }
  }
  await until(`datagrams from ${from} to ${to} are answered`, async () => (await state()).answered > 1_000 / EVERY_MS, 120_000)
  const first = await state()
  return {
    async losses() {
      let from = Number.POSITIVE_INFINITY
      await until('what is under way has come or is lost', async () => {
        const { sent } = await state()
        from = Math.min(from, sent)
        return sent > from + SETTLED
      })
      return lossesSince(await state(), first.sent)
    },
    async [Symbol.asyncDispose]() {
      for (const pod of [client, server]) await remove(bed, pod)
    },
  }
}

interface PodPlace {
  readonly context: string
  readonly node: string
  readonly name: string
}
const placeOf = (bed: Bed, node: string, role: string): PodPlace => ({
  context: nodeOf(bed.layout, node).cluster,
  node,
  name: `${role}-${node}`,
})
const inCluster = ({ context }: PodPlace): readonly string[] => ['--context', context]
const remove = (bed: Bed, pod: PodPlace): Promise<string> =>
  kubectl(bed, [...inCluster(pod), 'delete', 'pod', pod.name, '--now', '--ignore-not-found'])

async function start(bed: Bed, pod: PodPlace, args: readonly string[]): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name },
    spec: {
      nodeName: pod.node,
      terminationGracePeriodSeconds: 0,
      // One that is made again would count from the beginning.
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: `localhost/subctl:${VERSION}`, args }],
    },
  }
  // What a first go has left.
  await remove(bed, pod)
  await kubectl(bed, [...inCluster(pod), 'apply', '-f', '-'], { input: JSON.stringify(object) })
  await kubectl(bed, [...inCluster(pod), 'wait', 'pod', pod.name, '--for=condition=Ready', '--timeout=120s'])
}
