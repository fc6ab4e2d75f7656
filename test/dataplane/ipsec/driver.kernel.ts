import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Bed, cable, openBed, type TestGateway, untilConnected } from './gateways.ts'

describe('two gateways with ESP in charon', () => {
  let bed: Bed
  let west: TestGateway
  let east: TestGateway
  beforeAll(async () => {
    bed = await openBed()
    west = await bed.gateway({ cluster: 'west', number: 1, privateIp: '172.30.0.1' })
    east = await bed.gateway({ cluster: 'east', number: 2, privateIp: '172.30.0.2' })
    west.startCharon()
    east.startCharon()
  }, 60_000)
  afterAll(() => bed.end(), 60_000)

  it('the driver connects every pair of networks', async () => {
    await Promise.all([untilConnected(west, [cable(west, east)]), untilConnected(east, [cable(east, west)])])
    for (const [from, to] of [
      ['10.1.0.1', '10.2.0.1'],
      ['10.1.0.1', '100.2.0.0'],
      ['100.1.0.0', '10.2.0.1'],
      ['100.1.0.0', '100.2.0.0'],
    ] as const)
      expect([from, to, await west.ping(from, to)]).toEqual([from, to, true])
  }, 60_000)

  it('a second pass changes nothing', async () => {
    expect(await west.driver.reconcile([cable(west, east)])).toEqual([])
    expect(await east.driver.reconcile([cable(east, west)])).toEqual([])
  }, 60_000)
})
