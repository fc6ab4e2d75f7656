// Two charons that are configured by hand: what throughput is compared with.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startAs } from '../lab/daemons.ts'
import { clusterOf, type NodeLayout, nodeOf } from '../lab/layout.ts'
import { run } from '../lab/places.ts'
import type { Lab } from '../lab/state.ts'

const CHARON = '/usr/sbin/charon-systemd'

/** Connects the first gateways of west and east, for their pods. Nothing of ours takes part. */
export async function connectByHand(lab: Lab): Promise<void> {
  const [west, east] = [nodeOf(lab.layout, 'west-gw1'), nodeOf(lab.layout, 'east-gw1')]
  for (const node of [west, east]) {
    await startCharon(lab, node)
    // The CNI hides pods behind their node; not from the other cluster.
    await run(lab, node.name, ['iptables', '-t', 'nat', '-I', 'POSTROUTING', '-o', 'ipsec0', '-j', 'ACCEPT'])
  }
  await load(lab, west, east)
  await load(lab, east, west)
  await run(lab, west.name, [...swanctl(lab, west, 'initiate'), '--child', 'net', '--timeout', '20'], {
    ...env(lab, west),
    timeoutMs: 30_000,
  })
}

const folderOf = (lab: Lab, node: NodeLayout): string => join(lab.folder, 'by-hand', node.name)
const socketOf = (lab: Lab, node: NodeLayout): string => `unix://${folderOf(lab, node)}/charon.vici`
const env = (lab: Lab, node: NodeLayout) => ({ env: { STRONGSWAN_CONF: join(folderOf(lab, node), 'strongswan.conf') } })
const swanctl = (lab: Lab, node: NodeLayout, verb: string): readonly string[] => ['swanctl', `--${verb}`, '--uri', socketOf(lab, node)]

async function startCharon(lab: Lab, node: NodeLayout): Promise<void> {
  const folder = folderOf(lab, node)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'strongswan.conf'), strongswanConf(lab, node))
  await startAs(lab, `${node.name}.by-hand`, { place: node.name, argv: [CHARON], env: env(lab, node).env })
  for (const until = Date.now() + 20_000; ; await wait(100)) {
    const { code } = await run(lab, node.name, swanctl(lab, node, 'version'), { ...env(lab, node), okCodes: [0, 1, 2, 22, 111] })
    if (code === 0) return
    if (Date.now() > until) throw new Error(`charon on ${node.name} does not answer`)
  }
}

const strongswanConf = (lab: Lab, node: NodeLayout): string => `
charon-systemd { }
swanctl { load = random openssl }
charon {
  load_modular = no
  load = random nonce openssl kdf hmac aes sha1 sha2 curve25519 gcm ctr kernel-libipsec kernel-netlink socket-default vici
  plugins { vici { socket = ${socketOf(lab, node)} } }
}
`

async function load(lab: Lab, local: NodeLayout, remote: NodeLayout): Promise<void> {
  const file = join(folderOf(lab, local), 'swanctl.conf')
  const pods = (node: NodeLayout): string => clusterOf(lab.layout, node.cluster).podCidr
  await writeFile(
    file,
    `
connections { by-hand {
  version = 2
  local_addrs = ${local.ip}
  remote_addrs = ${remote.ip}
  proposals = aes256gcm16-prfsha256-ecp256
  local { auth = psk
    id = ${local.ip} }
  remote { auth = psk
    id = ${remote.ip} }
  children { net { local_ts = ${pods(local)}
    remote_ts = ${pods(remote)}
    esp_proposals = aes256gcm16 } } } }
secrets { ike-1 { secret = "throughput" } }
`,
  )
  await run(lab, local.name, [...swanctl(lab, local, 'load-all'), '--noprompt', '--file', file], env(lab, local))
}
