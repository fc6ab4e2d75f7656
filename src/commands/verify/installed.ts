// What has to be in a cluster, by the settings that its join or its Helm release wrote.
import type { Installed } from '../../checks/installed/missing.ts'
import { releaseOf } from '../../install/objects/helm.ts'
import { planInstall } from '../../install/objects/plan.ts'
import { hasConstraints } from '../../install/objects/workloads.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { kindOf } from '../../model/kinds.ts'
import { BROKER_SECRET, DNS_WORKLOAD, PSK_SECRET, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import { settingsFrom } from '../upgrade/settings.ts'

/** Settings that decide which objects there are: no others are read, so that none of them can be refused. */
const DECIDING = ['SUBMARINER_CLUSTERID', 'SUBMARINER_NAMESPACE', 'SUBMARINER_SERVICEDISCOVERY']

/** The objects of an install with the cluster's settings, and the release that they are of. Nodes are not among them: SUB0603 sees to their labels. */
export async function installedObjects(api: KubeApi, namespace: string): Promise<Installed> {
  const [map, server, isOpenShift] = await Promise.all([
    api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace),
    // Whether it has to be there is SUB0635's to say; here it counts with its rights once it is.
    api.get('Deployment', DNS_WORKLOAD, namespace),
    hasConstraints(api),
  ])
  const data = map?.data ?? {}
  const settings = settingsFrom(Object.fromEntries(Object.entries(data).filter(([key]) => DECIDING.includes(key))))
  const plan = planInstall({ ...settings, dnsServer: server !== undefined }, [], { broker: {}, psk: {} }, { ...NO_IMAGE, isOpenShift })
  const names: Readonly<Record<string, string | undefined>> = {
    [BROKER_SECRET]: data.BROKER_K8S_SECRET,
    [PSK_SECRET]: data.CE_IPSEC_PSKSECRET,
  }
  const nameOf = ({ kind, metadata: { name } }: Resource): string => (kind === 'Secret' && names[name]) || name
  const objects = plan.map((object) => ({ kind: kindOf(object), name: nameOf(object), namespace: object.metadata.namespace }))
  return { objects, release: map && releaseOf(map.metadata) }
}

const NO_IMAGE = { image: '', imagePullPolicy: 'IfNotPresent' } as const
