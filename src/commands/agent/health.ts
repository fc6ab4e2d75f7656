// What an agent says of itself over HTTP: /healthz for the kubelet, /readyz, and /metrics for Prometheus.
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'
import { exposition, METRICS_TYPE, type Metric, processMetrics } from '../../system/metrics.ts'
import { openTextServer, type TextAnswer } from '../../system/text-server.ts'
import { type Given, usage } from '../cli/given.ts'
import type { FlagSpec } from '../cli/specs/spec.ts'

export interface Listen {
  readonly host: string
  readonly port: number
}

export const METRICS_FLAGS = (port: number, env?: string): readonly FlagSpec[] => [
  {
    name: 'metrics-listen',
    value: 'HOST:PORT',
    brief: 'where /metrics, /healthz and /readyz are served; `off` for nowhere. Default: loopback, on --metrics-port',
  },
  { name: 'metrics-port', value: 'PORT', brief: 'the port on loopback', ...(env !== undefined && { env }), fallback: String(port) },
]

/** Where to listen; undefined for nowhere. Throws usage errors. */
export function metricsListen(given: Given): Listen | undefined {
  const text = given.text('metrics-listen')
  if (text === 'off') return undefined
  if (text === undefined) return { host: '127.0.0.1', port: given.number('metrics-port', 1, 65535) }
  const match = /^(\[[0-9a-f:]+\]|[^:[\]]*):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[2] ?? 0)
  if (match === null || port < 1 || port > 65535)
    throw usage(`--metrics-listen is "${text}"; it must be HOST:PORT or off`, 'metrics-listen')
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, '') || '::', port }
}

export interface HealthSources {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** What is wrong; undefined while nothing is. A kubelet restarts a pod that is not live. */
  readonly notLive: () => string | undefined
  readonly notReady: () => string | undefined
  readonly metrics: () => readonly Metric[]
}

/** Between two tries for a port that is taken. */
const AGAIN_MS = 2_000

/** Serves until the signal ends it; settles once it does. A port that is taken is no reason for an agent not to start: it is said, and tried again. */
export async function serveHealth(listen: Listen | undefined, sources: HealthSources): Promise<void> {
  const { clock, log, signal, notLive, notReady, metrics } = sources
  if (listen === undefined) return
  const answers: Readonly<Record<string, () => TextAnswer>> = {
    '/healthz': () => verdict(notLive()),
    '/livez': () => verdict(notLive()),
    '/readyz': () => verdict(notReady()),
    '/metrics': () => ({ status: 200, text: exposition([...metrics(), ...processMetrics()]), type: METRICS_TYPE }),
  }
  const answer = (path: string): TextAnswer | undefined => (Object.hasOwn(answers, path) ? answers[path]?.() : undefined)
  for (let complaint = ''; !signal.aborted; await clock.sleep(AGAIN_MS, signal)) {
    try {
      const port = await openTextServer({ ...listen, signal, answer })
      log.info('metrics are served', { host: listen.host, port })
      return
    } catch (error) {
      if (!signal.aborted && messageOf(error) !== complaint)
        log.warn('metrics cannot be served', { host: listen.host, port: listen.port, error: messageOf(error) })
      complaint = messageOf(error)
    }
  }
}

const verdict = (problem: string | undefined): TextAnswer =>
  problem === undefined ? { status: 200, text: 'ok\n' } : { status: 503, text: `${problem}\n` }
