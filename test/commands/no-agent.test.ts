// What is said of services where the agent has been taken out, and its last words are still in the API.
import { afterEach, expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { serviceSight } from '../../src/commands/look/service-sight.ts'
import { reasonOf } from '../../src/commands/resolve/reason.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { handClock } from '../fakes/clock.ts'
import { fakeWorld } from '../fakes/context.ts'
import { AGENTS, type Sites, sites } from '../fakes/discovery.ts'
import { type FakeApi, make } from '../fakes/kube.ts'

let open: Sites | undefined
afterEach(async () => {
  await open?.end()
  open = undefined
})

/** West exports a web that both import, then is left without services. */
async function scene() {
  const clock = handClock()
  const all = sites(clock, ['west', 'east'])
  open = all
  const settings = (id: string, truth: string) =>
    make(
      'ConfigMap',
      'submariner-settings',
      { data: { SUBMARINER_CLUSTERID: id, SUBMARINER_SERVICEDISCOVERY: truth } },
      { namespace: AGENTS },
    )
  const [west, east] = [all.site('west'), all.site('east')]
  for (const site of [west, east]) {
    site.api.put(settings(site.id, 'true'))
    site.start()
  }
  west.serve('web')
  west.wish('web')
  await all.turn(6_000)
  const apis: Record<string, FakeApi> = { west: west.api.api('laptop'), east: east.api.api('laptop') }
  const show = async () => {
    const world = fakeWorld({ apis, clock })
    await main('show services --contexts west,east -o json'.split(' '), world.context, laptopRuns)
    return JSON.parse(world.out()).items[0].clusters
  }
  return { west, east, apis, show, leave: () => west.api.put(settings('west', 'false')) }
}

it('show services takes no condition for true that an agent left behind, and misses no import of such an export', async () => {
  const { east, show, leave } = await scene()
  expect(await show()).toMatchObject([{ export: { state: 'ready' }, import: { state: 'ready' } }, { import: { state: 'ready' } }])
  leave()
  await open?.end()
  east.api.drop('ServiceImport', 'web', 'shop')
  const messages = [
    'no agent of services runs in this cluster: join with --service-discovery true, or scale the Deployment submariner-discovery up',
  ]
  expect(await show()).toMatchObject([
    { cluster: 'west', export: { state: 'no agent', messages }, import: { state: 'no agent', messages: [] } },
    { cluster: 'east', export: { state: 'no', messages: [] }, import: { state: 'no' } },
  ])
})

it('show services sees an agent that is scaled down to none', async () => {
  const { west, show } = await scene()
  west.api.put(make('Deployment', 'submariner-discovery', { spec: { replicas: 0 } }, { namespace: AGENTS }))
  expect(await show()).toMatchObject([{ cluster: 'west', export: { state: 'no agent' } }, { cluster: 'east' }])
})

it('resolve says that there is none, and not to look into its log', async () => {
  const { west, apis, leave } = await scene()
  leave()
  await open?.end()
  west.api.drop('ServiceImport', 'web', 'shop')
  const { west: api } = apis
  if (api === undefined) throw new Error('no API')
  const sight = await serviceSight({ name: 'west', api }, AGENTS)
  const name = { kind: 'service', namespace: 'shop', service: 'web' } as const
  const result = { ask: 'web.shop.svc.clusterset.local', type: 'A', ok: false, code: 'NXDOMAIN', servers: [], ms: 1 } as const
  expect(reasonOf(result, name, sight, { others: ['west'], setUp: undefined })).toBe(
    'no agent of services runs in this cluster: join with --service-discovery true, or scale the Deployment submariner-discovery up',
  )
})
