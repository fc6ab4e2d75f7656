import { parseAllDocuments } from 'yaml'
import charonRights from '../../../manifests/cluster/charon-rights.yaml'
import gatewayRights from '../../../manifests/cluster/gateway-rights.yaml'
import namespace from '../../../manifests/cluster/namespace.yaml'
import routeAgentRights from '../../../manifests/cluster/route-agent-rights.yaml'
import clusters from '../../../manifests/crds/clusters.yaml'
import endpoints from '../../../manifests/crds/endpoints.yaml'
import gateways from '../../../manifests/crds/gateways.yaml'
import routeAgents from '../../../manifests/crds/routeagents.yaml'
import discoveryRights from '../../../manifests/mcs/discovery-rights.yaml'
import dnsRights from '../../../manifests/mcs/dns-rights.yaml'
import serviceExports from '../../../manifests/mcs/serviceexports.yaml'
import serviceImports from '../../../manifests/mcs/serviceimports.yaml'
import type { Resource } from '../../model/resources.ts'
import { at, isRecord, textAt } from '../tree.ts'

/** Everything that this program puts into a cluster carries it. */
export const OWN_LABELS = { 'app.kubernetes.io/part-of': 'submariner', 'app.kubernetes.io/managed-by': 'subctl' } as const

/** The objects of a YAML text, with our labels. */
export const objectsOf = (text: string): readonly Resource[] =>
  parseAllDocuments(text).map((document) => labelled(resourceOf(document.toJS())))

/** The same object with our labels beside its own. */
export const labelled = <R extends Resource>(object: R): R => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...OWN_LABELS } },
})

/** CRDs that a broker holds objects of. */
export const brokerCrds = (): readonly Resource[] => [clusters, endpoints, serviceImports].flatMap(objectsOf)
/** CRDs of a member. */
export const memberCrds = (): readonly Resource[] => [clusters, endpoints, gateways, routeAgents].flatMap(objectsOf)
/** CRDs of the Multi-Cluster Services API. */
export const mcsCrds = (): readonly Resource[] => [serviceExports, serviceImports].flatMap(objectsOf)
/** Those that a broker holds objects of. */
export const brokerMcsCrds = (): readonly Resource[] => objectsOf(serviceImports)
/** Rights of the agents of services. */
export const discoveryBase = (): readonly Resource[] => objectsOf(discoveryRights)
export const dnsBase = (): readonly Resource[] => objectsOf(dnsRights)
/** The namespace of the agents and their rights. */
export const agentBase = (): readonly Resource[] => [namespace, gatewayRights, charonRights, routeAgentRights].flatMap(objectsOf)

function resourceOf(value: unknown): Resource {
  const [apiVersion, kind, name] = [textAt(value, 'apiVersion'), textAt(value, 'kind'), textAt(value, 'metadata', 'name')]
  const metadata = at(value, 'metadata')
  if (!isRecord(value) || !isRecord(metadata) || apiVersion === undefined || kind === undefined || name === undefined)
    throw new Error('a manifest without apiVersion, kind or name')
  return { ...value, apiVersion, kind, metadata: { ...metadata, name } }
}
