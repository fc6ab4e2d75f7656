// What a gateway is to the kernel: who it is, and the addresses that it owns in its cluster's networks.
import type { Target } from '../dataplane/target.ts'
import { type Cidr, contains, type Ip, parseIp } from '../model/net.ts'
import type { Exec } from '../system/exec.ts'
import type { Facts } from './engine-world.ts'

const LABEL = 'lo:submariner'

interface Printed {
  readonly prefsrc?: string
  readonly addr_info?: readonly { readonly local?: string; readonly label?: string }[]
}
const parse = (stdout: string): readonly Printed[] => JSON.parse(stdout === '' ? '[]' : stdout)

/** The source address towards the world, and the first address in one of the pods' networks. */
export async function readFacts(exec: Exec, podCidrs: readonly Cidr[]): Promise<Facts> {
  const [route, addresses] = await Promise.all([
    exec(['ip', '-j', '-4', 'route', 'get', '8.8.8.8', 'ipproto', 'udp', 'dport', '53']),
    exec(['ip', '-j', '-4', 'address', 'show']),
  ])
  const source = parse(route.stdout)[0]?.prefsrc
  if (source === undefined) throw new Error('this machine has no route to the world: its own address is not known')
  const all = parse(addresses.stdout).flatMap(({ addr_info: infos = [] }) => infos)
  const inPods = all.filter(({ label }) => label !== LABEL).map(({ local }) => parseIp(local ?? ''))
  return { privateIp: parseIp(source), cniIp: inPods.find((ip) => podCidrs.some((network) => contains(network, ip))) }
}

/** Addresses on the loopback device, marked by their label. */
export function openOwned(exec: Exec): Target<readonly Ip[]> {
  const change = async (verb: 'replace' | 'del', ip: string): Promise<string> => {
    await exec(['ip', 'address', verb, `${ip}/32`, 'dev', 'lo', 'label', LABEL, ...(verb === 'replace' ? ['scope', 'link'] : [])])
    return `address ${ip}: ${verb === 'replace' ? 'owned' : 'given up'}`
  }
  const reconcile = async (wanted: readonly Ip[]): Promise<readonly string[]> => {
    const infos = parse((await exec(['ip', '-j', '-4', 'address', 'show', 'dev', 'lo'])).stdout).flatMap((one) => one.addr_info ?? [])
    const there = infos.flatMap(({ local, label }) => (label === LABEL && local !== undefined ? [local] : []))
    const lines: string[] = []
    for (const ip of wanted.filter((one) => !there.includes(one))) lines.push(await change('replace', ip))
    for (const ip of there.filter((one) => !wanted.some((other) => other === one))) lines.push(await change('del', ip))
    return lines
  }
  return { reconcile, cleanUp: async () => void (await reconcile([])) }
}
