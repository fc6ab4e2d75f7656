import { expect, it } from '@jest/globals'
import { cleanUpEngine } from '../../src/commands/engine/cleanup.ts'
import { CLUSTER_LABEL, CLUSTER_UID } from '../../src/model/names.ts'
import { silentLog } from '../../src/system/log.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { fakeCluster, make } from '../fakes/kube.ts'

it('clean-up takes away what is this cluster’s, here and on the broker, and nothing of another cluster of its id', async () => {
  const [here, there] = [fakeCluster(), fakeCluster()]
  here.put(make('Namespace', 'kube-system', {}, { uid: 'ours' }))
  here.put(endpointOf('west', { meta: { namespace: 'submariner', labels: {} } }))
  here.put(clusterOf('east', { meta: { namespace: 'submariner' } }))
  here.put(clusterOf('west', { meta: { namespace: 'elsewhere' } }))
  const of = (id: string, uid: string) => ({ namespace: 'b', labels: { [CLUSTER_LABEL]: id }, annotations: { [CLUSTER_UID]: uid } })
  there.put(clusterOf('west', { meta: of('west', 'theirs') }))
  there.put(endpointOf('west', { meta: of('west', 'ours') }))
  there.put(endpointOf('east', { meta: of('east', 'east') }))
  const done: string[] = []
  const world = {
    settings: { clusterId: 'west', namespace: 'submariner', brokerNamespace: 'b' },
    hostname: 'west-gw1',
    local: here.api(),
    broker: there.api(),
    driver: { cleanUp: async () => void done.push('tunnels') },
    owned: { cleanUp: async () => void done.push('addresses') },
    log: silentLog,
  }
  expect(await cleanUpEngine(world)).toBe(true)
  expect(done).toEqual(['tunnels', 'addresses'])
  expect([...here.objects('Endpoint'), ...here.objects('Cluster')].map(({ metadata }) => metadata.namespace)).toEqual(['elsewhere'])
  expect(
    [...there.objects('Endpoint'), ...there.objects('Cluster')].map(({ metadata }) => metadata.annotations?.[CLUSTER_UID]).sort(),
  ).toEqual(['east', 'theirs'])
  const failing = { ...world, driver: { cleanUp: async () => Promise.reject(new Error('charon does not answer')) } }
  done.length = 0
  expect([await cleanUpEngine(failing), done]).toEqual([false, ['addresses']])
})
