import type { Ip } from '../model/net.ts'
import type { Connection, EndpointSpec } from '../model/resources.ts'
import type { Target } from './target.ts'

/** One tunnel to another cluster's gateway. Everything of it has been vetted (model/vet.ts). */
export interface Cable {
  readonly local: EndpointSpec
  readonly remote: EndpointSpec
  /** The remote address to dial, and its UDP port. */
  readonly address: Ip
  readonly port: number
  /** Whether a translation stands between (then ESP goes in UDP). */
  readonly nat: boolean
}

/** One way to carry the cables. It takes the whole set each time: no connect, no disconnect, no list to keep. */
export interface CableDriver extends Target<readonly Cable[]> {
  /** With names nothing but the cables by these cable names, and what is left of former ones, is looked at. */
  reconcile(cables: readonly Cable[], names?: ReadonlySet<string>): Promise<readonly string[]>
  /** What the daemon says of each of the cables now, or of those by these names, in their order. */
  connections(cables: readonly Cable[], names?: ReadonlySet<string>): Promise<readonly Connection[]>
}
