// Runs in a virtual machine (esp.vm.ts) without jest: prints `ok WHAT` or `failed WHAT: why` for each thing that must hold.
import type { Cable } from '../../../src/dataplane/cable.ts'
import { probeEsp } from '../../../src/dataplane/ipsec/daemon/esp.ts'
import { exec } from '../../../src/system/exec.ts'
import { cable, lostDuring, openBed, saIds, type TestGateway, until, untilConnected } from './gateways.ts'

const check = async (what: string, holds: () => Promise<unknown>): Promise<void> => {
  try {
    const found = await holds()
    console.log(found === true || found === undefined ? `ok ${what}` : `failed ${what}: ${JSON.stringify(found)}`)
  } catch (error) {
    console.log(`failed ${what}: ${String(error)}`)
  }
}

const bed = await openBed()
const west = await bed.gateway({ cluster: 'west', number: 1, privateIp: '172.30.0.1', esp: 'kernel' })
const east = await bed.gateway({ cluster: 'east', number: 2, privateIp: '172.30.0.2', esp: 'kernel' })
const connect = async (more: Partial<Cable>): Promise<void> => {
  await Promise.all([untilConnected(west, [cable(west, east, more)]), untilConnected(east, [cable(east, west, more)])])
}
/** As the route agent has them. */
const route = async (gateway: TestGateway, own: number, other: number): Promise<void> => {
  for (const network of ['10', '100'])
    await gateway.run(['ip', 'route', 'replace', `${network}.${other}.0.0/16`, 'dev', 'subm-ipsec', 'src', `10.${own}.0.1`])
}
const states = async (gateway: TestGateway): Promise<string> => (await gateway.run(['ip', 'xfrm', 'state', 'list'])).stdout
const policies = async (gateway: TestGateway): Promise<string> =>
  (await gateway.run(['ip', 'xfrm', 'policy', 'list'])).stdout
    .split(/\n(?=src )/)
    .filter((policy) => policy.includes('tmpl'))
    .join('\n')
const pingAll = async (): Promise<unknown> => {
  for (const [from, to] of [
    ['10.1.0.1', '10.2.0.1'],
    ['10.1.0.1', '100.2.0.0'],
    ['100.1.0.0', '10.2.0.1'],
  ] as const)
    if (!(await west.ping(from, to))) return `no echo from ${from} to ${to}`
  return true
}

await check('the probe finds ESP in the kernel', async () => (await probeEsp(exec)).esp === 'kernel')
west.startCharon()
east.startCharon()
for (const gateway of [west, east])
  await until('charon', async () => (await gateway.driver.interfaceName().catch(() => '')) === 'subm-ipsec')

await check('ESP in UDP carries packets', async () => {
  await connect({ nat: true })
  await Promise.all([route(west, 1, 2), route(east, 2, 1)])
  return await pingAll()
})
await check('ESP is in UDP', async () => (await states(west)).includes('encap type espinudp sport 4500 dport 4500'))
await check('charon makes no route and no rule', async () => {
  const { stdout: routes } = await west.run(['ip', 'route', 'show', 'table', 'all'])
  const { stdout: rules } = await west.run(['ip', 'rule'])
  return !/table (151|220)/.test(routes) && !rules.includes('220')
})
await check('a second pass changes nothing', async () => {
  const lines = await west.driver.reconcile([cable(west, east)])
  return lines.length === 0 || lines
})
await check('rekeying loses no packet', async () => {
  const before = await saIds(west)
  const lost = await lostDuring(west, '10.1.0.1', '10.2.0.1', async () => {
    await west.rekey(`${east.spec.cable_name}-1-1`)
    await until('it is rekeyed', async () => {
      const now = await saIds(west)
      return now.length === before.length && now.some((id) => !before.includes(id))
    })
  })
  return lost === 0 || lost
})
await check('plain ESP carries packets after a change of the setting', async () => {
  // A side that has not changed yet would ask for UDP.
  await Promise.all([west.driver.reconcile([]), east.driver.reconcile([])])
  await connect({ nat: false })
  const text = await states(west)
  return text.includes('encap') ? 'ESP is in UDP' : await pingAll()
})
await check('charon killed: its SAs are swept, and new ones carry packets', async () => {
  const pid = await west.charonPid()
  process.kill(pid, 'SIGKILL')
  await until('another charon', async () => (await west.charonPid()) !== pid)
  await connect({ nat: false })
  await until('four pairs alone', async () => (await states(west)).match(/^src /gm)?.length === 8)
  return await pingAll()
})
await check('without tunnels nothing gets through the device', async () => {
  await Promise.all([west.driver.reconcile([]), east.driver.reconcile([])])
  const { stdout } = await west.run(['ping', '-q', '-c', '2', '-i', '0.2', '-W', '1', '10.2.0.1'], [0, 1, 2])
  return / 0 received/.test(stdout) || stdout
})
await check('clean-up leaves nothing in the kernel', async () => {
  await connect({ nat: false })
  await Promise.all([west.driver.cleanUp(), east.driver.cleanUp()])
  const { stdout: links } = await west.run(['ip', '-br', 'link'])
  const left = [await states(west), await policies(west), links.includes('subm-ipsec') ? links : ''].join('')
  return left === '' || left
})
await check('everything ends', () => bed.end())
