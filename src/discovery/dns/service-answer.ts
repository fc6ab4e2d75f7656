// What a service's names answer: which clusters, which of their addresses, which ports.
import { familyOf, type Ip } from '../../model/net.ts'
import type { Directory, Service } from './directory.ts'
import type { Labels, PortLabels, ServiceName } from './names.ts'
import { dashed, type Member, type Port, type Slice } from './objects.ts'
import { type Question, type Record_, type Said, TYPE } from './records.ts'
import { rotationOf } from './rotation.ts'

/** How one cluster is chosen of several that have a service. */
export interface Choice {
  /** The cluster that this server is in. */
  readonly clusterId: string
  /** Whether the own cluster answers alone while it can. */
  readonly isLocalFirst: boolean
  /** Of a cluster that is not named: 1. */
  readonly weights: ReadonlyMap<string, number>
}
interface How {
  readonly settings: Choice
  readonly zone: Labels
  readonly ttl: number
  readonly turn: number
}
/** Where a service can be reached: one name, its addresses and ports. */
interface Target {
  readonly owner: Labels
  readonly addresses: readonly Ip[]
  readonly ports: readonly Port[]
}
interface Targets {
  readonly all: readonly Target[]
  readonly turns: number
}

export function serviceAnswer(name: ServiceName, { labels, type }: Question, directory: Directory, how: How): Said {
  const service = directory.service(name.namespace, name.service)
  if (service === undefined) return { rcode: 'NXDOMAIN', epochs: [directory.names] }
  const epochs = [service, directory.reach]
  const slices = service.slices.filter(({ cluster }) => name.cluster === undefined || cluster === name.cluster)
  if (!exists(name, service, slices)) return { rcode: 'NXDOMAIN', epochs }
  const isConnected = (cluster: string): boolean => cluster === how.settings.clusterId || directory.reach.isConnected(cluster)
  const { all, turns } = service.import.isHeadless
    ? memberTargets(name, slices, isConnected, how)
    : clusterTargets(name, { service, slices, isConnected, type }, how)
  if (type === TYPE.SRV) return { rcode: 'NOERROR', ...srvRecords(labels, all, name.port, how), turns, epochs }
  // `_http._tcp` has no addresses: it is there for SRV alone.
  const addresses = name.port === undefined ? [...new Set(all.flatMap((target) => target.addresses))] : []
  return { rcode: 'NOERROR', answers: addressRecords(labels, addresses, { type, ttl: how.ttl }), turns, epochs }
}

/** Whether there is such a cluster, member or port, in whatever state. */
function exists({ cluster, host, port }: ServiceName, { import: { isHeadless, ports } }: Service, slices: readonly Slice[]): boolean {
  if (cluster !== undefined && slices.length === 0) return false
  if (host !== undefined && !(isHeadless && slices.some(({ members }) => members.some((member) => isCalled(member, host))))) return false
  const all = isHeadless || cluster !== undefined ? slices.flatMap((slice) => slice.ports) : portsOf(ports, slices)
  return port === undefined || all.some((each) => isPort(each, port))
}

/** Also by its address with dashes, as CoreDNS names those without a hostname. */
const isCalled = ({ host, ip }: Member, asked: string): boolean => host === asked || dashed(ip) === asked

const isPort = (port: Port, asked: PortLabels): boolean =>
  port.protocol.toLowerCase() === asked.protocol && (asked.name === undefined || port.name === asked.name)

const nameOf = (name: ServiceName, prefix: Labels, zone: Labels): Labels => [...prefix, name.service, name.namespace, 'svc', ...zone]

/** Beyond so many the order is no more turned. */
const MOST_TURNED = 16

/** Of a headless service each ready member is one. The order turns, so that those who take the first do not all take the same. */
function memberTargets(name: ServiceName, slices: readonly Slice[], isConnected: (cluster: string) => boolean, how: How): Targets {
  const all = slices
    .filter(({ cluster }) => name.cluster !== undefined || isConnected(cluster))
    .flatMap(({ cluster, members, ports }) =>
      members
        .filter((member) => member.isReady && (name.host === undefined || isCalled(member, name.host)))
        .map(({ host, ip }): Target => ({ owner: nameOf(name, [host ?? dashed(ip), cluster], how.zone), addresses: [ip], ports })),
    )
  const turns = Math.max(1, Math.min(all.length, MOST_TURNED))
  const first = how.turn % turns
  return { all: [...all.slice(first), ...all.slice(0, first)], turns }
}

interface ClusterSetIp {
  readonly service: Service
  readonly slices: readonly Slice[]
  readonly isConnected: (cluster: string) => boolean
  readonly type: number
}

