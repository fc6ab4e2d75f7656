// Questions to the echoes of a lab, and streams of numbered datagrams whose losses are counted.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Argv } from '../../src/system/exec.ts'
import { type ClusterLayout, clusterOf, ECHO_PORT, type NodeLayout, nodeOf, SERVICE_PORT } from './layout.ts'
import { argvIn, run } from './places.ts'
import type { Lab } from './state.ts'

const PROGRAMS = join(import.meta.dirname, 'programs')
/** A program of the lab, run by this Node. */
export const program = (name: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--max-old-space-size=32',
  join(PROGRAMS, `${name}.mjs`),
  ...args,
]

/** Where something answers, and what it is called. */
export interface Aim {
  readonly title: string
  readonly ip: string
  readonly port: number
  /** What may answer. */
  readonly names: readonly string[]
}
const aim = (title: string, ip: string, port: number, names: readonly string[] = [title]): Aim => ({ title, ip, port, names })

export const podAim = ({ pod }: NodeLayout): Aim => aim(pod.name, pod.ip, ECHO_PORT)
/** The service of one pod. */
export const serviceAim = ({ pod }: NodeLayout): Aim => aim(`service of ${pod.name}`, pod.vip, SERVICE_PORT, [pod.name])
/** The node itself, by its address among its pods. */
export const hostAim = (node: NodeLayout): Aim => aim(`host ${node.name}`, node.cniIp, ECHO_PORT, [node.name])
/** The service of all pods of a cluster. */
export const clusterAim = ({ name, vip, nodes }: ClusterLayout): Aim =>
  aim(
    `service of ${name}`,
    vip,
    SERVICE_PORT,
    nodes.map(({ pod }) => pod.name),
  )

/** `west-w1-pod`, `west-w1-service`, `west-w1` (the host) or `west` (the service of all its pods). */
export function aimOf(lab: Lab, name: string): Aim {
  const { layout } = lab
  if (name.endsWith('-pod')) return podAim(nodeOf(layout, name.slice(0, -'-pod'.length)))
  if (name.endsWith('-service')) return serviceAim(nodeOf(layout, name.slice(0, -'-service'.length)))
  if (layout.clusters.some((cluster) => cluster.name === name)) return clusterAim(clusterOf(layout, name))
  return hostAim(nodeOf(layout, name))
}

export interface Answer {
  readonly from: string
  readonly to: string
  /** Who answered; undefined where nobody did, or the wrong one. */
  readonly name?: string
  /** The address that the asked one saw. */
  readonly seen?: string
  readonly error?: string
}

/** Asks all aims at once by HTTP from one place. `bytes` is the size of each answer. */
export async function ask(
  lab: Lab,
  from: string,
  aims: readonly Aim[],
  { timeoutMs = 5000, bytes = 0 }: { readonly timeoutMs?: number; readonly bytes?: number } = {},
): Promise<readonly Answer[]> {
  const urls = aims.map(({ ip, port }) => `http://${ip}:${port}/?bytes=${bytes}`)
  const { stdout } = await run(lab, from, program('ask', String(timeoutMs), ...urls), { timeoutMs: timeoutMs + 30_000 })
  const lines = stdout.trim().split('\n').filter(Boolean)
  return lines.map((line, i) => {
    const answer = JSON.parse(line) as { readonly name?: string; readonly from?: string; readonly error?: string; readonly bytes?: number }
    const { title, names } = aims[i] ?? aim('', '', 0)
    const base = { from, to: title }
    if (answer.name === undefined) return { ...base, error: answer.error ?? 'no answer' }
    if (!names.includes(answer.name)) return { ...base, error: `answered by ${answer.name}` }
    return { ...base, name: answer.name, seen: (answer.from ?? '').replace('::ffff:', '') }
  })
}

export interface Answers {
  readonly answers: readonly Answer[]
  /** Those that are not good. */
  readonly missing: readonly Answer[]
  readonly ms: number
}

/** Asks again and again until all answers are good, by default: came from whom was asked; or until the time is over. */
export async function untilAnswered(
  lab: Lab,
  pairs: readonly (readonly [from: string, aims: readonly Aim[]])[],
  {
    limitMs,
    isGood = ({ error }) => error === undefined,
    timeoutMs = 2000,
  }: { readonly limitMs: number; readonly isGood?: (answer: Answer) => boolean; readonly timeoutMs?: number },
): Promise<Answers> {
  const started = Date.now()
  for (;;) {
    const answers: Answer[] = []
    // Not all at once: two cores are few.
    for (const [from, aims] of pairs) answers.push(...(await ask(lab, from, aims, { timeoutMs })))
    const missing = answers.filter((answer) => !isGood(answer))
    const ms = Date.now() - started
    if (missing.length === 0 || ms > limitMs) return { answers, missing, ms }
    await wait(200)
  }
}

export interface Gap {
  readonly first: number
  readonly lost: number
  /** From the first datagram that was lost to the first that was answered again. */
  readonly ms: number
  /** RFC 3339. */
  readonly at: string
}
export interface Tally {
  readonly sent: number
  readonly received: number
  readonly lost: number
  readonly gaps: readonly Gap[]
  /** Until the first datagram that was answered; null where none was. */
  readonly firstMs: number | null
}
export interface Stream extends AsyncDisposable {
  /** Settles when the first datagram is about to go, or when the stream has ended. */
  readonly sending: Promise<void>
  /** Settles when the first datagram has come back. Throws where none has within the limit. */
  answered(limitMs?: number): Promise<void>
  /** Ends the stream, and waits for what is still under way. */
  stop(): Promise<Tally>
}

/** Sends numbered datagrams from a place to an echo, and counts those that do not come back. */
export const stream = (lab: Lab, from: string, { ip, port, title }: Aim, intervalMs = 20): Stream =>
  openStream(argvIn(lab, from, streamProgram({ ip, port }, intervalMs)), `from ${from} to ${title}`)

/** What sends them, wherever it is run. */
export const streamProgram = ({ ip, port }: Pick<Aim, 'ip' | 'port'>, intervalMs: number): readonly string[] =>
  program('stream', ip, String(port), String(intervalMs))

/** Runs what sends them. `route` says in messages where they go: `from a to b`. */
export function openStream(argv: Argv, route: string): Stream {
  const child = spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  let out = ''
  const ended = new Promise<void>((settle) => child.once('close', () => settle()))
  const said = (word: string): Promise<void> =>
    new Promise((settle) => {
      child.stdout.on('data', () => {
        if (out.includes(`{"${word}":true}`)) settle()
      })
    })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const [sending, first] = [Promise.race([said('sending'), ended]), said('answered')]
  const stop = async (): Promise<Tally> => {
    child.stdin.end()
    await ended
    const last = out.trim().split('\n').at(-1) ?? ''
    if (!last.startsWith('{"sent"')) throw new Error(`the stream ${route} ended with ${last || 'nothing'}`)
    return JSON.parse(last) as Tally
  }
  return {
    sending,
    stop,
    async answered(limitMs = 60_000) {
      const limit = wait(limitMs, 'late' as const, { ref: false })
      const result = await Promise.race([first, ended.then(() => 'ended' as const), limit])
      if (result !== undefined) throw new Error(`no datagram ${route} came back: ${result === 'late' ? `${limitMs} ms` : 'it ended'}`)
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) await stop()
    },
  }
}

/** The longest time in which nothing came back. */
export const outageMs = ({ gaps }: Tally): number => Math.max(0, ...gaps.map(({ ms }) => ms))
