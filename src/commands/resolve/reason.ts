// Why a cluster's DNS says what it says, from what its API has of the service.
import { readName, type ServiceName } from '../../discovery/dns/names.ts'
import { IMPORTED_IN_PART } from '../../model/mcs.ts'
import type { NameResult } from '../../model/nettest-name.ts'
import { ZONE } from '../../model/zones.ts'
import { NO_AGENT } from '../look/agent.ts'
import type { Count, ServiceSight } from '../look/service-sight.ts'
import type { SetUp } from './setup.ts'

/** The whole name: `web.shop`, `web.shop.svc` and `_http._tcp.web.shop` are of the clusterset's zone, and `west.web.shop` is where `west` is one of the clusters. */
export function wholeName(name: string, clusters: ReadonlySet<string> = new Set()): string {
  if (name.endsWith('.svc')) return `${name}.${ZONE}`
  const whole = `${name}.svc.${ZONE}`
  if (name.replace(/^(_[^.]+\.){2}/, '').split('.').length === 2) return whole
  return clusters.has(clusterIn(name) ?? '') ? whole : name
}

/** The cluster that a name would be of if it were a short one; undefined where it cannot be. */
const clusterIn = (name: string): string | undefined => serviceOf(`${name}.svc`)?.cluster
/** Whether it hangs on the clusters whether the name is a short one. */
export const mayBeShort = (name: string): boolean => wholeName(name) === name && clusterIn(name) !== undefined

/** The service that the name is of; undefined where it is of none. */
export function serviceOf(name: string): ServiceName | undefined {
  const labels = name.split('.')
  const read = readName(labels.slice(0, labels.lastIndexOf('svc') + 1))
  return read.kind === 'service' ? read : undefined
}

export const keyOf = ({ namespace, service }: ServiceName): string => `${namespace}/${service}`

/** One answer. `is`: the service's address in this cluster, a backend of a cluster, an address of a ServiceImport that is not ours, or nothing that is known of the service. */
export interface Owned {
  readonly value: string
  readonly is?: 'service' | 'backend' | 'stranger' | 'unknown'
  readonly cluster?: string
}

/** Whose an address is. */
export function ownerOf(value: string, service: ServiceName, sight: ServiceSight): Owned {
  const key = keyOf(service)
  if (sight.imports.get(key)?.spec?.ips?.includes(value) === true) return { value, is: 'service' }
  if (sight.strangers.get(key)?.spec?.ips?.includes(value) === true) return { value, is: 'stranger' }
  const cluster = sight.sourceOf(key, value)
  return cluster === undefined ? { value, is: 'unknown' } : { value, is: 'backend', cluster }
}

export function ownedText({ value, is, cluster }: Owned): string {
  if (is === undefined) return value
  const what = { service: 'the service’s own address in this cluster', stranger: 'of a ServiceImport that is not ours', backend: cluster }
  return `${value} (${(is === 'unknown' ? undefined : what[is]) ?? 'not known as an address of the service'})`
}

export interface Around {
  /** The clusters that export the service, as far as they were asked. */
  readonly others: readonly string[]
  /** How the cluster's DNS is set up; undefined where that is not seen. */
  readonly setUp: SetUp | undefined
}

/** What somebody should know who uses the answer: a service's own address is there whether or not anything is behind it. */
export function noteOf(answers: readonly Owned[], service: ServiceName, sight: ServiceSight): string | undefined {
  const key = keyOf(service)
  if (sight.strangers.has(key)) return strangerText(service)
  // A port's answers are names, and whose they are is not known.
  const isVirtual = sight.imports.get(key)?.spec.type === 'ClusterSetIP' && service.cluster === undefined
  if (!isVirtual || !answers.some(({ is }) => is === 'service' || is === undefined)) return undefined
  const behind = [...sight.behind(key)]
  const said = unready(service, sight)
  if (behind.some(([, { ready }]) => ready > 0)) return said
  const counts = countsOf(behind)
  return said !== undefined && counts === '' ? said : withSaid(`nothing behind it is ready: ${counts || 'it has no backends'}`, said)
}

/** What the agent says of an import that is not ready, such as that a quota is full; undefined where it is, or no agent says it any more. */
function unready(name: ServiceName, sight: ServiceSight): string | undefined {
  const ready = sight.imports.get(keyOf(name))?.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status !== 'False' || !sight.hasAgent) return undefined
  return `the import is not ready: ${(ready.message || ready.reason).replaceAll('\n', '; ')}`
}
const withSaid = (text: string, said: string | undefined): string => (said === undefined ? text : `${text}; ${said}`)

const strangerText = ({ namespace, service }: ServiceName): string =>
  `the ServiceImport ${service} in namespace ${namespace} is not ours, so nothing of the service is imported here: remove or rename it`

