import type { KubeApi } from '../k8s/api.ts'
import type { ProbeAnswer } from '../model/probe.ts'
import type { Clock } from '../system/clock.ts'
import { type Look, look } from './look.ts'

/** What checks may look at: one cluster, and the others that were asked about in the same run. */
export interface CheckContext {
  /** The kubeconfig's context. */
  readonly name: string
  readonly api: KubeApi
  readonly namespace: string
  readonly clock: Clock
  /** The broker's API with this cluster's own credential. Throws UserError where there is none. */
  readonly broker: () => Promise<KubeApi>
  /** Reads the cluster's objects anew. */
  readonly look: () => Promise<Look>
  /** What every node found when asked to probe now; asked once, read by several checks. */
  readonly probes: (signal: AbortSignal) => Promise<readonly NodeProbe[]>
  /** Names of gateways that did not answer when asked; asked once. */
  readonly silentGateways: (signal: AbortSignal) => Promise<readonly string[]>
  /** Every cluster of this run, this one among them. */
  readonly all: readonly CheckContext[]
  /** The version of this binary. */
  readonly version: string
}

/** One node's answer, or why there is none. */
export type NodeProbe = { readonly node: string } & ({ readonly answer: ProbeAnswer } | { readonly silent: string })

/** A look that is read once and kept. */
export const looker = (api: KubeApi, namespace: string) => (): Promise<Look> => look(api, namespace)
