// The few fields of ServiceImports, EndpointSlices and Gateways that answers are made of. Others may have written them: whatever is not as it must be is left out.
import { isRecord } from '../../k8s/answers.ts'
import { PUBLISH_NOT_READY, SERVICE_ADDRESS, SERVICE_NAME, SOURCE_CLUSTER, SOURCE_NAMESPACE } from '../../model/mcs.ts'
import { isBrokersImport } from '../../model/mcs-place.ts'
import { isLabel } from '../../model/names.ts'
import { familyOf, type Ip, ipOrNone } from '../../model/net.ts'
import type { Resource } from '../../model/resources.ts'

export interface Port {
  /** "" where it has none. */
  readonly name: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly port: number
}
/** A service that has been imported into a namespace of this cluster. */
export interface Import {
  readonly namespace: string
  readonly service: string
  readonly isHeadless: boolean
  /** The addresses of the service in the whole clusterset, where it has some. */
  readonly ips: readonly Ip[]
  readonly ports: readonly Port[]
}
export interface Member {
  /** Its hostname, else its pod's name. */
  readonly host: string | undefined
  readonly ip: Ip
  readonly isReady: boolean
}
/** What one cluster has of a service, or a part of it. */
export interface Slice {
  readonly namespace: string
  readonly service: string
  readonly cluster: string
  readonly ports: readonly Port[]
  readonly members: readonly Member[]
  /** Where the members stand behind a Service of this cluster: its address. They are then asked by its ports, not by theirs. */
  readonly address: Ip | undefined
}

/** As many as Kubernetes allows. */
const MOST_MEMBERS = 1_000
const MOST_PORTS = 100
const MOST_ADDRESSES = 100

/** Undefined for what is no import: anything that stands with a broker, or is what clusters share on one. */
export function importOf(object: Resource, brokers: ReadonlySet<string>): Import | undefined {
  const { name, namespace } = object.metadata
  const spec = recordAt(object, 'spec')
  if (namespace === undefined || brokers.has(namespace) || !isLabel(name) || !isLabel(namespace)) return undefined
  if (isBrokersImport(object.metadata)) return undefined
  return {
    namespace: shared(namespace),
    service: shared(name),
    isHeadless: spec.type === 'Headless',
    ips: addressesOf(spec.ips),
    ports: portsOf(spec.ports),
  }
}

/** Undefined for a slice that belongs to no service of a clusterset, or is a broker's own copy. */
export function sliceOf(object: Resource): Slice | undefined {
  const { namespace, labels = {}, annotations } = object.metadata
  const { [SERVICE_NAME]: service, [SOURCE_CLUSTER]: cluster, [SOURCE_NAMESPACE]: home } = labels
  if (namespace === undefined || service === undefined || cluster === undefined) return undefined
  if (!isLabel(namespace) || !isLabel(service) || !isLabel(cluster) || (home !== undefined && home !== namespace)) return undefined
  const isReadyAnyway = isRecord(annotations) && annotations[PUBLISH_NOT_READY] === 'true'
  const endpoints = listAt(object, 'endpoints').slice(0, MOST_MEMBERS)
  return {
    namespace: shared(namespace),
    service: shared(service),
    cluster: shared(cluster),
    ports: portsOf(listAt(object, 'ports')),
    address: isRecord(annotations) ? addressesOf([annotations[SERVICE_ADDRESS]])[0] : undefined,
    // Copied: a list that was filled piece by piece has room for sixteen more, and most have one.
    members: endpoints.flatMap((endpoint) => memberOf(endpoint, isReadyAnyway)).slice(),
  }
}

function memberOf(endpoint: unknown, isReadyAnyway: boolean): readonly Member[] {
  // Kubernetes gives no meaning to any but the first.
  const [ip] = addressesOf(listAt(endpoint, 'addresses').slice(0, 1))
  if (ip === undefined) return []
  const host = [textAt(endpoint, 'hostname'), textAt(recordAt(endpoint, 'targetRef'), 'name')].find((name) => isLabel(name))
  // Nothing said counts as ready.
  const isReady = isReadyAnyway || recordAt(endpoint, 'conditions').ready !== false
  return [{ host, ip, isReady }]
}

/** An address as a label: `10-1-2-3`. */
export const dashed = (ip: Ip): string => ip.replaceAll(/[.:]+/g, '-').replace(/^-/, '0-').replace(/-$/, '-0')

const NONE: readonly Ip[] = []

function addressesOf(list: unknown): readonly Ip[] {
  if (!Array.isArray(list)) return NONE
  const found = list.slice(0, MOST_ADDRESSES).flatMap((text: unknown) => (typeof text === 'string' ? ipOrNone(text) : []))
  return found.filter(isOfAnother)
}

/** Not the machine that asks, its link, nobody or everybody: no service is there. */
const isOfAnother = (ip: Ip): boolean =>
  familyOf(ip) === 4 ? !/^(0|127|169\.254|22[4-9]|23\d|24\d|25[0-5])\./.test(ip) : !/^(::1?$|fe[89ab]|ff|::ffff:)/.test(ip)

function portsOf(list: unknown): readonly Port[] {
  if (!Array.isArray(list)) return []
  const ports = list.slice(0, MOST_PORTS).flatMap((item: unknown): readonly Port[] => {
    if (!isRecord(item)) return []
    const { name = '', protocol = 'TCP', port } = item
    if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') return []
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return []
    return [{ name: typeof name === 'string' && isLabel(name) ? name : '', protocol, port }]
  })
  const key = ports.map(({ name, protocol, port }) => `${name} ${protocol} ${port}`).join()
  return remember(PORTS, key, ports)
}

// Each service is named by several objects, each cluster and namespace by thousands, and most have the same ports: one copy of each is enough.
const MOST_SHARED = 20_000
const TEXTS = new Map<string, string>()
const PORTS = new Map<string, readonly Port[]>()
const shared = (text: string): string => remember(TEXTS, text, text)
function remember<T>(known: Map<string, T>, key: string, value: T): T {
  const there = known.get(key)
  if (there !== undefined) return there
  if (known.size >= MOST_SHARED) known.clear()
  known.set(key, value)
  return value
}

const recordAt = (value: unknown, key: string): Readonly<Record<string, unknown>> => {
  const found = isRecord(value) ? value[key] : undefined
  return isRecord(found) ? found : {}
}
const listAt = (value: unknown, key: string): readonly unknown[] => {
  const found = isRecord(value) ? value[key] : undefined
  return Array.isArray(found) ? found : []
}
const textAt = (value: unknown, key: string): string => {
  const found = isRecord(value) ? value[key] : undefined
  return typeof found === 'string' ? found : ''
}
