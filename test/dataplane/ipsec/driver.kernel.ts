import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connectVici } from '../../../src/dataplane/ipsec/vici/vici.ts'
import { decodeMessage } from '../../../src/dataplane/ipsec/vici/vici-codec.ts'
import { openLocalSocket } from '../../../src/system/unix-socket.ts'
import { type Bed, cable, lostDuring, openBed, saIds, type TestGateway, until, untilConnected, untilQuiet } from './gateways.ts'

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
    await Promise.all([untilQuiet(west, [cable(west, east)]), untilQuiet(east, [cable(east, west)])])
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

  it('a restart of our process keeps the SAs: no packet is lost', async () => {
    const before = await saIds(west)
    const lost = await lostDuring(west, '10.1.0.1', '10.2.0.1', async () => {
      const driver = west.reopen()
      expect(await driver.reconcile([cable(west, east)])).toEqual([])
    })
    expect(lost).toBe(0)
    expect(await saIds(west)).toEqual(before)
  }, 60_000)

  it('rekeying loses no packet, and passes meanwhile leave it alone', async () => {
    const name = east.spec.cable_name
    const before = await saIds(west)
    using vici = await connectVici({ path: `${west.runDir}/charon.vici`, openSocket: openLocalSocket })
    const lost = await lostDuring(west, '10.1.0.1', '10.2.0.1', async () => {
      for (const what of [{ ike: name, child: `${name}-1-1` }, { ike: name }]) {
        await vici.request('rekey', what)
        await until('it is rekeyed', async () => {
          expect(await west.driver.reconcile([cable(west, east)])).toEqual([])
          expect(await east.driver.reconcile([cable(east, west)])).toEqual([])
          const [seen] = await west.driver.connections([cable(west, east)])
          expect(seen?.status).toBe('connected')
          const now = await saIds(west)
          return (
            now.length === before.length &&
            now.some((id) => id.startsWith('ike' in what && !('child' in what) ? 'ike' : 'child') && !before.includes(id))
          )
        })
      }
    })
    expect(lost).toBe(0)
  }, 60_000)

  it('networks that come and go change their own children alone: no packet of the others is lost', async () => {
    const wider = { ...east.spec, subnets: [...east.spec.subnets, '10.22.0.0/16'] }
    await east.run(['ip', 'addr', 'replace', '10.22.0.1/32', 'dev', 'lo'])
    const lost = await lostDuring(west, '10.1.0.1', '10.2.0.1', async () => {
      const [there, back] = [[{ ...cable(west, east), remote: wider }], [{ ...cable(east, west), local: wider }]]
      await Promise.all([untilConnected(west, there), untilConnected(east, back)])
      expect(await west.ping('10.1.0.1', '10.22.0.1')).toBe(true)
      await Promise.all([untilConnected(west, [cable(west, east)]), untilConnected(east, [cable(east, west)])])
      await Promise.all([untilQuiet(west, [cable(west, east)]), untilQuiet(east, [cable(east, west)])])
    })
    expect(lost).toBe(0)
    expect(await west.ping('10.1.0.1', '10.22.0.1')).toBe(false)
  }, 60_000)

  it('networks that change their places are right afterwards', async () => {
    const turned = { ...east.spec, subnets: [...east.spec.subnets].reverse() }
    const [there, back] = [[{ ...cable(west, east), remote: turned }], [{ ...cable(east, west), local: turned }]]
    await Promise.all([untilConnected(west, there), untilConnected(east, back)])
    for (const to of ['10.2.0.1', '100.2.0.0']) expect([to, await west.ping('10.1.0.1', to)]).toEqual([to, true])
    await until('quiet', async () => (await west.driver.reconcile(there)).length === 0)
  }, 60_000)

  it('what is not ours stays', async () => {
    const [a, b] = [west.spec.private_ip, east.spec.private_ip]
    using vici = await connectVici({ path: `${west.runDir}/charon.vici`, openSocket: openLocalSocket })
    await vici.request('load-conn', {
      foreign: {
        version: '2',
        local_addrs: [a],
        remote_addrs: [b],
        local: { auth: 'psk', id: 'a@example.org' },
        remote: { auth: 'psk', id: 'b@example.org' },
        children: { net: { local_ts: ['192.168.1.0/24'], remote_ts: ['192.168.2.0/24'] } },
      },
    })
    await vici.request('load-shared', { id: 'foreign', type: 'IKE', data: 'x', owners: ['a@example.org'] })
    await vici.request('load-conn', {
      bypass: {
        remote_addrs: ['127.0.0.1'],
        children: { keep: { mode: 'pass', local_ts: ['192.168.9.0/24'], remote_ts: ['192.168.9.0/24'], start_action: 'trap' } },
      },
    })
    await west.driver.cleanUp()
    const names: string[] = []
    await vici.stream('list-conns', 'list-conn', {}, (body) => names.push(...Object.keys(decodeMessage(body))))
    expect(names.sort()).toEqual(['bypass', 'foreign'])
    expect((await vici.request('get-shared')).keys).toEqual(['foreign'])
    expect(await saIds(west)).toEqual([])
  }, 60_000)

  it('a cable that is gone on one side is gone on the other at once', async () => {
    await until('no SA in the east', async () => (await saIds(east)).length === 0)
    expect(await west.ping('10.1.0.1', '10.2.0.1')).toBe(false)
  }, 60_000)

  it('a cable that is removed while its peer is dead is gone at once too', async () => {
    await east.run(['ip', 'link', 'set', 'wan0', 'up'])
    await Promise.all([untilConnected(west, [cable(west, east)]), untilConnected(east, [cable(east, west)])])
    await east.run(['ip', 'link', 'set', 'wan0', 'down'])
    // An SA that the east had begun meanwhile may come up after the first look.
    await until('no SA in the west', async () => {
      await west.driver.reconcile([])
      return (await saIds(west)).length === 0
    })
    const { stdout } = await west.run(['ip', 'route', 'show', 'table', '151'])
    expect(stdout).toBe('')
  }, 60_000)
})
