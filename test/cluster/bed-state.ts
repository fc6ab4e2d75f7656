// Beds of real clusters on the machine: what is written down of them.
import { type HostLayout, type Layout, type SiteOptions, siteLayoutOf } from '../lab/layout.ts'
import { claimSite, findSite, forgetSite, keepSite, listSites, type Site, type SiteKind } from '../lab/sites.ts'

export type Cni = 'bridge' | 'flannel'
export type ProxyMode = 'iptables' | 'nftables'

export interface BedOptions extends SiteOptions {
  /** By cluster. Default: bridge. */
  readonly cni: Readonly<Record<string, Cni>>
  /** Clusters whose nodes run kube-router, for NetworkPolicies alone. It is built by `scripts/kube-build kube-router`. */
  readonly policy?: readonly string[]
  /** Clusters whose API takes pods of security level `restricted` alone, where a namespace does not say another level. */
  readonly restricted?: readonly string[]
  /** Of kube-proxy, by cluster. Default: iptables. */
  readonly proxy: Readonly<Record<string, ProxyMode>>
}
export const BED_DEFAULTS: BedOptions = {
  name: 'bed',
  clusters: 2,
  gateways: 1,
  workers: 1,
  broker: 'cluster',
  nat: [],
  rpFilter: 0,
  strictRouters: true,
  cni: {},
  proxy: {},
}

export type BedLayout = Layout<HostLayout, BedOptions>
export type Bed = Site<BedLayout>

const BEDS: SiteKind<BedLayout> = { title: 'bed', script: 'scripts/cluster', layoutOf: siteLayoutOf }

export const claimBed = (options: BedOptions): Promise<Bed> => claimSite(BEDS, options)
export const keepBed: (bed: Bed) => Promise<void> = keepSite
export const listBeds = (): Promise<readonly Bed[]> => listSites(BEDS)
export const findBed = (name: string): Promise<Bed> => findSite(BEDS, name)
export const forgetBed: (bed: Bed) => Promise<void> = forgetSite
export { forgetClaims, isOrphan } from '../lab/sites.ts'
