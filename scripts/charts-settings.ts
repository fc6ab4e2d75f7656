// The agents' environment as named templates of Helm, by the function that `subctl join` makes it with.
import { environmentOf, type JoinSettings } from '../src/install/objects/settings.ts'
import { SETTINGS_READ } from '../src/install/objects/workloads.ts'
import { BROKER_SECRET } from '../src/model/names.ts'
import { parseCidr } from '../src/model/net.ts'
import { ZONE } from '../src/model/zones.ts'
import { PLAIN_JOIN } from '../test/fakes/join-settings.ts'

const SAMPLE: JoinSettings = {
  ...PLAIN_JOIN,
  ...{ clusterId: 'sample', podCidrs: [parseCidr('10.0.0.0/16')], serviceCidrs: [parseCidr('10.1.0.0/16')] },
  broker: { server: 'sample:6443', namespace: 'sample', secret: BROKER_SECRET },
}

/** Variables that values decide; all others are what the sample has. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  SUBMARINER_CLUSTERID: '.Values.submariner.clusterId',
  SUBMARINER_CLUSTERCIDR: 'include "submariner.list" .Values.submariner.clusterCidr',
  SUBMARINER_SERVICECIDR: 'include "submariner.list" .Values.submariner.serviceCidr',
  SUBMARINER_NETWORKPLUGIN: '.Values.submariner.networkPlugin',
  SUBMARINER_NATENABLED: '.Values.submariner.natEnabled',
  SUBMARINER_PUBLICIP: 'include "submariner.list" .Values.submariner.publicIp',
  SUBMARINER_HEALTHCHECKENABLED: '.Values.submariner.healthCheck.enabled',
  SUBMARINER_HEALTHCHECKINTERVAL: '.Values.submariner.healthCheck.intervalSeconds',
  SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT: '.Values.submariner.healthCheck.maxPacketLossCount',
  SUBMARINER_SERVICEDISCOVERY: '.Values.serviceDiscovery.enabled',
  SUBMARINER_SERVICEBALANCE: '.Values.serviceDiscovery.balance',
  SUBMARINER_ALLOWEDNAMESPACES: 'include "submariner.list" .Values.serviceDiscovery.allowNamespaces',
  SUBMARINER_DNS: '.Values.dns.mode',
  SUBMARINER_DNS_ZONES: `include "submariner.list" (prepend .Values.dns.zones "${ZONE}" | uniq)`,
  AIR_GAPPED_DEPLOYMENT: '.Values.submariner.airGapped',
  CE_IPSEC_NATTPORT: '.Values.ipsec.nattPort',
  CE_IPSEC_FORCEENCAPS: '.Values.ipsec.forceUdpEncaps',
  BROKER_K8S_APISERVER: 'include "submariner.brokerServer" .',
  BROKER_K8S_REMOTENAMESPACE: '.Values.broker.namespace',
}

/** Named templates: the environment as YAML, and for each workload the digest of what it reads. */
export function settingsTemplate(): string {
  const environment = environmentOf(SAMPLE)
  const unknown = Object.keys(EXPRESSIONS).filter((key) => environment[key] === undefined)
  if (unknown.length > 0) throw new Error(`no agent has the settings ${unknown.join(', ')}`)
  const lines = Object.entries(environment).map(([key, value]) => {
    const expression = EXPRESSIONS[key]
    return `${key}: ${expression === undefined ? JSON.stringify(value) : `{{ ${expression} | toString | quote }}`}\n`
  })
  return [define('submariner.environment', lines.join('')), HASH, ...Object.entries(SETTINGS_READ).map(hashOf)].join('')
}

const define = (name: string, text: string): string => `{{- define "${name}" -}}\n${text}{{- end }}\n`

/** SHA-256 of the lines KEY=value, by key. */
const HASH = define(
  'submariner.hash',
  `{{- $environment := include "submariner.environment" (index . 0) | fromYaml -}}
{{- $lines := "" -}}
{{- range index . 1 -}}
{{- $lines = printf "%s%s=%s\\n" $lines . (get $environment .) -}}
{{- end -}}
{{- sha256sum $lines -}}
`,
)

const hashOf = ([workload, keys]: readonly [string, readonly string[]]): string => {
  const list = [...keys].sort().map((key) => `"${key}"`)
  return define(`submariner.hash.${workload}`, `{{- include "submariner.hash" (list . (list ${list.join(' ')})) -}}\n`)
}
