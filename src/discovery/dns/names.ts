// What a name below a zone asks for. Labels stand in the name's order and in lower case.

/** `_http._tcp` in front of a service; `name` is undefined for `_tcp` alone. */
export interface PortLabels {
  readonly name: string | undefined
  readonly protocol: string
}
export interface ServiceName {
  readonly kind: 'service'
  readonly namespace: string
  readonly service: string
  readonly cluster?: string
  /** Of a member of the cluster. */
  readonly host?: string
  readonly port?: PortLabels
}
export type Name =
  | ServiceName
  | { readonly kind: 'apex' }
  /** `svc`, `<namespace>.svc`: exist because of what is below them. */
  | { readonly kind: 'namespaces' }
  | { readonly kind: 'namespace'; readonly namespace: string }
  /** The zone's name server, and what is above it. */
  | { readonly kind: 'server' }
  | { readonly kind: 'above-server' }
  | { readonly kind: 'none' }

export type Labels = readonly string[]

/** The zone's name server below it. */
export const SERVER_LABELS: Labels = ['ns', 'dns']

/** The zone that the name is in: the longest of those that fit. */
export function zoneOf(name: Labels, zones: readonly Labels[]): Labels | undefined {
  let best: Labels | undefined
  for (const zone of zones) if (isBelow(name, zone) && zone.length >= (best?.length ?? 0)) best = zone
  return best
}

const isBelow = (name: Labels, zone: Labels): boolean => {
  const above = name.length - zone.length
  return above >= 0 && zone.every((label, i) => label === name[above + i])
}

/** Reads the labels before the zone's. */
export function readName(labels: Labels): Name {
  const [last, namespace, service, ...rest] = labels.toReversed()
  if (last === undefined) return { kind: 'apex' }
  if (last === 'dns' && labels.length <= 2)
    return labels.length === 1 ? { kind: 'above-server' } : { kind: labels[0] === SERVER_LABELS[0] ? 'server' : 'none' }
  if (last !== 'svc') return { kind: 'none' }
  if (namespace === undefined) return { kind: 'namespaces' }
  if (service === undefined) return { kind: 'namespace', namespace }
  return readPrefix({ kind: 'service', namespace, service }, rest)
}

/** `[[<host>.]<cluster>]` or `[[_port.]_proto][.<cluster>]`, the last label first. */
function readPrefix(name: ServiceName, [first, ...rest]: Labels): Name {
  if (first === undefined) return name
  if (isUnderscored(first)) return readPort(name, first, rest)
  const [second, ...more] = rest
  const ofCluster = { ...name, cluster: first }
  if (second === undefined) return ofCluster
  if (isUnderscored(second)) return readPort(ofCluster, second, more)
  return more.length === 0 ? { ...ofCluster, host: second } : { kind: 'none' }
}

function readPort(name: ServiceName, protocol: string, [port, ...more]: Labels): Name {
  if (more.length > 0 || (port !== undefined && !isUnderscored(port))) return { kind: 'none' }
  return { ...name, port: { name: port?.slice(1), protocol: protocol.slice(1) } }
}

const isUnderscored = (label: string): boolean => label.startsWith('_')
