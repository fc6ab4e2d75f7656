// The generated files of the Helm charts: one source for `helm template`, `subctl join` and `subctl deploy-broker`.
import policy from '../manifests/broker/policy.yaml'
import rights from '../manifests/broker/rights.yaml'
import charon from '../manifests/cluster/charon.yaml'
import charonRights from '../manifests/cluster/charon-rights.yaml'
import discovery from '../manifests/cluster/discovery.yaml'
import dns from '../manifests/cluster/dns.yaml'
import gateway from '../manifests/cluster/gateway.yaml'
import gatewayRights from '../manifests/cluster/gateway-rights.yaml'
import namespace from '../manifests/cluster/namespace.yaml'
import openShift from '../manifests/cluster/openshift.yaml'
import quota from '../manifests/cluster/quota.yaml'
import routeAgent from '../manifests/cluster/route-agent.yaml'
import routeAgentRights from '../manifests/cluster/route-agent-rights.yaml'
import clusters from '../manifests/crds/clusters.yaml'
import endpoints from '../manifests/crds/endpoints.yaml'
import gateways from '../manifests/crds/gateways.yaml'
import routeAgents from '../manifests/crds/routeagents.yaml'
import discoveryRights from '../manifests/mcs/discovery-rights.yaml'
import dnsRights from '../manifests/mcs/dns-rights.yaml'
import openShiftServices from '../manifests/mcs/openshift.yaml'
import serviceExports from '../manifests/mcs/serviceexports.yaml'
import serviceImports from '../manifests/mcs/serviceimports.yaml'
import { memberObjects } from '../src/broker/credentials.ts'
import { printObjects } from '../src/k8s/yaml.ts'
import { BROKER_NAMESPACE, CLUSTER_UID } from '../src/model/names.ts'
import { nodeCleanUp } from './charts-cleanup.ts'
import { settingsTemplate } from './charts-settings.ts'
import { OWNED, placeholder, Template, templateOf, when } from './charts-template.ts'

/** Stands in the first line of each file but Chart.yaml. */
export const GENERATED = 'Written by scripts/charts'

const OPENSHIFT = '.Capabilities.APIVersions.Has "security.openshift.io/v1"'
const SERVICES = '.Values.serviceDiscovery.enabled'
const OWN_DNS = 'and .Values.serviceDiscovery.enabled (eq .Values.dns.mode "own")'

/** Every generated file by its path, with what it should hold. */
export function generatedCharts(version: string): ReadonlyMap<string, string> {
  return new Map([
    ...chart('submariner', {
      'Chart.yaml': chartYaml('submariner', version, 'A cluster of a clusterset: gateways, tunnels and routes to the other clusters'),
      'templates/_owned.tpl': marked('this script', OWNED),
      'templates/_settings.tpl': marked('src/install/objects/settings.ts and workloads.ts', settingsTemplate()),
      'templates/crds.yaml': crds('crds', { clusters, endpoints, gateways, routeagents: routeAgents }),
      'templates/crds-services.yaml': crds('mcs', { serviceexports: serviceExports, serviceimports: serviceImports }, SERVICES),
      'templates/namespace.yaml': marked('manifests/cluster/namespace.yaml', templateOf(namespace).keep().unlessForeign().text()),
      'templates/gateway-rights.yaml': plain('gateway-rights', gatewayRights),
      'templates/charon-rights.yaml': plain('charon-rights', charonRights),
      'templates/route-agent-rights.yaml': plain('route-agent-rights', routeAgentRights),
      'templates/quota.yaml': plain('quota', quota),
      'templates/openshift.yaml': marked('manifests/cluster/openshift.yaml', when(OPENSHIFT, templateOf(openShift).text())),
      'templates/discovery-rights.yaml': marked('manifests/mcs/discovery-rights.yaml', when(SERVICES, templateOf(discoveryRights).text())),
      'templates/dns-rights.yaml': marked('manifests/mcs/dns-rights.yaml', when(OWN_DNS, templateOf(dnsRights).text())),
      'templates/openshift-services.yaml': marked(
        'manifests/mcs/openshift.yaml',
        when(`and .Values.serviceDiscovery.enabled (${OPENSHIFT})`, templateOf(openShiftServices).text()),
      ),
      'templates/discovery.yaml': agent(
        'discovery',
        templateOf(discovery).agent('discovery', 'submariner-discovery').secrets('broker'),
        SERVICES,
      ),
      'templates/dns.yaml': agent('dns', templateOf(dns).agent('dns', 'submariner-dns'), OWN_DNS),
      'templates/charon.yaml': agent('charon', templateOf(charon).agent('charon', 'submariner-charon')),
      'templates/gateway.yaml': agent('gateway', templateOf(gateway).agent('gateway', 'submariner-gateway').secrets('broker', 'psk')),
      'templates/route-agent.yaml': agent('route-agent', templateOf(routeAgent).agent('routeAgent', 'submariner-route-agent')),
      'templates/cleanup.yaml': marked('manifests/cluster/route-agent.yaml', when('.Values.cleanup', nodeCleanUp(routeAgent))),
    }),
    ...chart('submariner-k8s-broker', {
      'Chart.yaml': chartYaml(
        'submariner-k8s-broker',
        version,
        'The broker of a clusterset: where clusters publish themselves for the others',
      ),
      'templates/_owned.tpl': marked('this script', OWNED),
      'templates/crds.yaml': crds('crds', { clusters, endpoints }),
      'templates/crds-services.yaml': crds('mcs', { serviceimports: serviceImports }),
      'templates/rights.yaml': marked(
        'manifests/broker/rights.yaml',
        templateOf(rights).keep('Namespace').unlessForeign('Namespace').text(),
      ),
      'templates/policy.yaml': marked(
        'manifests/broker/policy.yaml',
        when('include "submariner.canTellApart" .', templateOf(policy).text()),
      ),
      'templates/members.yaml': members(),
    }),
  ])
}

