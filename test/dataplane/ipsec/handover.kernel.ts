import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Bed, cable, lostDuring, openBed, type TestGateway, until, untilConnected } from './gateways.ts'

describe('a cluster whose gateway hands over to another one', () => {
  let bed: Bed
  let west: TestGateway
  let first: TestGateway
  let second: TestGateway
  beforeAll(async () => {
    bed = await openBed()
    west = await bed.gateway({ cluster: 'west', number: 1, privateIp: '172.30.0.1' })
    first = await bed.gateway({ cluster: 'east', name: 'east1', number: 2, privateIp: '172.30.0.2' })
    second = await bed.gateway({ cluster: 'east', name: 'east2', number: 2, privateIp: '172.30.0.3' })
    for (const gateway of [west, first, second]) gateway.startCharon()
    for (const { driver } of [west, first, second]) await until('charon', async () => (await driver.interfaceName().catch(() => '')) !== '')
  }, 60_000)
  afterAll(() => bed.end(), 60_000)

  const handOver = (old: TestGateway, next: TestGateway): Promise<number> =>
    lostDuring(west, '10.1.0.1', '10.2.0.1', async () => {
      await Promise.all([untilConnected(west, [cable(west, next), cable(west, old)]), untilConnected(next, [cable(next, west)])])
      await old.driver.reconcile([])
      await untilConnected(west, [cable(west, next)])
    })

  it('carries packets while both have tunnels for the same networks, and when the old ones go', async () => {
    await second.driver.reconcile([])
    await Promise.all([untilConnected(west, [cable(west, first)]), untilConnected(first, [cable(first, west)])])
    // As the route agents have them: charon's own table is not what packets depend on.
    await west.run(['ip', 'route', 'replace', '10.2.0.0/16', 'dev', 'ipsec0', 'src', '10.1.0.1'])
    for (const gateway of [first, second]) await gateway.run(['ip', 'route', 'replace', '10.1.0.0/16', 'dev', 'ipsec0', 'src', '10.2.0.1'])
    // Who answers to a new child uses it before the other side has the answer: what is under way then, a request each 20 ms, may be lost.
    expect(await handOver(first, second)).toBeLessThanOrEqual(5)
    expect(await second.ping('10.2.0.1', '10.1.0.1')).toBe(true)
    expect(await handOver(second, first)).toBeLessThanOrEqual(5)
    expect(await first.ping('10.2.0.1', '10.1.0.1')).toBe(true)
  }, 60_000)
})
