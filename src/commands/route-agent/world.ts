import type { Health } from '../../dataplane/health.ts'
import type { NodeTarget } from '../../dataplane/kernel/node-target.ts'
import type { EchoResult } from '../../dataplane/probe/echo.ts'
import type { Watched } from '../../dataplane/probe/watch.ts'
import type { KubeApi } from '../../k8s/api.ts'
import type { Cidr, Ip } from '../../model/net.ts'
import type { RouteAgent } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'
import type { AgentSettings } from '../agent/settings.ts'

export interface RouteAgentSettings extends AgentSettings {
  /** SUBMARINER_NETWORKPLUGIN: the CNI that `join` found; "" where it is not told. */
  readonly networkPlugin: string
}

/** What this machine is, as read from it. */
export interface NodeFacts {
  /** MTU of the device that has the node's address. */
  readonly nodeMtu: number
  /** Its address in the pods' network and the device that has it; undefined where the CNI gives it none. */
  readonly cniIp: Ip | undefined
  readonly cniDevice: string | undefined
  /** The device of its tunnels while its engine keeps any. */
  readonly carryingBy?: string | undefined
  /** Whether a program runs here that writes sets back as it once read them. Default: false. */
  readonly hasRestorer?: boolean
}

/** Echo requests with the kernel's and others' reasons, while somebody watches for packets outside the tunnels. */
export interface ProbeOrder {
  readonly targets: readonly Ip[]
  /** Payloads, one round each. */
  readonly sizesBytes: readonly number[]
  readonly source: Ip | undefined
  readonly networks: readonly Cidr[]
  readonly devices: readonly string[]
  readonly gateways: readonly Ip[]
}
export interface ProbeOutcome {
  /** By size, in the order of the sizes. */
  readonly rounds: readonly { readonly sizeBytes: number; readonly results: readonly EchoResult[] }[]
  readonly watched: Watched
}

/** All that a route agent touches. `subctl route-agent` makes the real one, a test makes its own. */
export interface RouteAgentWorld {
  readonly settings: RouteAgentSettings
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  /** SIGTERM. */
  readonly signal: AbortSignal
  readonly local: KubeApi
  readonly node: NodeTarget
  /** Echo requests to the other clusters; `source` is asked for the address to send from. */
  openHealth(source: () => Ip | undefined): Health
  facts(node: { readonly nodeIp: Ip; readonly nodePodCidrs: readonly Cidr[] }): Promise<NodeFacts>
  probe(order: ProbeOrder): Promise<ProbeOutcome>
  /** Calls back soon, and once a second at most while much changes, when a device, an address, a route or a rule of this machine changes; `isNews` judges the lines that tell of it. */
  onKernelChange(changed: () => void, isNews: (line: string) => boolean): void
  /** Called after every pass, for metrics. */
  observe(seen: RouteAgentSeen): void
}

/** The route agent as its metrics and probes see it. */
export interface RouteAgentSeen {
  /** Whether the kernel has been brought to the plan, and the last pass did not fail. */
  readonly isReady: boolean
  readonly routes: number
  readonly passes: number
  readonly status: RouteAgent['status'] | undefined
}
