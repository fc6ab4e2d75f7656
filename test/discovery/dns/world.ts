// A directory made of the objects that a cluster's API has, and questions to it as bytes; answers are read by dns-packet, which had no part in their names.
import packet, { type DecodedPacket } from 'dns-packet'
import { answerTo } from '../../../src/discovery/dns/answer.ts'
import { encodeAnswer, MOST_BYTES, rcodeOf } from '../../../src/discovery/dns/encode.ts'
import { type Index, openIndex } from '../../../src/discovery/dns/index.ts'
import { readQuery } from '../../../src/discovery/dns/query.ts'
import { openResponder, type Responder } from '../../../src/discovery/dns/responder.ts'
import { parseIp } from '../../../src/model/net.ts'
import type { Resource } from '../../../src/model/resources.ts'

type AnswerSettings = Parameters<typeof answerTo>[2]

export const SETTINGS: AnswerSettings = {
  clusterId: 'west',
  isLocalFirst: true,
  weights: new Map(),
  zones: [
    ['clusterset', 'local'],
    ['corp', 'example', 'org'],
  ],
  ttlSeconds: 5,
  serverAddresses: [parseIp('10.0.0.53')],
}

let versions = 0
const metadata = (name: string, namespace: string, labels?: Readonly<Record<string, string>>): Resource['metadata'] => {
  versions += 1
  return { name, namespace, uid: `uid-${namespace}-${name}`, resourceVersion: String(versions), ...(labels && { labels }) }
}

export interface PortSpec {
  readonly name?: string
  readonly protocol?: string
  readonly port: number
}
export interface ImportSpec {
  readonly namespace?: string
  readonly type?: string
  readonly ips?: readonly string[]
  readonly ports?: readonly PortSpec[]
}
export const HTTP: PortSpec = { name: 'http', protocol: 'TCP', port: 80 }

export const importObject = (name: string, { namespace = 'shop', type = 'ClusterSetIP', ips, ports = [HTTP] }: ImportSpec = {}): Resource =>
  ({
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: metadata(name, namespace),
    spec: { type, ports, ...(ips && { ips }) },
  }) as Resource

export interface EndpointSpec {
  readonly ip: string
  readonly hostname?: string
  readonly pod?: string
  readonly ready?: boolean
}
export interface SliceSpec {
  readonly namespace?: string
  readonly name?: string
  readonly endpoints: readonly EndpointSpec[]
  readonly ports?: readonly PortSpec[]
  readonly publishNotReady?: boolean
  /** Of the Service in front of them, where they are this cluster's own pods. */
  readonly address?: string
}
export function sliceObject(service: string, cluster: string, spec: SliceSpec): Resource {
  const { namespace = 'shop', name = `${service}-${cluster}-x`, endpoints, ports = [HTTP], publishNotReady, address } = spec
  const labels = { 'multicluster.kubernetes.io/service-name': service, 'multicluster.kubernetes.io/source-cluster': cluster }
  const annotations = {
    ...(publishNotReady !== undefined && { 'lighthouse.submariner.io/publish-not-ready-addresses': String(publishNotReady) }),
    ...(address !== undefined && { 'submariner.io/service-address': address }),
  }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata(name, namespace, labels), annotations },
    addressType: endpoints[0]?.ip.includes(':') === true ? 'IPv6' : 'IPv4',
    endpoints: endpoints.map(({ ip, hostname, pod, ready }) => ({
      addresses: [ip],
      conditions: ready === undefined ? {} : { ready },
      ...(hostname !== undefined && { hostname }),
      ...(pod !== undefined && { targetRef: { kind: 'Pod', name: pod } }),
    })),
    ports,
  } as Resource
}

/** A service of one address in each of the clusters. */
export function export_(
  index: Index,
  service: string,
  addresses: Readonly<Record<string, string | EndpointSpec>>,
  of: ImportSpec = {},
): void {
  index.imports.put(importObject(service, of))
  for (const [cluster, address] of Object.entries(addresses))
    index.slices.put(
      sliceObject(service, cluster, {
        ...(of.namespace !== undefined && { namespace: of.namespace }),
        endpoints: [typeof address === 'string' ? { ip: address } : address],
      }),
    )
}

export function completeIndex(): Index {
  const index = openIndex(['submariner-k8s-broker', 'another-broker'])
  index.complete()
  return index
}

export interface Extra {
  readonly class?: string
  readonly flags?: number
  readonly edns?: { readonly udpPayloadSize: number; readonly flags?: number }
}
/** A question as another implementation writes it. */
export const questionBytes = (name: string, type: string, { class: class_ = 'IN', flags = 0x0100, edns }: Extra = {}): Buffer =>
  packet.encode({
    type: 'query',
    id: 4711,
    flags,
    questions: [{ name, type, class: class_ }],
    ...(edns && { additionals: [{ type: 'OPT', name: '.', flags: 0, ...edns }] }),
  })

/** An answer with no limit to its length, at a turn. */
export function answerAt(index: Index, [name, type]: readonly [name: string, type: string], settings = SETTINGS, turn = 0): DecodedPacket {
  const bytes = questionBytes(name, type)
  const read = readQuery(bytes)
  if (read === 'ignored' || 'fault' in read) throw new Error(`${name} ${type} is no question`)
  const answer = answerTo(read.query, index, settings, turn)
  return packet.decode(encodeAnswer({ bytes, ...read.query }, { ...answer, rcode: rcodeOf(answer) }, MOST_BYTES))
}

/** One answer in a line for each section that has records: `web... 5 A 10.0.0.1`. */
export function lines({ rcode, flag_aa, flag_tc, answers, authorities, additionals }: DecodedPacket): readonly string[] {
  const line = (section: string) => (record: DecodedPacket['answers'][number]) =>
    `${section} ${record.name} ${record.ttl} ${record.type} ${dataText(record.data)}`
  return [
    `${rcode}${flag_aa ? ' aa' : ''}${flag_tc ? ' tc' : ''}`,
    ...answers.map(line('an')),
    ...authorities.map(line('au')),
    ...additionals.filter(({ type }) => type !== 'OPT').map(line('ad')),
  ]
}

const dataText = (data: unknown): string =>
  typeof data === 'object' && data !== null && !Buffer.isBuffer(data) ? Object.values(data).join(' ') : String(data)

export const responderOf = (index: Index, settings = SETTINGS): Responder =>
  openResponder({
    directory: index,
    settings,
    random: () => 0,
    onFault: (error) => {
      throw error
    },
  })

/** What comes back over UDP. */
export function udp(responder: Responder, bytes: Buffer): DecodedPacket & { readonly bytes: Buffer } {
  const back = responder.udp(bytes)
  if (back === undefined) throw new Error('no answer')
  return { ...packet.decode(back), bytes: back }
}
