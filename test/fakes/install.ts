// What a join puts into a cluster, in a fake one.
import { planInstall } from '../../src/install/objects/plan.ts'
import type { JoinSettings } from '../../src/install/objects/settings.ts'
import { PLAIN_JOIN } from './join-settings.ts'
import type { FakeCluster } from './kube.ts'

/** All objects of a join that are not there yet, by these settings. */
export function putInstall(cluster: FakeCluster, settings: Partial<JoinSettings> = {}): void {
  const pods = { image: 'localhost/subctl:1', imagePullPolicy: 'IfNotPresent', isOpenShift: false } as const
  for (const object of planInstall({ ...PLAIN_JOIN, ...settings }, [], { broker: {}, psk: {} }, pods)) {
    const kind = object.kind as Parameters<FakeCluster['objects']>[0]
    const isThere = cluster
      .objects(kind)
      .some(({ metadata }) => metadata.name === object.metadata.name && metadata.namespace === object.metadata.namespace)
    if (!isThere) cluster.put(object)
  }
}
