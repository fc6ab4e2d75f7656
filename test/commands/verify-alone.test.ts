// What verify says of a cluster that is alone in its clusterset, as after `forget` of the only other one.
import { expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { fakeWorld } from '../fakes/context.ts'
import { joined, NAMESPACE } from '../fakes/joined.ts'

async function alone(flags = '') {
  const { clusters, broker, apis, clock } = joined()
  const { west } = clusters
  for (const [cluster, namespace] of [
    [west, NAMESPACE],
    [broker, 'submariner-k8s-broker'],
  ] as const)
    for (const kind of ['Cluster', 'Endpoint'] as const)
      for (const { metadata, spec } of cluster.objects(kind)) if (spec.cluster_id === 'east') cluster.drop(kind, metadata.name, namespace)
  for (const gateway of west.objects('Gateway')) west.put({ ...gateway, ...{ status: { ...gateway.status, connections: [] } } })
  for (const agent of west.objects('RouteAgent')) west.put({ ...agent, ...{ status: { ...agent.status, remoteEndpoints: [] } } })
  const world = fakeWorld({ apis, clock, env: { LANG: 'C' } })
  const code = await main(`verify --contexts west${flags}`.split(' '), world.context, laptopRuns)
  return { code, out: world.out() }
}

it('says so once, with the next step, and not of each check that it is not in order', async () => {
  const { code, out } = await alone()
  expect(code).toBe(0)
  const lines = out.split('\n')
  expect(lines.filter((line) => line.includes('alone in its clusterset'))).toEqual([
    '  warning SUB0607 it knows every cluster of the clusterset: this cluster is alone in its clusterset: the broker has no other',
    '  skipped SUB0610 every expected connection is up: this cluster is alone in its clusterset',
    '  skipped 11 more checks: this cluster is alone in its clusterset',
  ])
  expect(out).toContain('-> join another one: `subctl join')
  expect(out).not.toMatch(/not in order|was skipped/)
})

it('tells programs of each check why it was skipped, and which one is the ground', async () => {
  const { out } = await alone(' -o json')
  const [{ checks }] = JSON.parse(out).clusters
  const skipped = checks.filter(({ ground }: { ground?: string }) => ground !== undefined)
  expect(skipped.map(({ id }: { id: string }) => id)).toContain('SUB0638')
  for (const { reason, ground } of skipped) expect([reason, ground]).toEqual(['this cluster is alone in its clusterset', 'SUB0610'])
})

it('says so of --disruptive too', async () => {
  const { out } = await alone(' --disruptive --yes')
  expect(out).toContain('skipped SUB0631 traffic goes on while the active gateway hands over: this cluster is alone in its clusterset')
})