const chart = (name: string, files: Readonly<Record<string, string>>): readonly (readonly [string, string])[] =>
  Object.entries(files).map(([path, text]) => [`manifests/charts/${name}/${path}`, text])

const marked = (source: string, text: string): string => `{{- /* ${GENERATED} out of ${source}. */ -}}\n${text}`

const plain = (name: string, manifest: string): string => marked(`manifests/cluster/${name}.yaml`, templateOf(manifest).text())

const agent = (name: string, template: Template, condition?: string): string =>
  marked(
    `manifests/cluster/${name}.yaml`,
    when(condition === undefined ? 'not .Values.cleanup' : `and (not .Values.cleanup) (${condition})`, template.text()),
  )

/** CRDs stay when a release goes, since others' objects would go with them, and change with `helm upgrade`, as those of a folder crds do not. */
function crds(folder: string, manifests: Readonly<Record<string, string>>, condition?: string): string {
  const text = Object.values(manifests)
    .map((manifest) => templateOf(manifest).keep().unlessForeign().text())
    .join('')
  const names = Object.keys(manifests)
  const source = names.length === 1 ? names.join('') : `{${names.join(',')}}`
  return marked(`manifests/${folder}/${source}.yaml`, condition === undefined ? text : when(condition, text))
}

/** The credential of each cluster in `clusters`. Whose it is gets known when that cluster joins, so its uid is left out. */
function members(): string {
  const objects = memberObjects({ clusterId: placeholder('clusterId'), clusterUid: '', namespace: BROKER_NAMESPACE }).map((object) => {
    const { [CLUSTER_UID]: _, ...annotations } = object.metadata.annotations ?? {}
    const { annotations: __, ...metadata } = object.metadata
    return { ...object, metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata }
  })
  const text = new Template(printObjects(objects)).fill({ clusterId: '{{ . }}' }).text()
  // An id of digits alone is text too.
  return marked(
    'src/broker/credentials.ts',
    `{{- range .Values.clusters }}\n${text.replaceAll(': {{ . }}', ': {{ . | quote }}')}{{- end }}\n`,
  )
}

const chartYaml = (name: string, version: string, description: string): string => `# ${GENERATED}.
apiVersion: v2
name: ${name}
description: ${JSON.stringify(description)}
type: application
version: ${version}
appVersion: "${version}"
keywords: [multicluster, network, ipsec, submariner]
`
