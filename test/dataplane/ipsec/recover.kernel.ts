import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Bed, cable, openBed, PSK, saIds, type TestGateway, until, untilConnected, untilQuiet } from './gateways.ts'

describe('two gateways, when something is wrong', () => {
  let bed: Bed
  let west: TestGateway
  let east: TestGateway
  beforeEach(async () => {
    bed = await openBed()
    west = await bed.gateway({ cluster: 'west', number: 1, privateIp: '172.30.0.1' })
    east = await bed.gateway({ cluster: 'east', number: 2, privateIp: '172.30.0.2' })
  }, 60_000)
  afterEach(() => bed.end(), 60_000)

  const connectBoth = (): Promise<unknown> =>
    Promise.all([untilConnected(west, [cable(west, east)]), untilConnected(east, [cable(east, west)])])
  const statusOf = async (gateway: TestGateway, other: TestGateway): Promise<string> => {
    const [connection] = await gateway.driver.connections([cable(gateway, other)])
    return `${connection?.status}: ${connection?.statusMessage}`
  }
  const untilStatus = (gateway: TestGateway, other: TestGateway, pattern: RegExp): Promise<void> =>
    until(`${gateway.spec.cluster_id} says ${pattern}`, async () => {
      await gateway.driver.reconcile([cable(gateway, other)]).catch(() => [])
      return pattern.test(await statusOf(gateway, other))
    })

  it('without charon a pass and the status say so', async () => {
    await expect(west.driver.reconcile([cable(west, east)])).rejects.toMatchObject({ id: 'SUB0501' })
    expect(await statusOf(west, east)).toMatch(/^error: charon does not answer at /)
    west.startCharon()
    east.startCharon()
    await connectBoth()
  }, 60_000)

  it('a charon that was killed is back, and so are the tunnels', async () => {
    west.startCharon()
    east.startCharon()
    await connectBoth()
    const pid = await east.charonPid()
    process.kill(pid, 'SIGKILL')
    await until('another charon', async () => (await east.charonPid()) !== pid)
    await untilConnected(east, [cable(east, west)])
    await until('packets flow', () => east.ping('10.2.0.1', '10.1.0.1'))
    expect(await west.ping('10.1.0.1', '100.2.0.0')).toBe(true)
    await Promise.all([untilQuiet(west, [cable(west, east)]), untilQuiet(east, [cable(east, west)])])
    const { stdout } = await east.run(['ip', 'rule', 'show', 'pref', '151'])
    expect(stdout.trim().split('\n')).toHaveLength(1)
  }, 60_000)

  it('both sides that start at once end in one SA', async () => {
    west.startCharon()
    east.startCharon()
    for (const gateway of [west, east]) await until('charon', async () => (await gateway.driver.interfaceName().catch(() => '')) !== '')
    for (let round = 0; round < 5; round += 1) {
      await connectBoth()
      await Promise.all([untilQuiet(west, [cable(west, east)]), untilQuiet(east, [cable(east, west)])])
      expect(await west.ping('10.1.0.1', '10.2.0.1')).toBe(true)
      await Promise.all([west.driver.reconcile([]), east.driver.reconcile([])])
    }
  }, 120_000)

  it('another pre-shared key is shown as the reason on both sides; corrected, they connect', async () => {
    west.startCharon()
    east.startCharon()
    await west.setPsk('YW5vdGhlcg==')
    await Promise.all([untilStatus(west, east, /^error: authentication failed/), untilStatus(east, west, /^error: authentication failed/)])
    await west.setPsk(PSK)
    await connectBoth()
    expect([...west.lines, ...west.logged].join('\n')).not.toContain(PSK)
  }, 60_000)

  it('a key that both sides change drops no tunnel, and is the one that new tunnels are made with', async () => {
    west.startCharon()
    east.startCharon()
    await connectBoth()
    const before = await saIds(west)
    const other = 'YW5vdGhlcg=='
    await Promise.all([west.setPsk(other), east.setPsk(other)])
    const lines = await Promise.all([west.driver.reconcile([cable(west, east)]), east.driver.reconcile([cable(east, west)])])
    expect(lines.flat()).toEqual(Array(2).fill(expect.stringMatching(/: pre-shared key changed$/)))
    expect(await saIds(west)).toEqual(before)
    expect(await west.ping('10.1.0.1', '10.2.0.1')).toBe(true)
    await west.driver.reconcile([])
    await until('the east has no SA', async () => (await saIds(east)).length === 0)
    await connectBoth()
    expect(await west.ping('10.1.0.1', '10.2.0.1')).toBe(true)
  }, 60_000)

  it('a peer that does not answer, and one that does not know us yet, are told apart; when it comes they connect', async () => {
    west.startCharon()
    await untilStatus(west, east, /^error: no answer from 172\.30\.0\.2:4500$/)
    east.startCharon()
    await untilStatus(west, east, /^error: no proposal: 172\.30\.0\.2:4500 accepts none of ours, or does not know this gateway yet$/)
    await untilConnected(east, [cable(east, west)])
    await untilConnected(west, [cable(west, east)])
  }, 60_000)

  it('after SIGTERM nothing of charon is left', async () => {
    east.startCharon()
    west.startCharon()
    await connectBoth()
    // Both may have begun: the west would wait long for an answer to its farewell to the second tunnel.
    await Promise.all([untilQuiet(west, [cable(west, east)]), untilQuiet(east, [cable(east, west)])])
    await east.endCharon()
    const { stdout: rules } = await east.run(['ip', 'rule'])
    const { stdout: links } = await east.run(['ip', '-br', 'link'])
    expect(rules).not.toContain('151')
    expect(links).not.toContain('ipsec0')
    expect((await east.run(['ls', east.runDir])).stdout.trim()).toBe('psk')
    await until('the west has no SA', async () => (await saIds(west)).length === 0)
  }, 180_000)

  it('where the UDP port is taken charon waits for it', async () => {
    await east.run(['sh', '-c', 'ip link add hold type vxlan id 9 dstport 4500 nolearning && ip link set hold up'])
    east.startCharon()
    await until('the reason in the log', async () => east.logged.some((line) => line.includes('UDP port 4500 is in use')))
    await expect(east.driver.interfaceName()).rejects.toMatchObject({ id: 'SUB0501' })
    await east.run(['ip', 'link', 'del', 'hold'])
    await until('charon', async () => (await east.driver.interfaceName().catch(() => '')) === 'ipsec0')
  }, 60_000)
})
