import { ApiError, type KubeApi, type Query } from '../k8s/api.ts'
import type { Kind, Of } from '../model/kinds.ts'
import { CLUSTER_LABEL, GATEWAY_LEASE, SETTINGS_CONFIGMAP } from '../model/names.ts'
import type { Cluster, Endpoint, Gateway, Lease, Node, RouteAgent } from '../model/resources.ts'

/** What one cluster's API says of the clusterset, read once. */
export interface Look {
  /** This cluster's id; undefined where it has not joined. */
  readonly clusterId: string | undefined
  /** The agents' settings, by upstream's variable names. */
  readonly settings: Readonly<Record<string, string>>
  readonly clusters: readonly Cluster[]
  readonly endpoints: readonly Endpoint[]
  readonly gateways: readonly Gateway[]
  readonly routeAgents: readonly RouteAgent[]
  readonly nodes: readonly Node[]
  readonly lease: Lease | undefined
  /** Kinds that this API does not serve. */
  readonly missing: readonly Kind[]
}

export async function look(api: KubeApi, namespace: string): Promise<Look> {
  const missing: Kind[] = []
  const list = async <K extends Kind>(kind: K, query: Query = { namespace }): Promise<readonly Of<K>[]> => {
    try {
      return (await api.list(kind, query)).items
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error
      missing.push(kind)
      return []
    }
  }
  const [clusters, endpoints, gateways, routeAgents, nodes, lease, config] = await Promise.all([
    list('Cluster'),
    list('Endpoint'),
    list('Gateway'),
    list('RouteAgent'),
    list('Node', {}),
    api.get('Lease', GATEWAY_LEASE, namespace),
    api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace),
  ])
  const settings = config?.data ?? {}
  return { clusterId: settings.SUBMARINER_CLUSTERID, settings, clusters, endpoints, gateways, routeAgents, nodes, lease, missing }
}

/** Whether an object is this cluster's own, not a copy of another's. */
export const isOwn = (look: Look, object: Cluster | Endpoint): boolean =>
  object.metadata.labels?.[CLUSTER_LABEL] === undefined && object.spec?.cluster_id === look.clusterId

export const activeGateways = (look: Look): readonly Gateway[] => look.gateways.filter((gateway) => gateway.status?.haStatus === 'active')

/** Ids of the other clusters that this one knows of, sorted. */
export const remoteIds = (look: Look): readonly string[] =>
  [
    ...new Set(
      [...look.clusters, ...look.endpoints]
        .map((object) => object.spec?.cluster_id)
        .filter((id) => id !== undefined && id !== look.clusterId),
    ),
  ].sort()

/** What is said of the only member of a clusterset. */
export const ALONE = 'this cluster is alone in its clusterset'

/** The address that a Node's object gives for the kind, such as InternalIP. */
export const nodeAddress = (node: Node, type: string): string | undefined =>
  node.status?.addresses?.find((address) => address.type === type)?.address
