import { describe, expect, it } from '@jest/globals'
import type { Exchange } from '../../src/checks/services/exchange.ts'
import { doubtedOnes, unreachedOnes } from '../../src/checks/services/unreached.ts'
import { type CheckContext, looker } from '../../src/checks/subject.ts'
import { GATEWAY_LEASE } from '../../src/model/names.ts'
import type { ConnectionStatus, Lease } from '../../src/model/resources.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { fakeCluster, make } from '../fakes/kube.ts'

const NAMESPACE = 'submariner'

/** West with an import of east that counts as ready; its gateway, west-gw1, and nodes say what the test wants. */
function scene() {
  const cluster = fakeCluster()
  const api = cluster.api()
  let now = 0
  const made = {
    isRenewed: true,
    gateway(status: ConnectionStatus): void {
      const connections = [{ status, statusMessage: '', endpoint: endpointOf('east').spec }]
      const said = { version: '', haStatus: 'active' as const, localEndpoint: endpointOf('west').spec, statusFailure: '', connections }
      cluster.put(make('Gateway', 'west-gw1', { status: said }, { namespace: NAMESPACE }))
    },
    node(name: string, status: ConnectionStatus): void {
      const remoteEndpoints = [{ status, statusMessage: '', spec: endpointOf('east').spec }]
      cluster.put(make('RouteAgent', name, { status: { version: '', statusFailure: '', remoteEndpoints } }, { namespace: NAMESPACE }))
    },
    lease(): void {
      const spec: Lease['spec'] = { holderIdentity: 'west-gw1', leaseDurationSeconds: 3, renewTime: String(now) }
      cluster.put(make('Lease', GATEWAY_LEASE, { spec }, { namespace: NAMESPACE }))
    },
    look: () => looker(api, NAMESPACE)(),
    async unreached(): Promise<readonly string[]> {
      const sleep = async (ms: number): Promise<void> => {
        now += ms
        if (made.isRenewed) made.lease()
      }
      const context = { api, namespace: NAMESPACE, clock: { now: () => now, sleep } } as unknown as CheckContext
      const behind: Exchange['behind'] = [{ key: 'shop/web', cluster: 'east', isReady: true }] as unknown as Exchange['behind']
      return unreachedOnes(context, await made.look(), { behind }, new AbortController().signal)
    },
    now: () => now,
  }
  made.lease()
  made.gateway('connected')
  made.node('west-gw1', 'connected')
  made.node('w1', 'connected')
  return made
}

describe('backends that count as ready', () => {
  it('are none of a cluster that a gateway calls not connected, whoever leads; nothing is waited for', async () => {
    const made = scene()
    expect(await made.unreached()).toEqual([])
    made.gateway('error')
    expect(await made.unreached()).toEqual(['1 imports of east count as ready, and no gateway is connected to it'])
    expect(made.now()).toBe(0)
  })

  it('may be of one that it calls connected while it leads, and when it does not, while another node reaches it', async () => {
    const made = scene()
    made.node('w1', 'error')
    expect(await made.unreached()).toEqual([])
    made.isRenewed = false
    expect(await made.unreached()).toEqual(['1 imports of east count as ready, and no gateway leads, and no other node reaches it'])
    made.node('w2', 'connected')
    expect(await made.unreached()).toEqual([])
  })
})

it('what a gateway calls connected and no other node reaches is said below the connections', async () => {
  const made = scene()
  expect(doubtedOnes(await made.look())).toEqual([])
  made.node('w1', 'error')
  expect(doubtedOnes(await made.look())).toEqual([
    'west-gw1 says connected to east, and no other node reaches it: `subctl show route-agents`; `subctl verify` tells whether it leads',
  ])
  made.gateway('error')
  expect(doubtedOnes(await made.look())).toEqual([])
})
