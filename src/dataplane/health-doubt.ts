// A target of which an answer is overdue is asked again, quickly: whether it is gone or one packet was shows within a second or so.
import type { Ip } from '../model/net.ts'
import type { Clock } from '../system/clock.ts'
import type { Follow } from '../system/follow.ts'

/** What is remembered of one target. */
export interface Doubtful {
  answeredAt: number | undefined
  /** Quick requests have found nobody since the last answer. */
  isLost: boolean
  /** When quick requests were last begun; Infinity while they are under way. */
  askedAt: number | undefined
  /** The longest round trip of late. */
  slowestMs: number
}
export interface OverdueOptions<T extends Doubtful> {
  readonly follow: Follow
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly source: () => Ip | undefined
  /** By address. */
  readonly seen: ReadonlyMap<string, T>
  /** Between two ordinary requests to one target. */
  readonly intervalMs: () => number
  /** Between two quick ones. */
  readonly periodMs: number
  /** Quick requests to send. One answer ends them; when all are lost the target is. */
  readonly requests: number
  /** So many targets at once are asked quickly; of more the ordinary requests must do. Default: 32. */
  readonly mostAtOnce?: number | undefined
  readonly heard: (one: T, ms: number) => void
  readonly lost: () => void
}

/** The longest that an answer is waited for before it counts as none. */
export const ANSWER_MS = 500
/** And the shortest, besides twice the round trip. */
const LEAST_ANSWER_MS = 150
const MOST_AT_ONCE = 32
const LOOK_MS = 50

/** Looks until the signal. */
export async function watchOverdue<T extends Doubtful>(options: OverdueOptions<T>): Promise<void> {
  const { clock, signal, seen, intervalMs, heard, lost, mostAtOnce = MOST_AT_ONCE } = options
  let asking = 0
  const doubt = async (target: string, one: T): Promise<void> => {
    const { answeredAt } = one
    asking += 1
    one.askedAt = Number.POSITIVE_INFINITY
    const isSilent = await ask(options, { target, answerMs: answerMs(one), answered: (ms) => heard(one, ms) })
    asking -= 1
    one.askedAt = clock.now()
    if (!isSilent || one.answeredAt !== answeredAt || seen.get(target) !== one) return
    one.isLost = true
    lost()
  }
  while (!signal.aborted) {
    let waitMs = intervalMs()
    for (const [target, one] of seen) {
      const dueMs = dueInMs(one, clock.now(), intervalMs())
      if (dueMs <= 0 && asking < mostAtOnce) void doubt(target, one)
      else waitMs = Math.min(waitMs, dueMs)
    }
    await clock.sleep(Math.max(LOOK_MS, waitMs), signal)
  }
}

const answerMs = ({ slowestMs }: Doubtful): number => Math.round(Math.min(ANSWER_MS, LEAST_ANSWER_MS + 2 * slowestMs))

/** Until an answer is overdue; Infinity where none is waited for, or where that is known. */
function dueInMs(one: Doubtful, now: number, intervalMs: number): number {
  if (one.answeredAt === undefined || one.isLost) return Number.POSITIVE_INFINITY
  return Math.max(one.answeredAt, one.askedAt ?? 0) + intervalMs + answerMs(one) - now
}

interface Question {
  readonly target: string
  readonly answerMs: number
  readonly answered: (ms: number) => void
}
/** Whether all requests were sent and none was answered; false where that cannot be known. */
async function ask<T extends Doubtful>(options: OverdueOptions<T>, { target, answerMs, answered }: Question): Promise<boolean> {
  const { follow, signal, source, periodMs, requests } = options
  const stop = new AbortController()
  const from = source()
  const argv = [
    ...['--count', String(requests), `--period=${periodMs}`, `--timeout=${answerMs}`, '--interval=1'],
    ...(from === undefined ? [] : [`--src=${from}`]),
  ]
  let isSilent = false
  const onLine = (line: string): void => {
    const answer = parseAnswer(line)
    if (answer?.ip !== target) return
    answered(answer.ms)
    stop.abort()
  }
  // What could not be sent has no line of its own, but is among those of the summary.
  const onNote = (line: string): void => {
    if (line.includes(`xmt/rcv/%loss = ${requests}/0/`)) isSilent = true
  }
  // It ends with an error where nobody has answered.
  await follow(['fping', ...argv, target], { onLine, onNote }, AbortSignal.any([signal, stop.signal])).catch(() => undefined)
  return isSilent && !stop.signal.aborted && !signal.aborted
}

/** A line of fping that tells of an answer, such as `10.0.0.1 : [3], 64 bytes, 0.038 ms (0.049 avg, 0% loss)`. */
export function parseAnswer(line: string): { readonly ip: string; readonly ms: number } | undefined {
  const match = /^(\S+)\s*: \[\d+\], \d+ bytes, ([\d.]+) ms/.exec(line)
  return match === null ? undefined : { ip: match[1] ?? '', ms: Number(match[2]) }
}
