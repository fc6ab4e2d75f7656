// Numbered datagrams between pods of two clusters, by `subctl nettest` of our own image; what is lost is counted.
import { lossesSince } from '../../src/commands/verify/failover.ts'
import { parseIp } from '../../src/model/net.ts'
import { type FlowState, NETTEST_PORT, readFlow, writeAim } from '../../src/model/nettest.ts'
import { until } from '../lab/until.ts'
import type { Bed } from './bed.ts'
import { ipOf, linesOf, removeNettest, startEcho, startNettest } from './nettest-pods.ts'

const EVERY_MS = 20
const BYTES = 100
/** A datagram counts as lost when it has had no answer for a second, and a line is printed each second. */
const SETTLED = 2_500 / EVERY_MS

export interface PodFlow extends AsyncDisposable {
  /** What was lost until now counts no more. */
  restart(): Promise<void>
  /** What was lost since it started, and the longest time without an answer. Reads a log by way of the client's API. */
  losses(): Promise<Losses>
}
/** Of datagrams, 50 a second. */
export interface Losses {
  readonly sent: number
  readonly lost: number
  /** Of the longest gap. */
  readonly ms: number
}

/** Starts a pod that sends on node `from`, and one that answers on node `to`, of any two clusters; done when a second's worth is answered. */
export async function podFlow(bed: Bed, from: string, to: string): Promise<PodFlow> {
  const server = await startEcho(bed, to, 'flow-echo')
  const aim = writeAim({ protocol: 'udp', ip: parseIp(await ipOf(bed, server)), port: NETTEST_PORT, bytes: BYTES })
  const client = await startNettest(bed, from, 'flow', ['client', '--flow', aim, '--every', `${EVERY_MS}ms`])
  const state = async (): Promise<FlowState> => {
    const [line = ''] = await linesOf(bed, client, 1)
    return readFlow(line) ?? { flow: aim, sent: 0, answered: 0, gaps: [] }
  }
  await until(`datagrams from ${from} to ${to} are answered`, async () => (await state()).answered > 1_000 / EVERY_MS, 120_000)
  let first = await state()
  return {
    async restart() {
      first = await state()
    },
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
      for (const pod of [client, server]) await removeNettest(bed, pod)
    },
  }
}
