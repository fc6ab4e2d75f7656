import type { Aim, AimResult } from '../../model/nettest.ts'
import { firstOf } from '../listing.ts'

export type PodRole = 'gateway' | 'worker'
/** A node on which pods of `verify` run. */
export interface PodPlace {
  /** The kubeconfig's context. */
  readonly context: string
  readonly node: string
  readonly role: PodRole
}
/** One question from a pod of one cluster to a pod of another, or to the service in front of it. */
export interface PodPath {
  readonly from: PodPlace & { readonly ip: string }
  readonly to: PodPlace
  readonly via: 'pod' | 'service'
  readonly aim: Aim
  /** Undefined where the client's pod ended without a word of it. */
  readonly result: AimResult | undefined
}
/** What the pods of `verify` found. */
export interface PodFindings {
  /** Contexts in which no pods were run, and why. */
  readonly skipped: ReadonlyMap<string, string>
  /** What kept pods of a context from running, one line each. */
  readonly failed: ReadonlyMap<string, readonly string[]>
  /** Where they ran. */
  readonly places: readonly PodPlace[]
  readonly paths: readonly PodPath[]
}

const LARGE_BYTES = 1000
export const isLarge = ({ aim }: PodPath): boolean => aim.bytes > LARGE_BYTES
export const isReached = ({ result }: PodPath): boolean => result?.ok === true

/** `pod on west-w1 to a service of east on east-w1 (tcp, 1000 bytes): no answer within 5000 ms`. */
export const sayPath = ({ from, to, via, aim, result }: PodPath): string => {
  const target = via === 'pod' ? 'the pod' : 'the service of the pod'
  const why = result === undefined ? 'its client ended before it asked' : (result.message ?? 'no answer')
  return `pod on ${from.node} to ${target} on ${to.node} (${aim.ip}, ${aim.protocol.toUpperCase()}, ${aim.bytes} bytes): ${why}`
}

/** The paths that failed, the first few of them in words. */
export function sayFailed(paths: readonly PodPath[]): readonly string[] {
  const failed = paths.filter((path) => !isReached(path))
  return firstOf(failed.map(sayPath), ` of ${paths.length}`)
}

/** What the pattern of failures among one cluster's paths points at, as something to do. */
export function suspect(all: readonly PodPath[]): string {
  const failed = all.filter((path) => !isReached(path))
  const isOnly = (has: (path: PodPath) => boolean): boolean => failed.every(has) && all.some((path) => !has(path) && isReached(path))
  const nodes = (of: (path: PodPath) => PodPlace): string => [...new Set(failed.map((path) => of(path).node))].join(', ')
  if (isOnly((path) => path.from.role === 'worker' || path.to.role === 'worker')) {
    const far = isOnly((path) => path.to.role === 'worker')
    const node = far ? nodes((path) => path.to) : nodes((path) => path.from)
    return `gateways reach each other: open UDP 4800 between ${node} and the gateways of its cluster, and look at its packet filter`
  }
  if (isOnly(isLarge))
    return 'small ones pass: some link has a smaller MTU than the gateways know, and drops ICMP; compare `ip link` of the gateways'
  if (isOnly((path) => path.via === 'service'))
    return 'pods are reached: look at kube-proxy on the gateway node of the other cluster, and at its service network in `subctl show clusters`'
  if (isOnly((path) => path.aim.protocol === 'udp')) return 'TCP passes: some packet filter on the way drops UDP'
  if (isOnly((path) => path.aim.protocol === 'tcp')) return 'UDP passes: some packet filter on the way drops TCP'
  return 'see the checks of connections and nodes above; then `subctl show route-agents` of both clusters'
}
