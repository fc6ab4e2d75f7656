// Names and labels on the wire (upstream Submariner's; INTEROP 1.9 and 2.1 of the reference this project follows).
import type { Ip } from './net.ts'

/** Label on broker objects, and on local copies of remote ones: the id of the cluster that they come from. The hyphen is upstream's. */
export const CLUSTER_LABEL = 'submariner-io/clusterID'
/** Annotation on local copies of remote objects: when the broker got them, RFC 3339. Decides who was there first. */
export const SINCE_ANNOTATION = 'submariner.io/since'
/** Annotation of broker objects and accounts: uid of the namespace kube-system of the cluster that they are of. */
export const CLUSTER_UID = 'submariner.io/cluster-uid'
/** Annotation of this cluster's own Cluster object: uid of its copy on the broker when all was well. Another uid there: the broker has lost its data. */
export const BROKER_UID = 'submariner.io/broker-uid'
/** Annotation of the same object: the broker had lost its data, and copies of clusters that it has no more are kept until then, RFC 3339. */
export const KEPT_UNTIL = 'submariner.io/copies-kept-until'
export const GATEWAY_LABEL = 'submariner.io/gateway'
export const GATEWAY_SETTING_PREFIX = 'gateway.submariner.io/'
export const BROKER_NAMESPACE = 'submariner-k8s-broker'
export const NAMESPACE = 'submariner'
export const BROKER_SECRET = 'submariner-broker-secret'
export const PSK_SECRET = 'submariner-ipsec-psk'
export const SETTINGS_CONFIGMAP = 'submariner-settings'
/** DaemonSets, and what their pods' label `app` says. */
export const GATEWAY_WORKLOAD = 'submariner-gateway'
export const CHARON_WORKLOAD = 'submariner-charon'
export const ROUTE_AGENT_WORKLOAD = 'submariner-route-agent'
/** Deployments, and what their pods' label `app` says. */
export const DISCOVERY_WORKLOAD = 'submariner-discovery'
export const DNS_WORKLOAD = 'submariner-dns'
/** Annotation of a pod template: a digest of the settings that the agent reads, so that a change restarts it. */
export const SETTINGS_ANNOTATION = 'submariner.io/settings'
/** Lease of the leading gateway, in the namespace of the agents. */
export const GATEWAY_LEASE = 'submariner-gateway-lock'
/** Lease of the leading agent of services, in the same namespace. */
export const DISCOVERY_LEASE = 'submariner-discovery-lock'
/** Label of the namespaces in which `verify`, `resolve` and `join` have pods for a moment; what a run that was cut off left is found by it. */
export const VERIFY_LABEL = 'submariner.io/verify'
export const FIELD_MANAGER = 'subctl'

/** Upstream's sanitiser: lower case, anything but letters, digits, `-` and `.` becomes `-`, no `-` at the ends. */
export const sanitise = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{Ll}\d.-]/gu, '-')
    .replace(/^-+|-+$/g, '')

/** `submariner-cable-<cluster>-<private IP, dots and colons as dashes>`: the key of a gateway's tunnel in every cluster. */
export const cableName = (clusterId: string, privateIp: Ip): string => `submariner-cable-${clusterId}-${privateIp.replaceAll(/[.:]/g, '-')}`
export const endpointName = (clusterId: string, cable: string): string => sanitise(`${clusterId}-${cable}`)
/** The broker's ServiceAccount of one member. */
export const memberAccount = (clusterId: string): string => `cluster-${clusterId}`

/** Whether the text is an RFC 1123 label: what a cluster id must be. */
export const isLabel = (text: string): boolean => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
