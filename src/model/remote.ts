import type { Cidr, Ip } from './net.ts'
import type { EndpointSpec } from './resources.ts'

/** A gateway of another cluster after vetting: every field has been parsed and judged. */
export interface RemoteGateway {
  readonly clusterId: string
  readonly cableName: string
  readonly hostname: string
  readonly privateIp: Ip
  readonly publicIp?: Ip
  readonly natEnabled: boolean
  /** In published order, which IPsec names depend on. */
  readonly subnets: readonly Cidr[]
  readonly healthCheckIp?: Ip
  readonly backend: string
  /** The address to dial: the public one where the gateway is behind NAT and has one. */
  readonly address: Ip
  /** UDP port of the tunnel. */
  readonly port: number
  /** As it was published, for statuses. */
  readonly spec: EndpointSpec
}

/** Another cluster of the clusterset as this one may use it. */
export interface RemoteCluster {
  readonly id: string
  /** All its networks, from its Cluster object and its Endpoints: what must never leave in the clear, tunnel or not. */
  readonly networks: readonly Cidr[]
  /** Newest first; at most two, for the time of a hand-over. */
  readonly gateways: readonly RemoteGateway[]
}

/** This cluster's own networks and addresses: what no other cluster may claim. */
export interface OwnNetworks {
  readonly clusterId: string
  readonly podCidrs: readonly Cidr[]
  readonly serviceCidrs: readonly Cidr[]
  /** Addresses of nodes and of this cluster's API: no remote network holds them, no remote gateway has them. */
  readonly addresses: readonly Ip[]
  /** Addresses of the broker: no remote network holds them, but a gateway's node may well be the broker's. */
  readonly brokerAddresses?: readonly Ip[]
}
