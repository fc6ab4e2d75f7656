// What the processes of one server have done, told by each in a line of JSON, and added up.
import type { Counts } from '../../discovery/dns/server.ts'
import { isRecord, parseJson } from '../../k8s/answers.ts'
import type { Metric } from '../../system/metrics.ts'

/** What one process says of itself. */
export interface Tally extends Counts {
  readonly isReady: boolean
  readonly services: number
  readonly slices: number
}

/** Undefined for a line that is no tally. */
export function readTally(line: string): Tally | undefined {
  const value = parseJson(line)
  if (!isRecord(value) || !isRecord(value.answers)) return undefined
  const { answers, isReady, services, slices, ignored, limited } = value
  const numbers = [services, slices, ignored, limited]
  const codes = [answers.udp, answers.tcp]
  if (!numbers.every(isNumber) || !codes.every((list) => Array.isArray(list) && list.every(isNumber))) return undefined
  return { ...(value as unknown as Tally), isReady: isReady === true }
}
const isNumber = (value: unknown): boolean => typeof value === 'number'

const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const

/** `own` is this process's; the others are its workers'. */
export function dnsMetrics(own: Tally, others: readonly Tally[]): readonly Metric[] {
  const all = [own, ...others]
  const sum = (of: (tally: Tally) => number): number => all.reduce((total, tally) => total + of(tally), 0)
  const answers = (['udp', 'tcp'] as const).flatMap((transport) =>
    CODES.map((code, i) => ({ labels: { transport, code }, value: sum((tally) => tally.answers[transport][i] ?? 0) })),
  )
  return [
    { name: 'submariner_dns_answers', help: 'Answers given, by transport and code.', type: 'counter', samples: answers },
    {
      name: 'submariner_dns_unanswered',
      help: 'Packets without an answer: no question, or more than one client may ask in a second.',
      type: 'counter',
      samples: [
        { labels: { reason: 'no-question' }, value: sum(({ ignored }) => ignored) },
        { labels: { reason: 'rate' }, value: sum(({ limited }) => limited) },
      ],
    },
    gauge('submariner_dns_services', 'Services that have a name.', own.services),
    gauge('submariner_dns_endpointslices', 'EndpointSlices that answers are made of.', own.slices),
    gauge(
      'submariner_dns_processes',
      'Processes that answer.',
      sum(({ isReady }) => Number(isReady)),
    ),
  ]
}

const gauge = (name: string, help: string, value: number): Metric => ({ name, help, type: 'gauge', samples: [{ value }] })
