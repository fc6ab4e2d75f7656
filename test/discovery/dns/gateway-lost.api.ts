// A DNS server with the rights that its manifest gives it, on a real API server, in a cluster whose only gateway is gone.
import { expect, it } from '@jest/globals'
import rights from '../../../manifests/mcs/dns-rights.yaml'
import exportsCrd from '../../../manifests/mcs/serviceexports.yaml'
import importsCrd from '../../../manifests/mcs/serviceimports.yaml'
import { tokenSecret, waitForToken } from '../../../src/broker/credentials.ts'
import { followCluster } from '../../../src/discovery/dns/follow.ts'
import { openIndex } from '../../../src/discovery/dns/index.ts'
import { applyPlan } from '../../../src/install/apply/apply.ts'
import { compare } from '../../../src/install/apply/compare.ts'
import { agentBase, memberCrds } from '../../../src/install/objects/manifests.ts'
import type { KubeApi } from '../../../src/k8s/api.ts'
import { parseObjects } from '../../../src/k8s/yaml.ts'
import { GATEWAY_LEASE } from '../../../src/model/names.ts'
import { realClock } from '../../../src/system/clock.ts'
import { openLog } from '../../../src/system/log.ts'
import { describePlanes, openPlace, planes } from '../../cluster/plane-suite.ts'
import { endpointOf } from '../../fakes/clusters.ts'
import { make } from '../../fakes/kube.ts'

const AGENTS = 'submariner'
const fresh = { namespace: AGENTS, creationTimestamp: undefined, uid: undefined } as unknown as { readonly namespace: string }
const until = async (holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + 30_000; !holds() && Date.now() < end; ) await realClock.sleep(50)
}

async function prepare(admin: KubeApi): Promise<string> {
  const objects = [...memberCrds(), ...[exportsCrd, importsCrd].flatMap(parseObjects), ...agentBase(), ...parseObjects(rights)]
  const options = { clock: realClock, signal: new AbortController().signal, deadline: Date.now() + 60_000, progress: () => undefined }
  await applyPlan(admin, await compare(admin, objects), options)
  const connections = [{ status: 'connected' as const, statusMessage: '', endpoint: endpointOf('east').spec }]
  const status = { version: 'test', haStatus: 'active' as const, localEndpoint: endpointOf('west').spec, statusFailure: '', connections }
  await admin.create(make('Gateway', 'west-gw1', { status }, fresh))
  const remoteEndpoints = [{ status: 'connected' as const, statusMessage: '', spec: endpointOf('east').spec }]
  for (const node of ['west-gw1', 'w1'])
    await admin.create(make('RouteAgent', node, { status: { version: 'test', statusFailure: '', remoteEndpoints } }, fresh))
  await admin.create(make('Lease', GATEWAY_LEASE, { spec: { holderIdentity: 'west-gw1', leaseDurationSeconds: 3 } }, fresh))
  await admin.create(tokenSecret('submariner-dns', AGENTS, {}))
  return (await waitForToken(admin, 'submariner-dns', AGENTS, { clock: realClock, signal: new AbortController().signal })).token
}
const renew = (admin: KubeApi, n: number): Promise<unknown> =>
  admin.patch('Lease', GATEWAY_LEASE, AGENTS, { spec: { leaseTransitions: n } })

describePlanes('subctl dns on a real API server', () => {
  const all = planes(['west'])
  it('takes no word of a gateway that is gone for true, and does again when it is back', async () => {
    const place = all.west
    const admin = openPlace(place)
    const api = openPlace({ ...place, token: await prepare(admin) })
    const [end, logged, index] = [new AbortController(), [] as string[], openIndex([])]
    const log = openLog({ write: (text: string) => void logged.push(text) })
    const { ended } = followCluster(index, { api, namespace: AGENTS, clock: realClock, log, signal: end.signal })
    await until(() => index.isComplete)
    for (let n = 1; n <= 3; n += 1) {
      await renew(admin, n)
      await realClock.sleep(1_000)
    }
    expect(index.reach.isConnected('east')).toBe(true)
    const remoteEndpoints = [{ status: 'error', statusMessage: '', spec: endpointOf('east').spec }]
    await admin.patch('RouteAgent', 'w1', AGENTS, { status: { remoteEndpoints } })
    await until(() => !index.reach.isConnected('east'))
    expect(index.reach.isConnected('east')).toBe(false)
    await renew(admin, 4)
    await until(() => index.reach.isConnected('east'))
    expect(index.reach.isConnected('east')).toBe(true)
    // Nothing was refused.
    expect(logged.filter((line) => line.includes('does not answer'))).toEqual([])
    end.abort()
    await ended
  }, 120_000)
})
