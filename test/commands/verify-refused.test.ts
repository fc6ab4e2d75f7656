// A member whose objects the gateways refuse costs the others nothing: what verify and show say of it, and of them.
import { expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'
import { goodAnswer, type Joined, joined, NAMESPACE } from '../fakes/joined.ts'

const run = async ({ apis, clock }: Joined, argv: readonly string[]): Promise<{ readonly code: number; readonly out: string }> => {
  const world = fakeWorld({ apis, clock, env: { LANG: 'C' } })
  return { code: await main([...argv], world.context, laptopRuns), out: world.out() }
}

/** West knows a cluster g8, of which its gateway takes nothing. */
function withRefused(): { readonly made: Joined; readonly endpoint: string } {
  const made = joined()
  const meta = { namespace: NAMESPACE }
  const endpoint = endpointOf('g8', { n: 8, subnets: ['0.0.0.0/0'], healthCheckIP: '10.8.0.1', meta })
  made.clusters.west.put(clusterOf('g8', { n: 8, cluster_cidr: ['0.0.0.0/0'], meta }))
  made.clusters.west.put(endpoint)
  made.broker.put(clusterOf('g8', { n: 8, meta: { namespace: 'submariner-k8s-broker' } }))
  const [gateway] = made.clusters.west.objects('Gateway')
  if (gateway === undefined) throw new Error('no gateway')
  const refused = JSON.stringify([{ object: `Endpoint "${endpoint.metadata.name}"`, field: 'spec.subnets[0]', reason: 'is everything' }])
  const annotations = { ...gateway.metadata.annotations, 'submariner.io/refused': refused }
  made.clusters.west.put({ ...gateway, metadata: { ...gateway.metadata, annotations } })
  return { made, endpoint: endpoint.metadata.name }
}

it('verify says that it is refused and why, and goes on with those that are well', async () => {
  const { made, endpoint } = withRefused()
  const { code, out } = await run(made, ['verify', '--contexts', 'west,east'])
  const west = out.split('Cluster of context "east"')[0] ?? ''
  expect(code).toBe(2)
  expect(west).toContain(
    `FAILED SUB0610 every expected connection is up: no connection to g8: refused: Endpoint "${endpoint}": spec.subnets[0]`,
  )
  expect(west).toContain('subctl forget ID')
  expect(west).toContain(`FAILED SUB0613 every node reaches every remote cluster now: g8 is not reached: its gateway is refused: Endpoint`)
  expect(west).toContain('ok SUB0614 large packets pass (3 nodes to east)')
  expect(west).toContain('ok SUB0618 both ends name each other')
})

it('verify warns of what the gateway refuses while all it knew before still works: which object, why, whose, and what to do', async () => {
  const made = joined()
  const [gateway] = made.clusters.west.objects('Gateway')
  const [published] = made.broker.objects('Endpoint').filter(({ spec }) => spec.cluster_id === 'east')
  if (gateway === undefined || published === undefined) throw new Error('nothing to refuse')
  const object = `Endpoint "${published.metadata.name}"`
  const refused = JSON.stringify([{ object, field: 'spec.subnets[0]', reason: '10.1.0.0/16 overlaps this cluster' }])
  const annotations = { ...gateway.metadata.annotations, 'submariner.io/refused': refused }
  made.clusters.west.put({ ...gateway, metadata: { ...gateway.metadata, annotations } })
  const { code, out } = await run(made, ['verify', '--context', 'west'])
  expect(code).toBe(0)
  expect(out).toContain(
    `SUB0607 it knows every cluster of the clusterset: west-gw1 refuses ${object} of east: spec.subnets[0]: 10.1.0.0/16 overlaps this cluster`,
  )
  expect(out).toContain('what was taken before stays in use; mend what that cluster publishes')
})

it('verify keeps large packets apart from small ones, of each pair of ends', async () => {
  const made = joined()
  made.set((node, id) => {
    const good = goodAnswer(node, id)
    const lost = (result: (typeof good.results)[number], isLost: boolean) =>
      isLost ? { ...result, ok: false, message: 'no answer' } : result
    if (node === 'west-w1') return { ...good, results: good.results.map((result) => lost(result, true)) }
    return node === 'west-gw1' ? { ...good, results: good.results.map((result) => lost(result, result.sizeBytes > 1000)) } : good
  })
  const { out } = await run(made, ['verify', '--context', 'west', '--test', 'SUB0613|SUB0614'])
  expect(out).toMatch(/FAILED SUB0613 [^;]*west-w1 to east \([0-9.]+, 56 bytes\): no answer\n/)
  expect(out).toMatch(/FAILED SUB0614 [^;]*west-gw1 to east \([0-9.]+, 1400 bytes\): no answer\n/)
  made.set((node, id) => ({ ...goodAnswer(node, id), results: goodAnswer(node, id).results.map((result) => ({ ...result, ok: false })) }))
  expect((await run(made, ['verify', '--context', 'west', '--test', 'SUB0614'])).out).toContain(
    'no node reaches another cluster: see SUB0613',
  )
})

it('show says which copies the gateways refuse', async () => {
  const { made, endpoint } = withRefused()
  const { out } = await run(made, ['show', 'endpoints', '--context', 'west'])
  expect(out).toMatch(/^ *g8 +refused /m)
  expect(out).toMatch(/^ *east +remote /m)
  expect((await run(made, ['show', 'gateways', '--context', 'west'])).out).toContain(`! west-gw1 refuses Endpoint "${endpoint}"`)
})