const countsOf = (behind: readonly (readonly [string, Count])[]): string =>
  behind.map(([cluster, { ready, all }]) => `${cluster} ${ready}/${all}`).join(', ')

/** What stands in the way of an answer. */
export function reasonOf(result: NameResult, service: ServiceName, sight: ServiceSight, { others, setUp }: Around): string {
  if (result.code === 'TIMEOUT' || result.code === 'CONNREFUSED')
    return 'no DNS server answers pods there: see whether the cluster’s DNS runs'
  const zone = result.ask.slice(result.ask.lastIndexOf('.svc.') + '.svc.'.length)
  if (!sight.zones.includes(zone)) return `${zone} is no domain of the clusterset’s names there: ${sight.zones.join(', ')}`
  if (result.code !== 'NXDOMAIN' && result.code !== 'NODATA') return failure(setUp)
  return unimported(service, sight, others) ?? imported(result, service, sight)
}

/** Of a server that gives no answer at all, such as SERVFAIL. */
function failure(setUp: SetUp | undefined): string {
  if (setUp?.mode !== 'multicluster')
    return 'the DNS server knows the zone and cannot answer for it, such as where it forwards to a server that is away'
  return setUp.missing.length > 0
    ? `CoreDNS is to answer it itself and may not read ServiceImports (not there as it should be: ${setUp.missing.join(', ')}): run subctl join again`
    : 'CoreDNS is to answer it itself and cannot yet, as before it has read the ServiceImports: look into the log of its pods'
}

function unimported(name: ServiceName, sight: ServiceSight, others: readonly string[]): string | undefined {
  const { namespace, service } = name
  if (!sight.isServed) return 'the cluster does not have the kinds of services across clusters'
  if (sight.imports.has(`${namespace}/${service}`)) return undefined
  if (sight.strangers.has(keyOf(name))) return strangerText(name)
  if (!sight.hasAgent) return NO_AGENT
  if (!sight.namespaces.has(namespace)) return `there is no namespace ${namespace} here, so its services are not imported`
  if (sight.ending.has(namespace)) return `namespace ${namespace} is being removed in this cluster, so its services are not imported`
  const why = sight.keptOut(namespace)
  if (why !== undefined) return `services of namespace ${namespace} are not imported: ${why}`
  if (others.length === 0)
    return `there is no ServiceImport ${service} in namespace ${namespace}: none of the clusters asked exports the service`
  return `there is no ServiceImport ${service} in namespace ${namespace}, though ${others.join(', ')} exports it: look into the log of \`subctl discovery\``
}

/** What the agent says that it has left out of the import. */
function leftOut(name: ServiceName, sight: ServiceSight): string {
  const conditions = sight.imports.get(keyOf(name))?.status?.conditions ?? []
  const said = conditions.find(({ type, reason }) => type === 'Ready' && reason === IMPORTED_IN_PART)
  return said === undefined ? '' : `; ${said.message.replaceAll('\n', '; ')}`
}

function imported({ code, type }: NameResult, name: ServiceName, sight: ServiceSight): string {
  const behind = [...sight.behind(keyOf(name))]
  const counts = countsOf(behind)
  const here = sight.imports.get(keyOf(name))
  const isOf = (id: string): boolean => here?.status?.clusters?.some(({ cluster }) => cluster === id) === true
  const wanted = name.cluster === undefined ? behind : behind.filter(([cluster]) => cluster === name.cluster)
  if (name.cluster !== undefined && wanted.length === 0 && !isOf(name.cluster))
    return `cluster ${name.cluster} does not export the service; those that do: ${counts || 'none'}`
  const said = unready(name, sight)
  const isNoneReady = wanted.every(([, { ready }]) => ready === 0)
  if (said !== undefined) return isNoneReady && counts !== '' ? withSaid(`nothing of the service is ready: ${counts}`, said) : said
  if (isNoneReady) return `nothing of the service is ready: ${counts || 'it has no backends'}${leftOut(name, sight)}`
  if (code === 'NODATA') return `the name is known and has no ${type} record`
  const isMember = name.cluster !== undefined && name.host !== undefined && here?.spec.type === 'Headless'
  if (isMember && !sight.hasReady(keyOf(name), name.cluster, name.host))
    return `no ready backend of cluster ${name.cluster} is known by the name ${name.host}; those with addresses outside of their cluster’s networks are left out${leftOut(name, sight)}`
  if (!isMember && (name.cluster !== undefined || name.host !== undefined))
    return 'the service is imported, but the name is not known: names of single clusters and pods of services with an address need `subctl dns`'
  return `the service is imported and ready, but the cluster’s DNS does not know it: it has neither the option multicluster nor a forwarding to \`subctl dns\` (docs/dns.md)`
}
