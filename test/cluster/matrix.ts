// The settings of beds that the full suite tries, and the few beds in which any two of them meet.
import { pairwise, type Row } from './pairwise.ts'

export const FACTORS = {
  cni: ['flannel', 'bridge'],
  proxy: ['nftables', 'iptables'],
  broker: ['central', 'cluster'],
  /** 1:1 NAT before both clusters, which have the same private network. */
  nat: ['nat', 'direct'],
  rpFilter: [1, 2, 0],
  gateways: [1, 2],
  workers: [1, 2],
} as const

export type Scenario = Row<typeof FACTORS>

export const SCENARIOS: readonly Scenario[] = pairwise(FACTORS)

export const titleOf = ({ cni, proxy, broker, nat, rpFilter, gateways, workers }: Scenario): string =>
  [
    `${cni}, kube-proxy by ${proxy}, ${broker === 'central' ? 'a central broker' : 'a broker on west'}`,
    `${nat === 'nat' ? 'NAT between' : 'no NAT'}, rp_filter ${rpFilter}, ${gateways} gateway${gateways === 1 ? '' : 's'}, ${workers} worker${workers === 1 ? '' : 's'}`,
  ].join(', ')
