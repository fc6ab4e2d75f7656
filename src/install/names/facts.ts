// What is known of a cluster's DNS before anything is planned. Read by read.ts; tests write it by hand.
import type { DnsVersion } from './coredns-version.ts'

/** One text in a ConfigMap. */
export interface MapText {
  readonly namespace: string
  readonly name: string
  readonly key: string
  /** Undefined where the key, or the ConfigMap, is not there. */
  readonly text: string | undefined
  /** Whether the ConfigMap is there. */
  readonly isThere: boolean
  /** Its other keys. */
  readonly others: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Whoever writes it by itself, and would write it again: EKS, Helm, an addon manager. */
  readonly keeper: Keeper | undefined
}
export interface Keeper {
  /** `eks`: the text is a setting of the addon. `other`: it may come back when that program writes the next time. */
  readonly kind: 'eks' | 'other'
  readonly name: string
}

export interface CoreDns {
  readonly kind: 'coredns'
  /** Such as `Deployment kube-system/coredns`. */
  readonly title: string
  readonly image: string
  readonly version: DnsVersion | undefined
  /** Where the version is from or, without one, why it is not known. */
  readonly versionFrom: string
  readonly account: { readonly namespace: string; readonly name: string }
  /** Undefined where no ConfigMap of its pods has a Corefile. */
  readonly corefile: MapText | undefined
  /** A ConfigMap whose keys `*.server` the Corefile imports: where the platform wants changes to be. */
  readonly custom: MapText | undefined
}
export interface KubeDns {
  readonly kind: 'kube-dns'
  readonly title: string
  readonly stubs: MapText
}
export interface OpenShiftDns {
  readonly kind: 'openshift'
  readonly title: string
  /** spec.servers of dns.operator.openshift.io `default`. */
  readonly servers: readonly unknown[] | undefined
  readonly domain: string
}
export interface NoDns {
  readonly kind: 'unknown'
  readonly title: string
}
export type DnsServer = CoreDns | KubeDns | OpenShiftDns | NoDns

export interface DnsFacts {
  readonly server: DnsServer
  /** The Corefile of NodeLocal DNSCache, where that is installed. */
  readonly nodeLocal: MapText | undefined
  /** Whether the cluster serves ServiceImports as v1alpha1, the version that CoreDNS reads; undefined where it does not have the kind yet. */
  readonly servesAlpha: boolean | undefined
}

export const CUSTOM_KEY = 'submariner.server'
/** Name of our entry among the servers of OpenShift's DNS. */
export const OPENSHIFT_SERVER = 'submariner-dns'
/** Annotation: what of a ConfigMap was not there before us, `map` or `key`. */
export const CREATED_ANNOTATION = 'submariner.io/dns-created'
/** Annotation of kube-dns's ConfigMap: the entries that are ours, as text. */
export const STUBS_ANNOTATION = 'submariner.io/dns-stubs'
