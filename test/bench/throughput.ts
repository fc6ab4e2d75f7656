// One TCP stream through our tunnel, against the same through the same charon configured by hand; in turns, so that both meet the same neighbours.
import { spawn } from 'node:child_process'
import { agentKey } from '../lab/agents.ts'
import { daemonOf } from '../lab/daemons.ts'
import { nodeOf } from '../lab/layout.ts'
import { argvIn, run } from '../lab/places.ts'
import type { Lab } from '../lab/state.ts'
import { type Bench, repeat, runsOf } from './bench.ts'
import { connectByHand } from './by-hand.ts'
import { childrenOf, cpuMsOf } from './cost.ts'
import { untilSteady } from './gateways.ts'
import { type Result, result } from './series.ts'
import { withBareLab, withLab } from './with-lab.ts'

const SECONDS = 4

export const throughput: Bench = {
  name: 'throughput',
  brief: 'TCP between pods on gateways through our tunnel, and its ratio to the same charon configured by hand',
  needsRoot: true,
  run: (options) =>
    withLab(options, { workers: 1 }, async (lab) => {
      const leaders = await untilSteady(lab)
      const pair = [`${leaders.get('west')}-pod`, `${leaders.get('east')}-pod`] as const
      return withBareLab({ workers: 1 }, async (bare) => {
        await connectByHand(bare)
        const ourCharons = await charonsOf(
          lab,
          [...leaders.values()].map((node) => agentKey(node, 'charon')),
        )
        const others = await charonsOf(bare, ['west-gw1.by-hand', 'east-gw1.by-hand'])
        const seconds = options.quick ? 1 : SECONDS
        const rates = await repeat(runsOf(options, 11, 21), async (index) => {
          const inTurn = [
            () => measured(ourCharons, () => megabits(lab, pair, seconds), seconds),
            () => measured(others, () => megabits(bare, ['west-gw1-pod', 'east-gw1-pod'], seconds), seconds),
          ]
          // Whoever is second may find the machine in another mood.
          const isSwapped = index % 2 === 1
          const rates = await inOrder(isSwapped ? inTurn.toReversed() : inTurn)
          const [ours = NOTHING, byHand = NOTHING] = isSwapped ? rates.toReversed() : rates
          options.say(`${index + 1}: ${ours.rate.toFixed(0)} and ${byHand.rate.toFixed(0)} Mbit/s`)
          return { ours, byHand }
        })
        const conditions = `one TCP stream of ${seconds} s, userspace ESP on this machine, AES-256-GCM; both in turns`
        const of = (series: string, unit: string, value: (pair: Pair) => number, more = ''): Result =>
          result({ bench: 'throughput', series, unit, values: rates.map(value), conditions: conditions + more })
        return [
          of('tunnel', 'Mbit/s', ({ ours }) => ours.rate),
          of('by-hand', 'Mbit/s', ({ byHand }) => byHand.rate),
          of('ratio', '1', ({ ours, byHand }) => ours.rate / byHand.rate),
          of(
            'cpu-ratio',
            '1',
            ({ ours, byHand }) => ours.perCpu / byHand.perCpu,
            '; megabits for a second of both charons’ CPU, which neighbours disturb less',
          ),
        ]
      })
    }),
}

interface Measured {
  /** Mbit/s. */
  readonly rate: number
  /** Mbit for a second of CPU. */
  readonly perCpu: number
}
interface Pair {
  readonly ours: Measured
  readonly byHand: Measured
}
const NOTHING: Measured = { rate: 0, perCpu: 0 }

async function charonsOf(lab: Lab, keys: readonly string[]): Promise<readonly number[]> {
  const found = await Promise.all(
    keys.map(async (key) => {
      const pid = (await daemonOf(lab, key))?.process.pid ?? 0
      return [pid, ...(await childrenOf(pid))]
    }),
  )
  return found.flat()
}

async function measured(pids: readonly number[], work: () => Promise<number>, seconds: number): Promise<Measured> {
  const cpu = async (): Promise<number> => (await Promise.all(pids.map(cpuMsOf))).reduce((a, b) => a + b, 0)
  const before = await cpu()
  const rate = await work()
  return { rate, perCpu: (rate * seconds * 1000) / ((await cpu()) - before) }
}

const inOrder = (tasks: readonly (() => Promise<Measured>)[]): Promise<readonly Measured[]> =>
  repeat(tasks.length, (i) => tasks[i]?.() ?? Promise.resolve(NOTHING))

interface Report {
  readonly error?: string
  readonly end?: { readonly sum_received?: { readonly bits_per_second: number } }
}

/** What a TCP stream from one pod to another carries. */
async function megabits(lab: Lab, [from, to]: readonly [string, string], seconds: number): Promise<number> {
  const server = argvIn(lab, to, ['iperf3', '--server', '--one-off', '--forceflush'])
  const child = spawn(server[0], server.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((settle) => child.once('close', settle))
  try {
    await new Promise<void>((settle) => child.stdout.on('data', (text: Buffer) => text.includes('listening') && settle()))
    const client = ['iperf3', '--client', podIp(lab, to), '--time', String(seconds), '--json', '--connect-timeout', '5000']
    const { stdout } = await run(lab, from, client, { timeoutMs: (seconds + 30) * 1000, okCodes: [0, 1] })
    const { end, error } = JSON.parse(stdout) as Report
    if (end?.sum_received === undefined) throw new Error(`iperf3 from ${from} to ${to}: ${error}`)
    await ended
    return end.sum_received.bits_per_second / 1e6
  } finally {
    if (child.exitCode === null) child.kill('SIGTERM')
    await ended
  }
}

const podIp = (lab: Lab, pod: string): string => nodeOf(lab.layout, pod.replace(/-pod$/, '')).pod.ip
