// Whether a cluster has an agent of services at all: what conditions of exports and imports say stays when the agent goes, and is of the past then.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { DISCOVERY_WORKLOAD, NAMESPACE, SETTINGS_CONFIGMAP } from '../../model/names.ts'

export const NO_AGENT =
  'no agent of services runs in this cluster: join with --service-discovery true, or scale the Deployment submariner-discovery up'

/** Whether the settings of a join, where there are some, leave services out. */
export const leavesOut = (settings: Readonly<Record<string, string>> | undefined): boolean =>
  settings?.SUBMARINER_SERVICEDISCOVERY === 'false'

/** Whether somebody has scaled the agent down to none. Who may not look does not know: false. */
export async function isScaledDown(api: KubeApi, agentsNamespace: string): Promise<boolean> {
  try {
    return (await api.get('Deployment', DISCOVERY_WORKLOAD, agentsNamespace))?.spec?.replicas === 0
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return false
    throw error
  }
}

/** Upstream's, where its operator puts it. */
const UPSTREAMS = { name: 'submariner-lighthouse-agent', namespace: 'submariner-operator' }

/** True where it is known that there is none; who may not look at the agents' namespace does not know. */
export async function hasNoAgent(api: KubeApi): Promise<boolean> {
  try {
    const settings = await api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE)
    // Where a join has put settings an agent may run elsewhere too, as on a node.
    if (settings !== undefined) return leavesOut(settings.data) || (await isScaledDown(api, NAMESPACE))
    const agents = await Promise.all([
      api.get('Deployment', DISCOVERY_WORKLOAD, NAMESPACE),
      api.get('Deployment', UPSTREAMS.name, UPSTREAMS.namespace),
    ])
    return agents.every((agent) => agent === undefined)
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return false
    throw error
  }
}
