import type { CableDriver } from '../../dataplane/cable.ts'
import type { Health } from '../../dataplane/health.ts'
import type { PublicIpAnswer } from '../../dataplane/public-ip.ts'
import type { Target } from '../../dataplane/target.ts'
import type { KubeApi } from '../../k8s/api.ts'
import type { Cidr, Ip } from '../../model/net.ts'
import type { Gateway } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'

/** What an engine is told; all of it from flags and the environment. */
export interface EngineSettings {
  readonly clusterId: string
  readonly namespace: string
  readonly brokerNamespace: string
  readonly podCidrs: readonly Cidr[]
  readonly serviceCidrs: readonly Cidr[]
  readonly colorCodes: readonly string[]
  readonly natEnabled: boolean
  readonly nattPort: number
  /** The wire name of the cable driver. */
  readonly backend: string
  readonly forceEncaps: boolean
  /** Resolvers of the public address; "" for the built-in ones. */
  readonly publicIp: string
  readonly airGapped: boolean
  readonly health: { readonly enabled: boolean; readonly intervalMs: number; readonly mostLost: number }
  readonly leaseTermMs: number
  /** The longest that a gateway which was asked to end forwards for its successor. */
  readonly graceMs: number
}

/** What this machine is, as read from it. */
export interface Facts {
  /** The address that it speaks to the world from. */
  readonly privateIp: Ip
  /** Its address in the pods' network; undefined where the CNI gives it none. */
  readonly cniIp: Ip | undefined
}

/** All that an engine touches. `subctl engine` makes the real one, a test makes a clusterset of them (test/fakes/clusterset.ts). */
export interface EngineWorld {
  readonly settings: EngineSettings
  readonly version: string
  readonly hostname: string
  /** Name of the Node. */
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Log
  /** SIGTERM. */
  readonly signal: AbortSignal
  readonly local: KubeApi
  readonly broker: KubeApi | undefined
  readonly driver: CableDriver
  /** Calls back when a tunnel to one of these gateways, by cable name, or to any, may have come up or gone down, so that nobody has to ask all the time. */
  onTunnelChange(changed: (cables?: readonly string[]) => void): void
  /** The device that tunnels end in on this node, for the route agents; undefined while the daemon does not say. */
  interfaceName(): Promise<string | undefined>
  /** The port that the daemon beside this engine really has; undefined where its keeper does not say. Never rejects. */
  charonPort(): Promise<number | undefined>
  /** Addresses that the active gateway owns, one in each local selector. */
  readonly owned: Target<readonly Ip[]>
  readonly health: Health
  facts(): Promise<Facts>
  /** The address that others see this gateway by, from resolvers as `--public-ip` has them. Never rejects. */
  findPublicIp(sources: string): Promise<PublicIpAnswer>
  /** Called after every pass of the status loop, for metrics. */
  observe(seen: Observation): void
}

/** The engine as its metrics and probes see it. */
export interface Observation {
  readonly isLeading: boolean
  readonly isReady: boolean
  readonly gateway: Gateway
  readonly syncs: number
}
