// `subctl engine --cleanup`: what an engine has left on its node, in its cluster's API and on the broker goes.

import { labelOf, type Shared } from '../../broker/sync.ts'
import { write } from '../../broker/write.ts'
import type { CableDriver } from '../../dataplane/cable.ts'
import type { Target } from '../../dataplane/target.ts'
import { POOL_LABEL } from '../../install/calico.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { CLUSTER_UID, sanitise } from '../../model/names.ts'
import type { Ip } from '../../model/net.ts'
import type { Log } from '../../system/log.ts'
import { type Removal, removeAll } from '../agent/remove-all.ts'
import type { EngineSettings } from './world.ts'

export interface CleanUp {
  readonly settings: Pick<EngineSettings, 'clusterId' | 'namespace' | 'brokerNamespace'>
  readonly hostname: string
  readonly local: KubeApi
  readonly broker: KubeApi | undefined
  readonly driver: Pick<CableDriver, 'cleanUp'>
  readonly owned: Pick<Target<readonly Ip[]>, 'cleanUp'>
  readonly log: Log
}

/** Does all that can be done; says whether that was everything. */
export async function cleanUpEngine({ settings, hostname, local, broker, driver, owned, log }: CleanUp): Promise<boolean> {
  const { clusterId, namespace, brokerNamespace } = settings
  const steps: readonly Removal[] = [
    ['tunnels', () => driver.cleanUp()],
    ['addresses', () => owned.cleanUp()],
    ['the Gateway object', () => local.remove('Gateway', sanitise(hostname), namespace)],
    ['objects of this cluster on the broker', () => removeFromBroker(local, broker, { clusterId, namespace: brokerNamespace })],
    ['Calico’s IPPools for other clusters', () => removePools(local)],
    // All in this namespace: own ones, and copies that nobody looks after any more.
    ['objects in this cluster', async () => write(local, { put: [], drop: await shared(local, namespace) })],
  ]
  return removeAll(steps, log)
}

async function removePools(api: KubeApi): Promise<void> {
  try {
    await write(api, { put: [], drop: (await api.list('IPPool', { labels: { [POOL_LABEL]: 'true' } })).items })
  } catch (error) {
    // Without Calico the kind is not there.
    if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 403)) throw error
  }
}

async function shared(api: KubeApi, namespace: string): Promise<readonly Shared[]> {
  const [endpoints, clusters] = await Promise.all([api.list('Endpoint', { namespace }), api.list('Cluster', { namespace })])
  return [...endpoints.items, ...clusters.items]
}

/** Those with our id that another cluster of the same id has published are not ours. */
async function removeFromBroker(local: KubeApi, broker: KubeApi | undefined, own: { clusterId: string; namespace: string }): Promise<void> {
  if (broker === undefined) return
  const uid = (await local.get('Namespace', 'kube-system'))?.metadata.uid
  const isOurs = (object: Shared): boolean =>
    labelOf(object) === own.clusterId && [undefined, uid].includes(object.metadata.annotations?.[CLUSTER_UID])
  await write(broker, { put: [], drop: (await shared(broker, own.namespace)).filter(isOurs) })
}
