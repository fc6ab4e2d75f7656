// Echo requests through the tunnels: one fping for all targets, its lines read as they come. A target that does not answer in time is asked again quickly.
import { messageOf } from '../model/errors.ts'
import type { Ip } from '../model/net.ts'
import type { LatencyRtt } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import type { Follow } from '../system/follow.ts'
import type { Log } from '../system/log.ts'
import { ANSWER_MS, type Doubtful, parseAnswer, watchOverdue } from './health-doubt.ts'
import { openRttWindow, type RttWindow } from './health-rtt.ts'

/** What echo requests through a tunnel say of the other end. */
export interface Pulse {
  /** `unknown` until enough of them were sent. */
  readonly state: 'alive' | 'dead' | 'unknown'
  readonly rtt?: LatencyRtt
}
/** Echo requests to health-check addresses. */
export interface Health {
  /** The addresses to probe from now on. */
  probe(targets: readonly Ip[]): void
  pulse(target: Ip): Pulse
  /** Calls back when a target has stopped answering, or answers again. */
  onChange(act: () => void): void
}
export interface Prober extends Health {
  /** Settles when the signal is aborted and the program has ended. */
  readonly ended: Promise<void>
}

export interface HealthOptions {
  readonly follow: Follow
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Between two echo requests to one target. */
  readonly intervalMs: number
  /** Requests in a row that may get no answer. Of quick ones twice as many: they come so close together that the same gust may take several. */
  readonly mostLost: number
  /** Between two requests to a target of which one is missing. Undefined: it is asked no faster than others. */
  readonly quickMs?: number
  /** Targets asked so at once. */
  readonly mostQuick?: number
  /** Of all targets together: with more of them the interval grows. Default: 100. */
  readonly mostPerSecond?: number
  /** The address to send from: the node's in the pods' network. Undefined: whatever the kernel takes. */
  readonly source: () => Ip | undefined
}

interface Seen extends Doubtful {
  /** Since when requests are sent; undefined while none are. */
  since: number | undefined
  readonly rtt: RttWindow
}
const fresh = (): Seen => ({
  since: undefined,
  answeredAt: undefined,
  isLost: false,
  askedAt: undefined,
  slowestMs: 0,
  rtt: openRttWindow(),
})

/** A round trip as long as the longest counts for less with each that is shorter. */
const FADING = 0.95
const MOST_RETRY_MS = 10_000
/** Quick requests that must be lost, for each of the ordinary ones. */
const QUICK_TIMES = 2

/** Sends nothing before the first targets are named. */
export function openHealth(options: HealthOptions): Prober {
  const { clock, log, signal, mostLost, source } = options
  const seen = new Map<string, Seen>()
  let wanted = ''
  let stop = new AbortController()
  const intervalMs = (): number => Math.max(options.intervalMs, Math.ceil((seen.size * 1000) / (options.mostPerSecond ?? 100)))
  let changed = (): void => undefined
  const hear = (one: Seen, ms: number): void => {
    const wasAlive = stateOf(one, clock.now(), intervalMs(), mostLost) === 'alive'
    one.answeredAt = clock.now()
    one.isLost = false
    one.slowestMs = Math.max(ms, one.slowestMs * FADING)
    one.rtt.add(ms)
    if (!wasAlive) changed()
  }
  const onLine = (line: string): void => {
    const answer = parseAnswer(line)
    const one = seen.get(answer?.ip ?? '')
    if (answer !== undefined && one !== undefined) hear(one, answer.ms)
  }
  const send = async (failures: number): Promise<number> => {
    for (const one of seen.values()) one.since ??= clock.now()
    try {
      await options.follow(loopArgv([...seen.keys()], intervalMs(), source()), { onLine }, AbortSignal.any([signal, stop.signal]))
      return 0
    } catch (error) {
      // No request went out: that says nothing of the other ends.
      for (const one of seen.values()) one.since = one.answeredAt = undefined
      if (failures === 0) log.warn('no echo requests can be sent', { error: messageOf(error) })
      await clock.sleep(Math.min(MOST_RETRY_MS, 500 * 2 ** Math.min(failures, 10)), AbortSignal.any([signal, stop.signal]))
      return failures + 1
    }
  }
  const run = async (): Promise<void> => {
    let failures = 0
    while (!signal.aborted) {
      stop = new AbortController()
      if (seen.size > 0) failures = await send(failures)
      else await aborted(AbortSignal.any([signal, stop.signal]))
    }
  }
  const quick = { ...options, periodMs: options.quickMs ?? 0, requests: mostLost * QUICK_TIMES, mostAtOnce: options.mostQuick }
  const doubting =
    options.quickMs === undefined ? undefined : watchOverdue({ ...quick, seen, intervalMs, heard: hear, lost: () => changed() })
  return {
    ended: Promise.all([run(), doubting]).then(() => undefined),
    onChange(act) {
      changed = act
    },
    probe(targets) {
      const now: readonly string[] = [...new Set(targets)].sort()
      const text = [source() ?? '', ...now].join()
      if (text === wanted) return
      wanted = text
      for (const ip of [...seen.keys()]) if (!now.includes(ip)) seen.delete(ip)
      for (const ip of now) if (!seen.has(ip)) seen.set(ip, fresh())
      stop.abort()
    },
    pulse(target) {
      const one = seen.get(target)
      const rtt = one?.rtt.summary()
      return { state: stateOf(one, clock.now(), intervalMs(), mostLost), ...(rtt !== undefined && { rtt }) }
    },
  }
}

function stateOf(one: Seen | undefined, now: number, intervalMs: number, mostLost: number): Pulse['state'] {
  if (one?.since === undefined) return 'unknown'
  if (one.isLost) return 'dead'
  const silentMs = now - (one.answeredAt ?? one.since) - ANSWER_MS
  if (silentMs > mostLost * intervalMs) return 'dead'
  return one.answeredAt === undefined ? 'unknown' : 'alive'
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))

const loopArgv = (targets: readonly string[], intervalMs: number, source: Ip | undefined): readonly [string, ...string[]] => [
  'fping',
  '--loop',
  `--period=${intervalMs}`,
  '--interval=1',
  ...(source === undefined ? [] : [`--src=${source}`]),
  ...targets,
]
