import { PSK_SECRET } from '../../model/names.ts'
import type { Cidr } from '../../model/net.ts'

/** All that a join decides: what the agents of a cluster run with. */
export interface JoinSettings {
  readonly clusterId: string
  readonly namespace: string
  readonly podCidrs: readonly Cidr[]
  readonly serviceCidrs: readonly Cidr[]
  /** SUBMARINER_NETWORKPLUGIN. */
  readonly networkPlugin: string
  readonly natEnabled: boolean
  readonly nattPort: number
  /** Resolvers of the public address, such as `ipv4:203.0.113.7`; "" for the built-in ones. */
  readonly publicIp: string
  readonly airGapped: boolean
  readonly forceUdpEncaps: boolean
  readonly cableDriver: CableDriverName
  readonly healthCheck: { readonly enabled: boolean; readonly intervalSeconds: number; readonly maxPacketLoss: number }
  /** Whether services are exported and imported: the agent, its rights and its kinds are installed. */
  readonly serviceDiscovery: boolean
  /** Which backends the address of a service has. */
  readonly balance: Balance
  /** Namespaces of the system that services are exchanged for all the same. */
  readonly allowedNamespaces: readonly string[]
  /** How names of the clusterset are answered, as it was wished for. */
  readonly dns: DnsWish
  /** Domains of those names; clusterset.local is one of them. */
  readonly zones: readonly string[]
  /** Whether `subctl dns` runs in the cluster: where `dns` says `own`, or comes to it (src/commands/names/set-up.ts). */
  readonly dnsServer: boolean
  readonly broker: { readonly server: string; readonly namespace: string; readonly secret: string }
}

export const CABLE_DRIVERS = ['ipsec'] as const
export type CableDriverName = (typeof CABLE_DRIVERS)[number]
/** What a driver is called on the wire, where peers read it. */
export const WIRE_NAMES: Readonly<Record<CableDriverName, string>> = { ipsec: 'libreswan' }

/** `local-first`: this cluster's own while they are ready; `spread`: those of all clusters. */
export const BALANCES = ['local-first', 'spread'] as const
export type Balance = (typeof BALANCES)[number]

/** `auto`: what fits the cluster. */
export const DNS_WISHES = ['auto', 'multicluster', 'own', 'none'] as const
export type DnsWish = (typeof DNS_WISHES)[number]

/** The environment of the agents, by the names that upstream's operator uses, where it has one. No secret: those are files. */
export const environmentOf = (s: JoinSettings): Readonly<Record<string, string>> => ({
  SUBMARINER_NAMESPACE: s.namespace,
  SUBMARINER_CLUSTERID: s.clusterId,
  SUBMARINER_CLUSTERCIDR: s.podCidrs.join(','),
  SUBMARINER_SERVICECIDR: s.serviceCidrs.join(','),
  SUBMARINER_GLOBALCIDR: '',
  SUBMARINER_COLORCODES: 'blue',
  SUBMARINER_NETWORKPLUGIN: s.networkPlugin,
  SUBMARINER_NATENABLED: String(s.natEnabled),
  SUBMARINER_PUBLICIP: s.publicIp,
  SUBMARINER_CABLEDRIVER: WIRE_NAMES[s.cableDriver],
  SUBMARINER_BROKER: 'k8s',
  SUBMARINER_HEALTHCHECKENABLED: String(s.healthCheck.enabled),
  SUBMARINER_HEALTHCHECKINTERVAL: String(s.healthCheck.intervalSeconds),
  SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT: String(s.healthCheck.maxPacketLoss),
  SUBMARINER_SERVICEDISCOVERY: String(s.serviceDiscovery),
  SUBMARINER_SERVICEBALANCE: s.balance,
  SUBMARINER_ALLOWEDNAMESPACES: s.allowedNamespaces.join(','),
  SUBMARINER_DNS: s.dns,
  SUBMARINER_DNS_ZONES: s.zones.join(','),
  AIR_GAPPED_DEPLOYMENT: String(s.airGapped),
  CE_IPSEC_NATTPORT: String(s.nattPort),
  CE_IPSEC_FORCEENCAPS: String(s.forceUdpEncaps),
  CE_IPSEC_PSKSECRET: PSK_SECRET,
  BROKER_K8S_APISERVER: s.broker.server,
  BROKER_K8S_REMOTENAMESPACE: s.broker.namespace,
  BROKER_K8S_SECRET: s.broker.secret,
  BROKER_K8S_INSECURE: 'false',
})
