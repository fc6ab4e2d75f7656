// What the lab in a virtual machine asks of kernels with ESP.
import type { Capture } from './capture.ts'
import { daemonOf, endDaemon, startAs } from './daemons.ts'
import { type NodeLayout, nodesOf } from './layout.ts'
import { run } from './places.ts'
import type { Lab } from './state.ts'

/** The only gateways. */
export const WEST = 'west-gw1'
export const EAST = 'east-gw1'

const linesOf = async (lab: Lab, place: string, command: string): Promise<string> =>
  (await run(lab, place, ['sh', '-c', command], { timeoutMs: 60_000 })).stdout

/** SAs with a reqid of ours: 0x53000000 and up, all of which begin with 0x53. */
export async function ownSas(lab: Lab, place: string): Promise<readonly string[]> {
  const text = await linesOf(lab, place, 'ip xfrm state list')
  return text.split(/\n(?=src )/).filter((one) => Number(/\breqid (\d+)/.exec(one)?.[1]) >>> 24 === 0x53)
}

export const spiOf = (sa: string): string => /\bspi (0x[0-9a-f]+)/.exec(sa)?.[1] ?? ''

/** How many of them are plain ESP. */
export const countPlainSas = async (lab: Lab, place: string): Promise<number> =>
  (await ownSas(lab, place)).filter((one) => !one.includes('encap type espinudp')).length

/** Starts an agent again with more flags. */
export async function restartWith(lab: Lab, key: string, flags: readonly string[]): Promise<void> {
  const old = await daemonOf(lab, key)
  if (old === undefined) throw new Error(`${key} was never started`)
  await endDaemon(lab, key, 'SIGKILL')
  await startAs(lab, key, { ...old.spec, argv: [...old.spec.argv, ...flags] })
}

/** Why a gateway does not use the kernel's ESP; undefined where it does. */
export async function whyNotEsp(lab: Lab, place: string): Promise<string | undefined> {
  const links = await linesOf(lab, place, 'ip -br link')
  if (!links.includes('subm-ipsec') || links.includes('ipsec0')) return `${place} has ${links}`
  const sas = await ownSas(lab, place)
  // Four pairs of networks, both ways.
  if (sas.length < 8) return `${place} has ${sas.length} SAs`
  const bare = sas.find((one) => !one.includes('encap type espinudp') || !one.includes('if_id'))
  return bare === undefined ? undefined : `${place} has ${bare}`
}

/** A stranger's SA and policy, made before anything of ours. */
export async function putStrangers(lab: Lab, place: string): Promise<void> {
  const ends = ['src', '192.0.2.10', 'dst', '192.0.2.20', 'proto', 'esp']
  const key = `0x${'42'.repeat(20)}`
  const aead = ['aead', 'rfc4106(gcm(aes))', key, '128']
  await run(lab, place, ['ip', 'xfrm', 'state', 'add', ...ends, 'spi', '0x1234', 'reqid', '42', 'mode', 'tunnel', ...aead])
  const selector = ['src', '198.51.100.0/25', 'dst', '198.51.100.128/25', 'dir', 'out']
  await run(lab, place, ['ip', 'xfrm', 'policy', 'add', ...selector, 'tmpl', ...ends, 'reqid', '42', 'mode', 'tunnel'])
}

/** Takes the SAs of ours out of the kernel, as a foreigner's flush would; policies stay. */
export async function removeSas(lab: Lab, place: string): Promise<void> {
  for (const sa of await ownSas(lab, place)) {
    const [, src = '', dst = '', spi = ''] = /^src (\S+) dst (\S+)\s+proto esp spi (0x[0-9a-f]+)/.exec(sa) ?? []
    await run(lab, place, ['ip', 'xfrm', 'state', 'delete', 'src', src, 'dst', dst, 'proto', 'esp', 'spi', spi], { okCodes: [0, 2] })
  }
}

/** What a capture of the WAN holds beside ESP in UDP port 4500 and its IKE, and how many packets of ESP it holds. */
export async function strangersIn(wan: Capture): Promise<{ readonly esp: number; readonly others: readonly string[] }> {
  const lines = await wan.stop()
  const isTunnel = (line: string): boolean =>
    / IP \S+\.4500 > \S+\.4500: (UDP-encap: ESP\(|NONESP-encap: |isakmp-nat-keep-alive)/.test(line)
  return { esp: lines.filter((line) => line.includes('UDP-encap: ESP(')).length, others: lines.filter((line) => !isTunnel(line)) }
}

/** What passes between the clusters, whatever it is: all of the WAN but what the APIs say and hear. */
export const between = ({ layout }: Lab): string =>
  ['ip', ...[layout.broker, ...layout.clusters.map(({ api }) => api)].map(({ ip }) => `not host ${ip}`)].join(' and ')

export const otherPodOf = ({ cluster }: NodeLayout): string => (cluster === 'west' ? '10.2.3.10' : '10.1.3.10')

/** One echo request from each host and pod for a pod of the other cluster: what each was told. */
export async function told(lab: Lab): Promise<readonly { readonly from: string; readonly answer: string }[]> {
  const places = nodesOf(lab.layout).flatMap((node) => [node.pod.name, node.name].map((from) => ({ from, to: otherPodOf(node) })))
  return Promise.all(
    places.map(async ({ from, to }) => {
      const { stdout, stderr } = await run(lab, from, ['ping', '-c1', '-W5', to], { okCodes: [0, 1, 2], timeoutMs: 60_000 })
      return { from, answer: (stdout + stderr).replaceAll('\n', ' | ') }
    }),
  )
}
