// Probes asked for, not a status: some echo requests now, and why there was no answer.
import { familyOf, type Ip } from '../../model/net.ts'
import type { Exec } from '../../system/exec.ts'

export interface EchoOptions {
  readonly exec: Exec
  readonly targets: readonly Ip[]
  /** ICMP payload. */
  readonly sizeBytes: number
  /** To each target. Default: 3. */
  readonly count?: number
  /** The address to send from. Undefined: whatever the kernel takes. */
  readonly source: Ip | undefined
  readonly signal: AbortSignal
}
export interface EchoResult {
  readonly target: Ip
  readonly sent: number
  readonly answered: number
  /** The shortest round trip. */
  readonly rttMs?: number
  /** Why nothing came back, where it did not. */
  readonly message?: string
}

const PERIOD_MS = 200
const ANSWER_MS = 1_000
/** So many of the targets that do not answer are asked after one by one. */
const MOST_REASONS = 8

/** Sends the requests to all targets side by side, at most a thousand a second. Throws where none can be sent at all. */
export async function echo(options: EchoOptions): Promise<readonly EchoResult[]> {
  const { exec, targets, sizeBytes, count = 3, source, signal } = options
  if (targets.length === 0) return []
  const argv = [
    'fping',
    `--vcount=${count}`,
    `--period=${PERIOD_MS}`,
    `--timeout=${ANSWER_MS}`,
    '--interval=1',
    `--size=${sizeBytes}`,
  ] as const
  const timeoutMs = 10_000 + targets.length * count
  const { stderr } = await exec([...argv, ...(source === undefined ? [] : [`--src=${source}`]), ...targets], {
    okCodes: [0, 1],
    timeoutMs,
    signal,
  })
  const results = parseEcho(stderr, targets, count)
  const silent = results.filter(({ answered, message }) => answered === 0 && message === undefined).slice(0, MOST_REASONS)
  const reasons = new Map(
    await Promise.all(silent.map(async ({ target }) => [target, await routeFault({ exec, target, source, signal })] as const)),
  )
  return results.map((result) =>
    result.answered > 0 ? result : { ...result, message: result.message ?? reasons.get(result.target) ?? `no answer to ${count} requests` },
  )
}

/** What fping wrote to stderr in count mode: errors as they came, then a line a target, such as `10.2.0.1 : 0.4 - 0.5`. */
export function parseEcho(stderr: string, targets: readonly Ip[], count: number): readonly EchoResult[] {
  const times = new Map<string, readonly number[]>()
  const errors = new Map<string, string>()
  for (const line of stderr.split('\n')) {
    const error = /^ICMP (.+) from (\S+) for ICMP Echo sent to (\S+)/.exec(line)
    if (error !== null) errors.set(error[3] ?? '', `${error[1]?.toLowerCase()}, says ${error[2]}`)
    const summary = /^(\S+)\s*:((?: (?:-|[\d.]+))+)$/.exec(line.trimEnd())
    if (summary !== null)
      times.set(
        summary[1] ?? '',
        (summary[2] ?? '')
          .trim()
          .split(' ')
          .filter((time) => time !== '-')
          .map(Number),
      )
  }
  return targets.map((target) => {
    const answers = times.get(target) ?? []
    const message = errors.get(target)
    return {
      target,
      sent: count,
      answered: answers.length,
      ...(answers.length > 0 && { rttMs: Math.min(...answers) }),
      ...(answers.length === 0 && message !== undefined && { message }),
    }
  })
}

/** Why this node itself sends nothing there; undefined where it does. */
async function routeFault(options: Pick<EchoOptions, 'exec' | 'source' | 'signal'> & { readonly target: Ip }): Promise<string | undefined> {
  const { exec, target, source, signal } = options
  const from = source === undefined ? [] : ['from', source]
  const done = await exec(['ip', `-${familyOf(target)}`, 'route', 'get', target, ...from], { okCodes: [0, 1, 2], signal })
  if (done.code === 0) return undefined
  const said = done.stderr.trim().split('\n').at(-1)?.replace('RTNETLINK answers: ', '') ?? ''
  return `rejected on this node: it has no tunnel there (${said})`
}
