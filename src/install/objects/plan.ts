import { BROKER_SECRET, GATEWAY_LABEL, PSK_SECRET, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import type { ConfigMap, Resource, Secret } from '../../model/resources.ts'
import { agentBase, discoveryBase, dnsBase, labelled, mcsCrds, memberCrds } from './manifests.ts'
import { environmentOf, type JoinSettings } from './settings.ts'
import { hasDnsServer, type WorkloadOptions, workloads } from './workloads.ts'

/** Secrets of a member by key; values are base64. */
export interface MemberSecrets {
  /** The member's credential on the broker: token, ca.crt, namespace. */
  readonly broker: Readonly<Record<string, string>>
  readonly psk: Readonly<Record<string, string>>
}

/** All that a member holds, in the order it must be applied; without options of workloads its pods are somebody else's to run. */
export const planInstall = (
  settings: JoinSettings,
  gateways: readonly string[],
  secrets: MemberSecrets,
  pods?: WorkloadOptions,
): readonly Resource[] => [
  ...memberCrds(),
  ...(settings.serviceDiscovery ? mcsCrds() : []),
  ...agentBase(),
  ...(settings.serviceDiscovery ? discoveryBase() : []),
  ...(hasDnsServer(settings) ? dnsBase() : []),
  secret(settings.namespace, BROKER_SECRET, secrets.broker),
  secret(settings.namespace, PSK_SECRET, secrets.psk),
  settingsMap(settings),
  ...(pods === undefined ? [] : workloads(settings, pods)),
  ...gateways.map(gatewayLabel),
]

export const secret = (namespace: string, name: string, data: Readonly<Record<string, string>>): Secret =>
  labelled({ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name, namespace }, data })

const settingsMap = (settings: JoinSettings): ConfigMap =>
  labelled({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: SETTINGS_CONFIGMAP, namespace: settings.namespace },
    data: environmentOf(settings),
  })

/** The label alone: the rest of a Node is not ours. */
const gatewayLabel = (node: string): Resource => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: node, labels: { [GATEWAY_LABEL]: 'true' } },
})
