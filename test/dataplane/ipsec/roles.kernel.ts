import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Cable } from '../../../src/dataplane/cable.ts'
import { type Bed, cable, openBed, saIds, type TestGateway, until, untilConnected, untilQuiet } from './gateways.ts'

// As upstream's gateways behind a load balancer have it: INTEROP's table of preferred-server.
describe('a gateway that prefers to be the server', () => {
  let bed: Bed
  let west: TestGateway
  let east: TestGateway
  beforeAll(async () => {
    bed = await openBed()
    west = await bed.gateway({ cluster: 'west', number: 1, privateIp: '172.30.0.1' })
    east = await bed.gateway({ cluster: 'east', number: 2, privateIp: '192.168.5.11', publicIp: '172.30.0.2' })
    west.startCharon()
    east.startCharon()
  }, 60_000)
  afterAll(() => bed.end(), 60_000)

  const asServer = (gateway: TestGateway): TestGateway => ({
    ...gateway,
    spec: { ...gateway.spec, backend_config: { ...gateway.spec.backend_config, 'preferred-server': 'true' } },
  })
  const wait = async (pairs: readonly (readonly [TestGateway, readonly Cable[]])[]): Promise<void> => {
    await Promise.all(pairs.map(([gateway, cables]) => untilConnected(gateway, cables)))
    for (const [gateway, cables] of pairs) await until('quiet', async () => (await gateway.driver.reconcile(cables)).length === 0)
  }

  it.each(['one', 'both'])(
    '%s: the other dials, a connection each pair of networks',
    async (which) => {
      const server = asServer(west)
      const client = which === 'both' ? asServer(east) : east
      const pairs = [
        [west, [cable(server, client)]],
        [east, [cable(client, server)]],
      ] as const
      await wait(pairs)
      expect((await saIds(west)).filter((id) => id.startsWith('ike'))).toHaveLength(4)
      for (const [from, to] of [
        ['10.1.0.1', '10.2.0.1'],
        ['100.1.0.0', '10.2.0.1'],
      ] as const)
        expect([from, to, await west.ping(from, to)]).toEqual([from, to, true])
    },
    60_000,
  )

  it('between equals again there is one connection', async () => {
    await wait([
      [west, [cable(west, east)]],
      [east, [cable(east, west)]],
    ])
    await Promise.all([untilQuiet(west, [cable(west, east)]), untilQuiet(east, [cable(east, west)])])
    expect(await east.ping('10.2.0.1', '10.1.0.1')).toBe(true)
  }, 60_000)
})
