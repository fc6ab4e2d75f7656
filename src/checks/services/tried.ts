// What came of services that were exported for the test: from one cluster to each other one.
import type { AimResult } from '../../model/nettest.ts'
import type { NameResult } from '../../model/nettest-name.ts'

export type TriedKind = 'address' | 'headless'
/** A name that pods of the importing cluster asked their DNS for. */
export interface TriedName {
  readonly name: string
  /** The pod's node. */
  readonly node: string
  /** Whether the name is of one cluster, with its id before the service. */
  readonly isOfCluster: boolean
  readonly expected: readonly string[]
  /** The last answer; undefined where the pod said nothing. */
  readonly result: NameResult | undefined
  /** What stands in the way, as far as objects tell. */
  readonly why?: string
}
/** An address of the service that was asked for bytes. */
export interface TriedFetch {
  readonly node: string
  readonly address: string
  readonly result: AimResult | undefined
}
/** A wait: the milliseconds that it took, or what was missing when time was over. */
export type Waited = { readonly ms: number } | { readonly why: string }

export interface Tried {
  readonly kind: TriedKind
  /** `namespace/name`. */
  readonly service: string
  /** Contexts. */
  readonly exporter: string
  readonly importer: string
  /** From the export to the import that can be used. */
  readonly imported: Waited
  readonly names: readonly TriedName[]
  readonly fetched: readonly TriedFetch[]
  /** From the end of the export to the end of the import, and to the end of all its names. Undefined where it was not tried. */
  readonly dropped?: Waited
  readonly forgotten?: Waited
}
export interface ServiceFindings {
  /** Contexts that took no part, and why. */
  readonly skipped: ReadonlyMap<string, string>
  /** What kept services from being tried at all, by context. */
  readonly failed: ReadonlyMap<string, string>
  readonly tried: readonly Tried[]
}

/** Whether a name answers what it should, and nothing else. */
export const isRight = ({ expected, result }: Pick<TriedName, 'expected' | 'result'>): boolean =>
  result?.ok === true && [...expected].sort().join() === [...(result.answers ?? [])].sort().join()

/** `west-gw1, west-w1: web.shop.svc.clusterset.local: NXDOMAIN from 100.1.0.10`: what is the same on several nodes is said once. */
export function sayNames(names: readonly TriedName[]): readonly string[] {
  const alike = Map.groupBy(names, sayAnswer)
  return [...alike].map(([text, all]) => `${all.map(({ node }) => node).join(', ')}: ${text}`)
}

function sayAnswer({ name, expected, result, why }: TriedName): string {
  if (result === undefined) return `${name}: ${why ?? 'its pod did not ask'}`
  const answer = result.ok ? `${(result.answers ?? []).join(', ')} instead of ${expected.join(', ')}` : (result.code ?? 'no answer')
  return `${name}: ${answer} from ${result.servers.join(', ')}${why === undefined ? '' : `, ${why}`}`
}

export const sayFetch = ({ node, address, result }: TriedFetch, service: string): string =>
  `${node}: ${service} at ${address}: ${result === undefined ? 'its pod did not ask' : (result.message ?? 'no answer')}`
