import type { EndpointSlice, ServiceExport, ServiceImport } from './mcs.ts'
import type {
  Cluster,
  ConfigMap,
  DaemonSet,
  Deployment,
  Endpoint,
  Gateway,
  Lease,
  Node,
  Pod,
  Resource,
  RouteAgent,
  Secret,
  Service,
  ServiceCidr,
} from './resources.ts'

/** Where a kind is served: `/api/v1/...` where the group is "", else `/apis/<group>/<version>/...`. */
export interface KindInfo {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

/** Every kind that the code reads or writes. A row more is all that a new kind takes. */
export const KINDS = {
  Cluster: { group: 'submariner.io', version: 'v1', plural: 'clusters', namespaced: true },
  Endpoint: { group: 'submariner.io', version: 'v1', plural: 'endpoints', namespaced: true },
  Gateway: { group: 'submariner.io', version: 'v1', plural: 'gateways', namespaced: true },
  RouteAgent: { group: 'submariner.io', version: 'v1', plural: 'routeagents', namespaced: true },
  Lease: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
  Namespace: { group: '', version: 'v1', plural: 'namespaces', namespaced: false },
  Node: { group: '', version: 'v1', plural: 'nodes', namespaced: false },
  Pod: { group: '', version: 'v1', plural: 'pods', namespaced: true },
  Service: { group: '', version: 'v1', plural: 'services', namespaced: true },
  Secret: { group: '', version: 'v1', plural: 'secrets', namespaced: true },
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  ServiceAccount: { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true },
  ResourceQuota: { group: '', version: 'v1', plural: 'resourcequotas', namespaced: true },
  Event: { group: '', version: 'v1', plural: 'events', namespaced: true },
  ServiceCIDR: { group: 'networking.k8s.io', version: 'v1', plural: 'servicecidrs', namespaced: false },
  DaemonSet: { group: 'apps', version: 'v1', plural: 'daemonsets', namespaced: true },
  Job: { group: 'batch', version: 'v1', plural: 'jobs', namespaced: true },
  /** A template that a DaemonSet has had: pods carry its hash. */
  ControllerRevision: { group: 'apps', version: 'v1', plural: 'controllerrevisions', namespaced: true },
  Deployment: { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true },
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true },
  ServiceExport: { group: 'multicluster.x-k8s.io', version: 'v1beta1', plural: 'serviceexports', namespaced: true },
  ServiceImport: { group: 'multicluster.x-k8s.io', version: 'v1beta1', plural: 'serviceimports', namespaced: true },
  Role: { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles', namespaced: true },
  RoleBinding: { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'rolebindings', namespaced: true },
  ClusterRole: { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterroles', namespaced: false },
  ClusterRoleBinding: { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterrolebindings', namespaced: false },
  /** A question, of which the server keeps nothing: its answer has no name. */
  SubjectAccessReview: { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews', namespaced: false },
  /** Calico's pools of pod addresses, and OpenShift's networks: read to find a cluster's own. */
  IPPool: { group: 'crd.projectcalico.org', version: 'v1', plural: 'ippools', namespaced: false },
  Network: { group: 'config.openshift.io', version: 'v1', plural: 'networks', namespaced: false },
  /** OpenShift's. */
  DNS: { group: 'operator.openshift.io', version: 'v1', plural: 'dnses', namespaced: false },
  SecurityContextConstraints: { group: 'security.openshift.io', version: 'v1', plural: 'securitycontextconstraints', namespaced: false },
  CustomResourceDefinition: { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', namespaced: false },
  ValidatingAdmissionPolicy: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingadmissionpolicies',
    namespaced: false,
  },
  ValidatingAdmissionPolicyBinding: {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'validatingadmissionpolicybindings',
    namespaced: false,
  },
} as const satisfies Record<string, KindInfo>

export type Kind = keyof typeof KINDS

interface Typed {
  Cluster: Cluster
  Endpoint: Endpoint
  Gateway: Gateway
  RouteAgent: RouteAgent
  Lease: Lease
  Node: Node
  Pod: Pod
  Secret: Secret
  ConfigMap: ConfigMap
  ServiceCIDR: ServiceCidr
  DaemonSet: DaemonSet
  Deployment: Deployment
  Service: Service
  EndpointSlice: EndpointSlice
  ServiceExport: ServiceExport
  ServiceImport: ServiceImport
}
/** The type of a kind's objects. */
export type Of<K extends Kind> = K extends keyof Typed ? Typed[K] : Resource

export const apiVersionOf = (kind: Kind): string =>
  KINDS[kind].group === '' ? KINDS[kind].version : `${KINDS[kind].group}/${KINDS[kind].version}`

/** The kind of an object. Throws for one that is not in the table. */
export function kindOf(object: Resource): Kind {
  const kind = object.kind as Kind
  if (!Object.hasOwn(KINDS, kind) || apiVersionOf(kind) !== object.apiVersion)
    throw new Error(`${object.apiVersion} ${object.kind} is not a kind that is used here`)
  return kind
}
