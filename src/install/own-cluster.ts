import { CLUSTER_LABEL, CLUSTER_UID, sanitise } from '../model/names.ts'
import type { Cluster } from '../model/resources.ts'
import type { JoinSettings } from './objects/settings.ts'

/** The object by which a member says on the broker which networks are its own, before its engine has ever run. */
export const ownCluster = (settings: JoinSettings, clusterUid: string): Cluster => ({
  apiVersion: 'submariner.io/v1',
  kind: 'Cluster',
  metadata: {
    name: sanitise(settings.clusterId),
    namespace: settings.broker.namespace,
    labels: { [CLUSTER_LABEL]: settings.clusterId },
    annotations: { [CLUSTER_UID]: clusterUid },
  },
  spec: {
    cluster_id: settings.clusterId,
    color_codes: ['blue'],
    cluster_cidr: settings.podCidrs,
    service_cidr: settings.serviceCidrs,
    global_cidr: [],
  },
})
