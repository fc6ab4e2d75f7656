import { expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { fakeWorld } from '../fakes/context.ts'
import { joined } from '../fakes/joined.ts'
import { fakeCluster } from '../fakes/kube.ts'

async function show(args: readonly string[], apis = joined('1.2.3').apis) {
  const world = fakeWorld({ apis })
  const code = await main(['show', ...args], world.context, laptopRuns)
  return { code, out: world.out(), err: world.err() }
}

it('show prints all that a cluster says of the clusterset', async () => {
  const { out, code } = await show(['--context', 'west'])
  expect(out).toMatchInlineSnapshot(`
"Cluster "west" (context west)
  clusters
    CLUSTER   KIND     POD NETWORKS   SERVICE NETWORKS
    west      local    10.1.0.0/16    100.1.0.0/16
    east      remote   10.2.0.0/16    100.2.0.0/16

  endpoints
    CLUSTER   KIND     GATEWAY    PRIVATE IP   PUBLIC IP   DRIVER      NETWORKS
    west      local    west-gw1   172.16.1.1   -           libreswan   100.1.0.0/16,10.1.0.0/16
    east      remote   east-gw1   172.16.2.1   -           libreswan   100.2.0.0/16,10.2.0.0/16

  gateways
    NODE       HA STATUS   CONNECTIONS       VERSION
    west-gw1   active      all 1 connected   1.2.3
    west-gw2   passive     none              1.2.3

  connections
    GATEWAY    CLUSTER   REMOTE GATEWAY   REMOTE IP    NAT   DRIVER      STATUS      RTT AVG
    west-gw1   east      east-gw1         172.16.2.1   no    libreswan   connected   1.2ms

  route-agents
    NODE       CLUSTER   STATUS      RTT AVG   MESSAGE
    west-gw1   east      connected   1.2ms     -
    west-gw2   east      connected   1.2ms     -
    west-w1    east      connected   1.2ms     -
"
`)
  expect(code).toBe(0)
})

it('show connections says what no other node reaches, where a gateway calls it connected', async () => {
  const scene = joined('1.2.3')
  for (const agent of scene.clusters.west.objects('RouteAgent'))
    if (agent.metadata.name !== 'west-gw1') {
      const remoteEndpoints = agent.status.remoteEndpoints.map((one) => ({ ...one, status: 'error' as const }))
      scene.clusters.west.put({ ...agent, status: { ...agent.status, remoteEndpoints } } as typeof agent)
    }
  const { out } = await show(['connections', '--context', 'west'], scene.apis)
  expect(out).toContain('! west-gw1 says connected to east, and no other node reaches it')
})

it('show connections -o wide has the reasons and networks', async () => {
  expect((await show(['connections', '--context', 'west', '-o', 'wide'])).out).toMatchInlineSnapshot(`
"Cluster "west" (context west)
  connections
    GATEWAY    CLUSTER   REMOTE GATEWAY   REMOTE IP    NAT   DRIVER      STATUS      RTT AVG   MESSAGE   NETWORKS
    west-gw1   east      east-gw1         172.16.2.1   no    libreswan   connected   1.2ms     -         100.2.0.0/16,10.2.0.0/16
"
`)
})

it('show gateways says what a gateway refuses, and obeys nothing of it', async () => {
  const { apis, clusters } = joined('1.2.3')
  const gateway = clusters.west.objects('Gateway')[0]
  if (gateway === undefined) throw new Error('no Gateway')
  const refused = JSON.stringify([{ object: 'Endpoint "evil"', field: 'spec.subnets[0]', reason: 'is \u001b[2Jtoo much' }, 'a text'])
  clusters.west.put({ ...gateway, metadata: { ...gateway.metadata, annotations: { 'submariner.io/refused': refused } } })
  const { out } = await show(['gateways', '--context', 'west'], apis)
  expect(out).toContain('\n    ! west-gw1 refuses Endpoint "evil": spec.subnets[0]: is \\x1b[2Jtoo much\n')
  clusters.west.put({ ...gateway, metadata: { ...gateway.metadata, annotations: { 'submariner.io/refused': '{"no": "list"}' } } })
  expect((await show(['gateways', '--context', 'west'], apis)).out).not.toContain('refuses')
})

it('show gateways says whose charon still has another port than the settings', async () => {
  const { apis, clusters } = joined('1.2.3')
  const gateway = clusters.west.objects('Gateway').find(({ metadata }) => metadata.name === 'west-gw1')
  if (gateway === undefined) throw new Error('no Gateway')
  clusters.west.put({ ...gateway, metadata: { ...gateway.metadata, annotations: { 'submariner.io/wanted-port': '4700' } } })
  const { out } = await show(['gateways', '--context', 'west'], apis)
  expect(out).toContain(
    '\n    ! charon on west-gw1 still has port 4500, the settings say 4700: replace it: `subctl upgrade`; under Helm `kubectl',
  )
})

it('show of several contexts names each cluster', async () => {
  const { out } = await show(['gateways', '--contexts', 'west,east'])
  expect(out).toMatchInlineSnapshot(`
"Cluster "west" (context west)
  gateways
    NODE       HA STATUS   CONNECTIONS       VERSION
    west-gw1   active      all 1 connected   1.2.3
    west-gw2   passive     none              1.2.3

Cluster "east" (context east)
  gateways
    NODE       HA STATUS   CONNECTIONS       VERSION
    east-gw1   active      all 1 connected   1.2.3
    east-gw2   passive     none              1.2.3
"
`)
})

it('show -o name and -o json are for programs', async () => {
  expect((await show(['gateways', '--context', 'west', '-o', 'name'])).out).toBe(
    'gateway.submariner.io/west-gw1\ngateway.submariner.io/west-gw2\n',
  )
  const { out } = await show(['endpoints', '--contexts', 'west,east', '-o', 'json'])
  expect(JSON.parse(out)).toMatchObject({
    apiVersion: 'subctl.submariner.io/v1',
    kind: 'ShowList',
    items: [
      { context: 'west', clusterId: 'west', objects: [{ kind: 'Endpoint' }, { kind: 'Endpoint' }] },
      { context: 'east', clusterId: 'east' },
    ],
  })
})

it('show of a cluster that never joined says so', async () => {
  const { code, err } = await show(['--context', 'new'], { new: fakeCluster().api() })
  expect(code).toBe(1)
  expect(err).toContain('SUB0602')
  expect(err).toContain('subctl join --context new broker-info.subm')
})

it('show of several contexts shows the others where one is not reached, says why, and tells it by its code', async () => {
  const { apis } = joined('1.2.3')
  const dead = fakeCluster().api('dead')
  dead.link = 'refused'
  const all = { ...apis, east: dead }
  const { code, out, err } = await show(['clusters', '--contexts', 'west,east'], all)
  expect([code, out]).toEqual([69, expect.stringContaining('Cluster "west" (context west)')])
  expect(err).toContain('context "east": The API server fake.dead:6443 refuses connections')
  const json = await show(['clusters', '--contexts', 'west,east', '-o', 'json'], all)
  expect(JSON.parse(json.out)).toMatchObject({
    items: [{ context: 'west' }],
    notAsked: [{ context: 'east', error: { id: 'SUB0211' } }],
    error: { id: 'SUB0211', exitCode: 69 },
  })
  const none = await show(['clusters', '--contexts', 'east', '-o', 'json'], all)
  expect([none.code, JSON.parse(none.out).kind]).toEqual([69, 'Error'])
})
