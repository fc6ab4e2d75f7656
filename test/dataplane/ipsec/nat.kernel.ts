import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Cable } from '../../../src/dataplane/cable.ts'
import { type Bed, cable, openBed, saIds, type TestGateway, until, untilConnected, untilQuiet } from './gateways.ts'

// West has a public address of its own; east and north have the same private one, each behind a 1:1 translation.
describe('three gateways, two of them with the same private address behind 1:1 NAT', () => {
  let bed: Bed
  let gateways: readonly TestGateway[]
  const cablesOf = (gateway: TestGateway): Cable[] => gateways.filter((other) => other !== gateway).map((other) => cable(gateway, other))
  beforeAll(async () => {
    bed = await openBed()
    gateways = [
      await bed.gateway({ cluster: 'west', number: 1, privateIp: '172.30.0.1' }),
      await bed.gateway({ cluster: 'east', number: 2, privateIp: '192.168.5.11', publicIp: '172.30.0.2' }),
      await bed.gateway({ cluster: 'north', number: 3, privateIp: '192.168.5.11', publicIp: '172.30.0.3' }),
    ]
    for (const gateway of gateways) gateway.startCharon()
  }, 60_000)
  afterAll(() => bed.end(), 60_000)

  const pingAll = async (): Promise<readonly string[]> => {
    const failed: string[] = []
    for (const [i, gateway] of gateways.entries())
      for (const [j] of gateways.entries())
        if (i !== j && !(await gateway.ping(`10.${i + 1}.0.1`, `10.${j + 1}.0.1`))) failed.push(`${i + 1} to ${j + 1}`)
    return failed
  }

  it('all pairs connect, also where both sides are translated', async () => {
    await Promise.all(gateways.map((gateway) => untilConnected(gateway, cablesOf(gateway))))
    expect(await pingAll()).toEqual([])
  }, 60_000)

  it('all stay connected: passes change nothing, SAs stay the same', async () => {
    await Promise.all(gateways.map((gateway) => untilQuiet(gateway, cablesOf(gateway))))
    const before = await Promise.all(gateways.map(saIds))
    for (const gateway of gateways) expect(await gateway.driver.reconcile(cablesOf(gateway))).toEqual([])
    expect(await Promise.all(gateways.map(saIds))).toEqual(before)
  }, 60_000)

  it('a charon that starts anew replaces its own SAs and no one else’s', async () => {
    const [west, east, north] = gateways
    if (west === undefined || east === undefined || north === undefined) throw new Error('three gateways')
    const pid = await north.charonPid()
    process.kill(pid, 'SIGKILL')
    await until('another charon', async () => (await north.charonPid()) !== pid)
    await untilConnected(north, cablesOf(north))
    await until('packets flow again', async () => (await pingAll()).length === 0)
    await Promise.all(gateways.map((gateway) => untilQuiet(gateway, cablesOf(gateway))))
    expect(await pingAll()).toEqual([])
  }, 60_000)
})
