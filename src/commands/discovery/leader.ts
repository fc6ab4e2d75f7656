import type { ServiceText } from '../../discovery/copies/copies.ts'
import type { Known } from '../../discovery/plan.ts'
import type { Reaches } from '../../discovery/reach.ts'
import type { LeaseName } from '../../k8s/candidate.ts'
import { DISCOVERY_LEASE } from '../../model/names.ts'
import type { openRefusals } from '../agent/refusals.ts'
import type { openNetworks } from './known.ts'
import type { Marks } from './marks.ts'
import type { Tally } from './report.ts'
import type { Stores } from './stores.ts'
import type { DiscoveryWorld } from './world.ts'

/** What all services depend on. */
export interface Around {
  readonly known: Known
  /** What keeps exports from the broker as long as nobody mends it. */
  readonly obstacle: string | undefined
  /** What is wrong, for people; undefined while nothing is. */
  readonly trouble: string | undefined
  /** Equal texts: every service is as it was, but for namespaces. */
  readonly text: string
}

export const leaseOf = ({ settings, hostname }: DiscoveryWorld): LeaseName => ({
  name: DISCOVERY_LEASE,
  namespace: settings.namespace,
  me: hostname,
})

export interface Leader {
  readonly world: DiscoveryWorld
  readonly stores: Stores
  readonly signal: AbortSignal
  /** When the lease was last taken or renewed: see isHolder. */
  readonly hold: { readonly atMs: number }
  readonly marks: Marks
  /** Services that were not yet as wanted when they were last looked at. */
  readonly unsettled: Set<ServiceText>
  /** What this cluster's API has refused a service when it was last tried. */
  readonly hindered: Map<ServiceText, string>
  /** Services that the last round could not carry out wholly. */
  failing: ReadonlySet<ServiceText>
  /** Passes in a row that have failed. */
  fails: number
  readonly tally: Tally
  readonly networksOf: ReturnType<typeof openNetworks>
  readonly refuse: ReturnType<typeof openRefusals>
  readonly askIn: (ms: number) => void
  readonly kick: () => void
  /** What all services depended on when they were last marked. */
  last: Around | undefined
  wholeAtMs: number
  unsettledAtMs: number
  reaches: Reaches
  /** When a loss of the broker's data was noticed, and the uid of our object there that was remembered then. */
  noticedAt: number | undefined
  noticedUid: string | undefined
  passes: number
  looks: number
}
