import { expect, it } from '@jest/globals'
import { openExchange, type Side } from '../../src/broker/exchange.ts'
import type { Store } from '../../src/k8s/store.ts'
import { CLUSTER_UID } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { handClock } from '../fakes/clock.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'
import { type FakeCluster, fakeCluster } from '../fakes/kube.ts'

/** A side whose stores show what the API has; `hidden` kinds have been heard, and have not come back yet. */
function sideOf(cluster: FakeCluster, namespace: string, hidden: ReadonlySet<string>): Side {
  const storeOf = <T extends Resource>(all: () => readonly T[], kind: string): Store<T> =>
    ({ all: () => (hidden.has(kind) ? [] : all()), heardMs: () => 0 }) as unknown as Store<T>
  return {
    api: cluster.api(),
    namespace,
    clusters: storeOf(() => cluster.objects('Cluster'), 'Cluster'),
    endpoints: storeOf(() => cluster.objects('Endpoint'), 'Endpoint'),
  }
}

it('an Endpoint that this cluster’s API has not shown yet stays on the broker, and the broker has lost nothing', async () => {
  const [here, broker] = [fakeCluster(), fakeCluster()]
  const hidden = new Set<string>()
  const exchange = openExchange({
    clusterId: 'west',
    clusterUid: 'uid-west',
    local: sideOf(here, 'submariner', hidden),
    broker: sideOf(broker, 'submariner-k8s-broker', new Set()),
    isLeader: async () => true,
    clock: handClock(),
    log: fakeWorld().context.log,
  })
  const meta = { namespace: 'submariner', labels: {}, annotations: { [CLUSTER_UID]: 'uid-west' } }
  const pass = () => exchange.pass({ cluster: clusterOf('west', { meta }), endpoint: endpointOf('west', { meta }), stage: 'settled' })
  for (let i = 0; i < 4; i += 1) await pass()
  const published = broker.objects('Endpoint').map(({ metadata }) => metadata.uid)
  expect(published).toHaveLength(1)
  // Clusters and Endpoints are watched apart.
  hidden.add('Endpoint')
  await pass()
  hidden.clear()
  await pass()
  expect(broker.objects('Endpoint').map(({ metadata }) => metadata.uid)).toEqual(published)
  expect(exchange.state.brokerLost).toBe(false)
})