/** Of any other service, in this order: the cluster that was asked for, whatever its state; the clusterset's own addresses; one cluster of those that can answer. */
function clusterTargets(name: ServiceName, { service, slices, isConnected, type }: ClusterSetIp, how: How): Targets {
  const { ips, ports } = service.import
  const one = (prefix: Labels, addresses: readonly Ip[], of: readonly Port[]): readonly Target[] => [
    { owner: nameOf(name, prefix, how.zone), addresses, ports: of },
  ]
  if (name.cluster !== undefined) {
    const addresses = slices.flatMap((slice) => (slice.address === undefined ? slice.members.map(({ ip }) => ip) : [slice.address]))
    const asked = slices.flatMap((slice) => (slice.address === undefined ? slice.ports : servedBy(slice, ports)))
    return { all: one([name.cluster], [...new Set(addresses)], asked), turns: 1 }
  }
  if (ips.length > 0) return { all: one([], ips, portsOf(ports, slices)), turns: 1 }
  const usable = slices.flatMap(({ cluster, members, address }) => {
    const ready = members.filter(({ isReady }) => isReady)
    const found = address === undefined ? ready.map(({ ip }) => ip) : ready.slice(0, 1).map(() => address)
    const addresses = found.filter((ip) => isAsked(ip, type))
    return addresses.length > 0 && isConnected(cluster) ? [{ cluster, addresses }] : []
  })
  const round = roundOf([...new Set(usable.map(({ cluster }) => cluster))].sort(), how.settings)
  const chosen = round[how.turn % Math.max(1, round.length)]
  const addresses = [...new Set(usable.flatMap((each) => (each.cluster === chosen ? each.addresses : [])))]
  return { all: one([], addresses, portsOf(ports, slices)), turns: Math.max(1, round.length) }
}

/** The ports of the service that this cluster's own pods serve: those of one name. */
function servedBy(slice: Slice, ports: readonly Port[]): readonly Port[] {
  const served = ports.filter((port) => slice.ports.some(({ name, protocol }) => name === port.name && protocol === port.protocol))
  return served.length > 0 ? served : ports
}

/** The clusters in the order of their turns. Those of weight 0 have one only where there is no other. */
function roundOf(clusters: readonly string[], { clusterId, isLocalFirst, weights }: Choice): readonly string[] {
  if (isLocalFirst && clusters.includes(clusterId)) return [clusterId]
  const weighted = rotationOf(clusters.map((cluster) => ({ cluster, weight: weights.get(cluster) ?? 1 })))
  return weighted.length > 0 ? weighted : clusters
}

/** The import's, which whoever imports has worked out; where it has none, those that all clusters have. */
function portsOf(imported: readonly Port[], slices: readonly Slice[]): readonly Port[] {
  if (imported.length > 0) return imported
  const [first, ...others] = slices
  const same = (a: Port, b: Port): boolean => a.name === b.name && a.protocol === b.protocol && a.port === b.port
  return (first?.ports ?? []).filter((port) => others.every(({ ports }) => ports.some((other) => same(port, other))))
}

/** Any other type than A and AAAA takes both. */
const isAsked = (ip: Ip, type: number): boolean => (type === TYPE.A ? familyOf(ip) === 4 : type === TYPE.AAAA ? familyOf(ip) === 6 : true)

/** Those of the addresses that the type asks for. */
export const addressRecords = (
  owner: Labels,
  addresses: readonly Ip[],
  { type, ttl }: { readonly type: number; readonly ttl: number },
): readonly Record_[] =>
  addresses
    .filter((ip) => familyOf(ip) === (type === TYPE.A ? 4 : type === TYPE.AAAA ? 6 : undefined))
    .map((data) => ({ owner, ttl, type: familyOf(data) === 4 ? 'A' : 'AAAA', data }))

/** What upstream's plugin says. */
const [PRIORITY, WEIGHT] = [0, 50]

function srvRecords(
  owner: Labels,
  targets: readonly Target[],
  asked: PortLabels | undefined,
  { ttl }: How,
): Pick<Said, 'answers' | 'additional'> {
  const usable = targets
    .map((target) => ({ ...target, ports: target.ports.filter((port) => asked === undefined || isPort(port, asked)) }))
    .filter(({ addresses, ports }) => addresses.length > 0 && ports.length > 0)
  // A member of both families stands in a slice of each.
  const byName = [...Map.groupBy(usable, (target) => target.owner.join('.'))]
  return {
    answers: byName.flatMap(([target, same]) =>
      [...new Set(same.flatMap(({ ports }) => ports.map(({ port }) => port)))].map(
        (port): Record_ => ({
          owner,
          ttl,
          type: 'SRV',
          data: { priority: PRIORITY, weight: WEIGHT, port, target },
        }),
      ),
    ),
    additional: byName.flatMap(([, [first, ...others]]) => {
      const addresses = [...new Set([first, ...others].flatMap((target) => target?.addresses ?? []))]
      return [TYPE.A, TYPE.AAAA].flatMap((type) => addressRecords(first?.owner ?? owner, addresses, { type, ttl }))
    }),
  }
}
