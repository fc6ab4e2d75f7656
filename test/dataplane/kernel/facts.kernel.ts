// What a node says of itself, and the addresses that a gateway owns.
import { expect, it } from '@jest/globals'
import { readNodeFacts } from '../../../src/dataplane/kernel/facts.ts'
import { openOwnedAddresses } from '../../../src/dataplane/kernel/owned.ts'
import { cidr, ip } from '../node/views.ts'
import { dump, withNamespaces } from './nodes.ts'

const TIMEOUT_MS = 60_000
const podCidrs = [cidr('10.1.0.0/16')]

it(
  'a node speaks to the world from the address of its way out, and knows the pods’ bridge from an overlay’s device',
  () =>
    withNamespaces(['facts'], async (node) => {
      await expect(readNodeFacts(node.exec, { podCidrs })).rejects.toThrow('no IPv4 address on this node speaks to the world')
      await node.ip(
        'link add lan0 type veth peer name lan1',
        'addr add 172.30.0.7/24 dev lan0',
        'link set lan0 mtu 1400 up',
        'link set lan1 up',
        'link add wan0 type veth peer name wan1',
        'addr add 192.168.7.7/24 dev wan0',
        'link set wan0 up',
        'link set wan1 up',
      )
      expect(await readNodeFacts(node.exec, { podCidrs })).toMatchObject({
        privateIp: '172.30.0.7',
        cniIp: undefined,
        cniDevice: undefined,
      })
      await node.ip(
        'route add default via 192.168.7.1',
        'link add flannel.1 type bridge',
        'addr add 10.1.5.0/32 dev flannel.1',
        'link add cni0 type bridge',
        'addr add 10.1.5.1/24 dev cni0',
      )
      expect(await readNodeFacts(node.exec, { podCidrs })).toEqual({
        privateIp: '192.168.7.7',
        device: 'wan0',
        nodeMtu: 1500,
        cniIp: '10.1.5.1',
        cniDevice: 'cni0',
        carryingBy: undefined,
      })
      expect(await readNodeFacts(node.exec, { podCidrs, nodeIp: ip('172.30.0.7') })).toMatchObject({
        privateIp: '172.30.0.7',
        nodeMtu: 1400,
      })
      await expect(readNodeFacts(node.exec, { podCidrs, nodeIp: ip('172.30.0.8') })).rejects.toThrow(
        'no device of this node has 172.30.0.8',
      )
    }),
  TIMEOUT_MS,
)

it(
  'an engine that keeps tunnels is known by the addresses that it owns, with the device that they end in',
  () =>
    withNamespaces(['carrying'], async (node) => {
      const carryingBy = async () => (await readNodeFacts(node.exec, { podCidrs })).carryingBy
      await node.ip('link add wan0 type bridge', 'addr add 172.30.0.7/24 dev wan0', 'link set wan0 up', 'addr add 100.1.0.0/32 dev lo')
      await node.ip('link add ipsec0 type bridge', 'link set ipsec0 up')
      expect(await carryingBy()).toBeUndefined()
      const owned = openOwnedAddresses(node.exec)
      await owned.reconcile([ip('100.1.0.1')])
      expect(await carryingBy()).toBe('ipsec0')
      await node.ip('link del ipsec0')
      expect(await carryingBy()).toBeUndefined()
    }),
  TIMEOUT_MS,
)

it(
  'a gateway’s own addresses are told from others by their label, and are nobody’s address in the pods’ network',
  () =>
    withNamespaces(['owned'], async (node) => {
      await node.ip('addr add 9.9.9.9/32 dev lo', 'link add wan0 type bridge', 'addr add 172.30.0.7/24 dev wan0', 'link set wan0 up')
      const before = await dump(node)
      const owned = openOwnedAddresses(node.exec)
      expect(await owned.reconcile([ip('100.1.0.0'), ip('10.1.0.0')])).toHaveLength(2)
      expect(await openOwnedAddresses(node.exec).reconcile([ip('10.1.0.0'), ip('100.1.0.0')])).toEqual([])
      expect((await readNodeFacts(node.exec, { podCidrs })).cniIp).toBeUndefined()
      expect(await owned.reconcile([ip('100.1.0.0')])).toEqual(['addr del 10.1.0.0/32 dev lo label lo:submariner'])
      await openOwnedAddresses(node.exec).cleanUp()
      expect(await dump(node)).toBe(before)
    }),
  TIMEOUT_MS,
)
