// Settings that the agents of a node share: flags, each with the environment variable that upstream's operator sets for the same thing.
import { isLabel, NAMESPACE } from '../../model/names.ts'
import { type Cidr, familyOf, parseCidrs } from '../../model/net.ts'
import { type Given, usage } from '../cli/given.ts'
import { type FlagSpec, KUBE_FLAGS } from '../cli/specs/spec.ts'
import type { KubeOptions } from '../context.ts'

/** What every agent of a node is told. */
export interface AgentSettings {
  readonly clusterId: string
  /** Of the agents and their objects. */
  readonly namespace: string
  /** Name of the Node. */
  readonly nodeName: string
  /** IPv4 networks, in the order given. */
  readonly podCidrs: readonly Cidr[]
  readonly serviceCidrs: readonly Cidr[]
  readonly health: { readonly enabled: boolean; readonly intervalMs: number; readonly mostLost: number }
  /** Folder that charon, the engine and the route agent of a node share; empty after a reboot. */
  readonly runDir: string
  /** For Context.kube. */
  readonly kube: KubeOptions
}

export const CLUSTER_ID_FLAG: FlagSpec = { name: 'cluster-id', value: 'ID', brief: 'id of this cluster', env: 'SUBMARINER_CLUSTERID' }
export const RUN_DIR_FLAG: FlagSpec = {
  name: 'run-dir',
  value: 'DIR',
  brief: 'folder that the agents and charon of a node share; must be empty after a reboot',
  fallback: '/run/submariner',
}

export const NAMESPACE_FLAG: FlagSpec = {
  name: 'namespace',
  short: 'n',
  value: 'NAME',
  brief: 'where the agents’ objects live',
  env: 'SUBMARINER_NAMESPACE',
  fallback: NAMESPACE,
}

/** Flags of every agent of a node; agentSettings reads them. */
export const AGENT_FLAGS: readonly FlagSpec[] = [
  ...KUBE_FLAGS,
  CLUSTER_ID_FLAG,
  { name: 'pod-cidr', value: 'A,B', brief: 'networks of this cluster’s pods', env: 'SUBMARINER_CLUSTERCIDR' },
  { name: 'service-cidr', value: 'A,B', brief: 'networks of its services', env: 'SUBMARINER_SERVICECIDR' },
  { name: 'global-cidr', value: 'A,B', brief: 'Globalnet’s networks: not supported, must be empty', env: 'SUBMARINER_GLOBALCIDR' },
  NAMESPACE_FLAG,
  { name: 'node-name', value: 'NAME', brief: 'name of this Node; default: the host’s name', env: 'NODE_NAME' },
  {
    name: 'health-check',
    value: 'BOOL',
    brief: 'send echo requests through the tunnels: true or false',
    env: 'SUBMARINER_HEALTHCHECKENABLED',
    fallback: 'true',
  },
  {
    name: 'health-check-interval',
    value: 'SECONDS',
    brief: 'between two echo requests to a cluster',
    env: 'SUBMARINER_HEALTHCHECKINTERVAL',
    fallback: '1',
  },
  {
    name: 'health-check-max-packet-loss-count',
    value: 'N',
    brief: 'echo requests in a row that may get no answer',
    env: 'SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT',
    fallback: '5',
  },
  RUN_DIR_FLAG,
]

/** Throws usage errors. */
export function agentSettings(given: Given, hostname: string): AgentSettings {
  const clusterId = given.need('cluster-id')
  if (!isLabel(clusterId)) throw usage(`--cluster-id is "${clusterId}"; it must be a DNS label of at most 63 characters`, 'cluster-id')
  if (given.text('global-cidr') !== undefined) throw usage('--global-cidr is given: Globalnet is not supported', 'global-cidr')
  const namespace = given.need('namespace')
  if (!isLabel(namespace)) throw usage(`--namespace is "${namespace}"; it must be a DNS label`, 'namespace')
  return {
    clusterId,
    namespace,
    nodeName: given.text('node-name') ?? hostname,
    podCidrs: networks(given, 'pod-cidr'),
    serviceCidrs: networks(given, 'service-cidr'),
    health: healthSettings(given),
    runDir: runDir(given),
    kube: kubeOptions(given),
  }
}

/** A switch that may also be turned off: text as Go's programs take it. */
export function truth(given: Given, flag: string): boolean {
  const value = given.need(flag)
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw usage(`--${flag} is "${value}"; it can be true or false`, flag)
}

export const runDir = (given: Given): string => given.need('run-dir').replace(/(?<=.)\/+$/, '')

function networks(given: Given, flag: string): readonly Cidr[] {
  given.need(flag)
  const all = given.parsed(flag, parseCidrs) ?? []
  const ipv4 = all.filter((network) => familyOf(network) === 4)
  if (ipv4.length === 0) throw usage(`--${flag} has no IPv4 network`, flag)
  return ipv4
}

/** Zero means the default, as it does upstream. */
const healthSettings = (given: Given): AgentSettings['health'] => ({
  enabled: truth(given, 'health-check'),
  intervalMs: (given.number('health-check-interval', 0, 3600) || 1) * 1000,
  mostLost: given.number('health-check-max-packet-loss-count', 0, 1000) || 5,
})

/** Of KUBE_FLAGS. */
export function kubeOptions(given: Given): KubeOptions {
  const [kubeconfig, context] = [given.text('kubeconfig'), given.text('context')]
  return { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) }
}
