import type { Exec } from '../../system/exec.ts'
import type { CableDriver } from '../cable.ts'
import { listOf } from './words.ts'

/** In the range of the nodes' VXLAN, and no node's. */
const ADDRESS = '240.0.0.0/32'

/**
 * The driver, with an IPv4 address on the device of its tunnels: on a device without any the kernel's loose reverse path filter drops like the strict
 * one, and in a hand-over packets come out of the new gateway's tunnels while its routes still lead to the old one. The address goes with the device.
 */
export const withTunnelAddress = <D extends CableDriver & { interfaceName(): Promise<string> }>(driver: D, exec: Exec): CableDriver => ({
  reconcile: async (cables, names) => {
    const lines = await driver.reconcile(cables, names)
    return cables.length === 0 || names !== undefined ? lines : [...lines, ...(await putAddress(exec, await driver.interfaceName()))]
  },
  connections: (cables, names) => driver.connections(cables, names),
  cleanUp: () => driver.cleanUp(),
})

async function putAddress(exec: Exec, device: string): Promise<readonly string[]> {
  const { code, stdout } = await exec(['ip', '-4', '-j', 'addr', 'show', 'dev', device], { okCodes: [0, 1] })
  const isThere = code === 0 && stdout.trim() !== ''
  const links = isThere ? listOf(JSON.parse(stdout)) : []
  if (code !== 0 || links.some((link) => listOf(link.addr_info).length > 0)) return []
  await exec(['ip', 'addr', 'add', ADDRESS, 'dev', device, 'scope', 'link'])
  return [`address ${ADDRESS} put on ${device}`]
}
