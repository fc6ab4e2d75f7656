import type { KubeApi } from '../../k8s/api.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'

/** What a discovery agent is told; all of it from flags and the environment. */
export interface DiscoverySettings {
  readonly clusterId: string
  /** Of the agents. */
  readonly namespace: string
  readonly brokerNamespace: string
  /** Namespaces of the system that services are exchanged for all the same. */
  readonly allowed: ReadonlySet<string>
  /** Whether this cluster's own backends are used alone while they are ready. */
  readonly isLocalFirst: boolean
  readonly leaseTermMs: number
}

/** All that an agent touches. `subctl discovery` makes the real one, a test makes a clusterset of them (test/fakes/discovery.ts). */
export interface DiscoveryWorld {
  readonly settings: DiscoverySettings
  readonly hostname: string
  readonly clock: Clock
  readonly log: Log
  /** SIGTERM. */
  readonly signal: AbortSignal
  readonly local: KubeApi
  readonly broker: KubeApi | undefined
  /** Called after every pass of the leader, and when the lead changes. */
  observe(seen: DiscoverySeen): void
}

/** The agent as its metrics and probes see it. */
export interface DiscoverySeen {
  readonly isLeading: boolean
  /** What keeps the leader from its work; undefined while nothing does. */
  readonly trouble: string | undefined
  readonly passes: number
  /** How often a service has been looked at. */
  readonly looks: number
  /** Number of exports in each state. */
  readonly exports: Readonly<Record<string, number>>
  readonly imports: number
  readonly refused: number
  readonly reachable: ReadonlyMap<string, boolean>
}
