import type { KubeApi } from '../k8s/api.ts'
import type { ProbeAnswer } from '../model/probe.ts'
import type { Clock } from '../system/clock.ts'
import type { BrokerCredential } from './clusters/broker-access.ts'
import type { Installed } from './installed/missing.ts'
import { type Look, look } from './look.ts'
import type { PodFindings } from './pods/pod-findings.ts'
import type { NamesSetup } from './services/names-setup.ts'
import type { ServiceFindings } from './services/tried.ts'

/** What checks may look at: one cluster, and the others that were asked about in the same run. */
export interface CheckContext {
  /** The kubeconfig's context. */
  readonly name: string
  readonly api: KubeApi
  readonly namespace: string
  readonly clock: Clock
  /** The broker's API with this cluster's own credential. Throws UserError where there is none. */
  readonly broker: () => Promise<KubeApi>
  /** Who this cluster is for the broker. Throws UserError where it has no credential. */
  readonly credential: () => Promise<BrokerCredential>
  /** What agents that start now would refuse of their settings and secrets, a line each that names the key. */
  readonly settingsFaults: () => Promise<readonly string[]>
  /** What has to be there by the cluster's settings. */
  readonly installed: () => Promise<Installed>
  /** Reads the cluster's objects anew. */
  readonly look: () => Promise<Look>
  /** What every node found when asked to probe now; asked once, read by several checks. */
  readonly probes: (signal: AbortSignal) => Promise<readonly NodeProbe[]>
  /** The same, asked once more now. */
  readonly probesAnew: (signal: AbortSignal) => Promise<readonly NodeProbe[]>
  /** Names of gateways that did not answer when asked; asked once. */
  readonly silentGateways: (signal: AbortSignal) => Promise<readonly string[]>
  /** Starts what the pods of this run ask, beside other checks. */
  readonly beginPods: (signal: AbortSignal) => void
  /** What pods of this run found, in all its clusters; they are run once. */
  readonly pods: (signal: AbortSignal) => Promise<PodFindings>
  /** Who answers names of the clusterset here, and whether that is set up. */
  readonly names: () => Promise<NamesSetup>
  /** Why no service of a namespace is imported here, by these settings; undefined where that may be. */
  readonly keptOut: (settings: Look['settings'], namespace: string) => string | undefined
  /** What came of services that were exported for the test, from and to all clusters of this run; tried once. */
  readonly services: (signal: AbortSignal) => Promise<ServiceFindings>
  /** Ends the active gateway while pods talk, and counts what is lost. */
  readonly failover: (how: Failover['how'], signal: AbortSignal) => Promise<Failover | { readonly skipped: string }>
  /** Every cluster of this run, this one among them. */
  readonly all: readonly CheckContext[]
  /** The version of this binary. */
  readonly version: string
}

/** What pods lost when a gateway ended. */
export interface Failover {
  /** `planned`: its engine is told to end. `lost`: engine and charon are deleted without a time to end in order. */
  readonly how: 'planned' | 'lost'
  /** Names of the gateways before and after. */
  readonly from: string
  readonly to: string
  readonly sent: number
  readonly lost: number
  /** The longest time without an answer. */
  readonly ms: number
  /** Whether datagrams are answered again. */
  readonly isBack: boolean
  /** Whether all is as before: new pods ready, an active gateway with its connections, and nothing lost any more. */
  readonly isWhole: boolean
}

/** One node's answer, or why there is none. */
export type NodeProbe = { readonly node: string } & ({ readonly answer: ProbeAnswer } | { readonly silent: string })

/** A look that is read once and kept. */
export const looker = (api: KubeApi, namespace: string) => (): Promise<Look> => look(api, namespace)
