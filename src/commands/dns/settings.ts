import type { AnswerSettings } from '../../discovery/dns/answer.ts'
import type { Place } from '../../discovery/dns/server.ts'
import { brokerNamespaces } from '../../model/mcs-place.ts'
import { isLabel } from '../../model/names.ts'
import { ipOrNone, parseIp } from '../../model/net.ts'
import { readZone, ZONE } from '../../model/zones.ts'
import { type Given, usage } from '../cli/given.ts'

export interface DnsSettings {
  readonly namespace: string
  /** Namespaces of brokers, should one be on this cluster. */
  readonly brokers: readonly string[]
  readonly answers: AnswerSettings
  readonly places: readonly Place[]
  readonly mostPerClient: number
  /** Processes in all. */
  readonly workers: number
  /** Whether this is one that another has started. */
  readonly isWorker: boolean
  readonly graceMs: number
}

const DEFAULT_PLACE = '0.0.0.0:53'
const MOST_WORKERS = 64
/** The longest TTL of RFC 2181 is much longer; upstream's plugin takes no more. */
const MOST_TTL = 3_600

/** Throws usage errors. */
export function dnsSettings(given: Given): DnsSettings {
  const clusterId = given.need('cluster-id')
  if (!isLabel(clusterId)) throw usage(`--cluster-id is "${clusterId}"; it must be a DNS label of at most 63 characters`, 'cluster-id')
  const places = orElse(given.many('listen'), DEFAULT_PLACE).map(placeOf)
  return {
    namespace: given.need('namespace'),
    brokers: brokerNamespaces(given.text('broker-namespace')),
    answers: {
      clusterId,
      zones: orElse(given.many('zone'), ZONE).map(zoneOf),
      ttlSeconds: given.number('ttl', 0, MOST_TTL),
      isLocalFirst: given.need('prefer') === 'local',
      weights: new Map(given.many('weight').map(weightOf)),
      serverAddresses: places.flatMap(({ host }) => (/^(0\.0\.0\.0|::)$/.test(host) ? [] : ipOrNone(host))),
    },
    places,
    mostPerClient: given.number('most-per-client', 1, 1e9),
    workers: given.number('workers', 1, MOST_WORKERS),
    isWorker: given.on('worker'),
    graceMs: given.duration('grace'),
  }
}

const orElse = (texts: readonly string[], otherwise: string): readonly string[] => (texts.length === 0 ? [otherwise] : texts)

function placeOf(text: string): Place {
  const match = /^(\[[0-9a-f:]+\]|[0-9.]+):(\d{1,5})$/i.exec(text)
  const [host] = ipOrNone((match?.[1] ?? '').replace(/^\[|\]$/g, ''))
  const port = Number(match?.[2] ?? 0)
  if (host === undefined || port > 65_535)
    throw usage(`--listen is "${text}"; it must be ADDRESS:PORT, an IPv6 address in brackets`, 'listen')
  return { host: parseIp(host), port }
}

function zoneOf(text: string): readonly string[] {
  try {
    return readZone(text).split('.')
  } catch (error) {
    if (error instanceof RangeError) throw usage(`--zone: ${error.message}`, 'zone')
    throw error
  }
}

function weightOf(text: string): readonly [string, number] {
  const match = /^([^=]+)=(\d{1,3})$/.exec(text)
  const [cluster = '', weight] = [match?.[1], Number(match?.[2] ?? 101)]
  if (!isLabel(cluster) || weight > 100) throw usage(`--weight is "${text}"; it must be CLUSTER=N, N from 0 to 100`, 'weight')
  return [cluster, weight]
}
