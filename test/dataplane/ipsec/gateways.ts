// Gateways of a few clusters in network namespaces of their own, each with a charon that is kept and a driver.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Cable } from '../../../src/dataplane/cable.ts'
import { keepCharon, viciPathOf } from '../../../src/dataplane/ipsec/daemon/charon.ts'
import type { EspMode } from '../../../src/dataplane/ipsec/daemon/charon-conf.ts'
import { type IpsecDriver, openIpsecDriver } from '../../../src/dataplane/ipsec/driver.ts'
import { readSas, type SeenSa } from '../../../src/dataplane/ipsec/vici/seen.ts'
import { connectVici } from '../../../src/dataplane/ipsec/vici/vici.ts'
import { decodeMessage } from '../../../src/dataplane/ipsec/vici/vici-codec.ts'
import { cableName } from '../../../src/model/names.ts'
import { type Ip, parseIp } from '../../../src/model/net.ts'
import type { EndpointSpec } from '../../../src/model/resources.ts'
import { startChild } from '../../../src/system/child.ts'
import { realClock } from '../../../src/system/clock.ts'
import { type Argv, type ExecResult, exec } from '../../../src/system/exec.ts'
import { realFiles } from '../../../src/system/files.ts'
import { openLog } from '../../../src/system/log.ts'
import { openLocalSocket } from '../../../src/system/unix-socket.ts'

export interface GatewayOptions {
  readonly cluster: string
  /** Where a cluster has several. Default: the cluster's name. */
  readonly name?: string
  /** Networks are 10.N.0.0/16 and 100.N.0.0/16. */
  readonly number: number
  readonly privateIp: string
  /** On the WAN; the private address itself where there is no translation. */
  readonly publicIp?: string
  /** Default: userspace. */
  readonly esp?: EspMode
}
export interface TestGateway {
  readonly ns: string
  readonly runDir: string
  readonly spec: EndpointSpec
  driver: IpsecDriver
  /** Writes the pre-shared key that the driver reads. */
  setPsk(psk: string): Promise<void>
  startCharon(): void
  /** SIGTERM to the keeper. */
  endCharon(): Promise<void>
  charonPid(): Promise<number>
  /** A new driver, as after a restart of the engine. */
  reopen(): IpsecDriver
  /** Has charon make new keys for a child. */
  rekey(child: string): Promise<void>
  run(argv: Argv, okCodes?: readonly number[]): Promise<ExecResult>
  ping(from: string, to: string): Promise<boolean>
  /** What passes said. */
  readonly lines: string[]
  /** What the keeper and the driver logged. */
  readonly logged: string[]
}
export interface Bed {
  gateway(options: GatewayOptions): Promise<TestGateway>
  end(): Promise<void>
}

export const PSK = 'c3VibWFyaW5lcnM='
const logInto =
  (lines: string[]) =>
  (text: string): void => {
    lines.push(text)
    if (process.env.SUBCTL_TEST_LOG) process.stderr.write(text)
  }

/** An empty WAN, 172.30.0.0/24. */
export async function openBed(): Promise<Bed> {
  await sweepDead()
  const id = bedName()
  const wan = `${id}-wan`
  const ends: (() => Promise<void>)[] = []
  await exec(['ip', 'netns', 'add', wan])
  await batch(wan, ['link set lo up', 'link add br0 type bridge', 'link set br0 up'])
  const namespaces = [wan]
  return {
    async gateway(options) {
      const made = await makeGateway(options, { id, wan, namespaces })
      ends.push(async () => {
        made.driver[Symbol.dispose]()
        await made.endCharon()
        await rm(made.runDir, { recursive: true, force: true })
      })
      return made
    },
    async end() {
      await Promise.all(ends.map((end) => end()))
      for (const ns of namespaces) await removeNamespace(ns)
    },
  }
}

/** A name for namespaces that says whose they are. */
export const bedName = (): string => `ike-${process.pid}-${randomBytes(3).toString('hex')}`

/** Ends what the beds of processes that are gone have left. */
async function sweepDead(): Promise<void> {
  const { stdout } = await exec(['ip', 'netns', 'list'])
  for (const [ns, pid] of stdout.matchAll(/^ike-(\d+)-\S+/gm)) if (!existsSync(`/proc/${pid}`)) await removeNamespace(ns)
}

async function removeNamespace(ns: string): Promise<void> {
  const { stdout } = await exec(['ip', 'netns', 'pids', ns], { okCodes: [0, 1] })
  for (const pid of stdout.split('\n').filter((line) => line !== '')) await exec(['kill', '-9', pid], { okCodes: [0, 1] })
  await exec(['ip', 'netns', 'del', ns], { okCodes: [0, 1] })
}

const batch = (ns: string, lines: readonly string[]): Promise<ExecResult> =>
  exec(['ip', '-n', ns, '-batch', '-'], { input: `${lines.join('\n')}\n` })

interface Place {
  readonly id: string
  readonly wan: string
  readonly namespaces: string[]
}

async function makeGateway(options: GatewayOptions, place: Place): Promise<TestGateway> {
  const { cluster, name = cluster, number, privateIp, publicIp = privateIp } = options
  const ns = await makeNode(options, place)
  const runDir = await mkdtemp(join(tmpdir(), 'ike-'))
  const pskFile = join(runDir, 'psk')
  const own = ['ip', 'netns', 'exec', ns] as const
  const inNamespace = (argv: Argv): Argv => [...own, ...argv]
  const keeper: { end: AbortController; ended: Promise<unknown> } = { end: new AbortController(), ended: Promise.resolve() }
  const [lines, logged]: [string[], string[]] = [[], []]
  const log = openLog({ write: logInto(logged) }, 'debug').with({ cluster })
  const open = (): IpsecDriver =>
    openIpsecDriver({
      viciPath: viciPathOf(runDir),
      exec: (argv, more) => exec(inNamespace(argv), more),
      psk: async () => (await readFile(pskFile, 'utf8')).trim(),
      clock: realClock,
      log,
    })
  const gateway: TestGateway = {
    ns,
    runDir,
    lines,
    logged,
    spec: {
      cluster_id: cluster,
      cable_name: cableName(cluster, parseIp(privateIp)),
      hostname: name,
      subnets: [`100.${number}.0.0/16`, `10.${number}.0.0/16`],
      private_ip: privateIp,
      public_ip: publicIp,
      nat_enabled: publicIp !== privateIp,
      backend: 'libreswan',
      backend_config: { 'udp-port': '4500', 'preferred-server': 'false' },
    },
    driver: open(),
    setPsk: (psk) => writeFile(pskFile, `${psk}\n`, { mode: 0o600 }),
    startCharon() {
      keeper.end = new AbortController()
      keeper.ended = keepCharon({
        runDir,
        program: '/usr/sbin/charon-systemd',
        esp: options.esp ?? 'userspace',
        nattPort: 4500,
        debug: process.env.SUBCTL_TEST_LOG ? 1 : -1,
        acquireSeconds: 30,
        files: filesOf(ns),
        exec: (argv, more) => exec(inNamespace(argv), more),
        clock: realClock,
        log,
        startChild: (argv, env) => startChild([...own, ...argv], env),
        openSocket: openLocalSocket,
        answeredAt: Date.now,
        signal: keeper.end.signal,
      })
    },
    async endCharon() {
      keeper.end.abort()
      await keeper.ended
    },
    charonPid: async () => Number(/^charon (\d+)/m.exec(await readFile(join(runDir, 'charon.pids'), 'utf8'))?.[1]),
    reopen() {
      gateway.driver[Symbol.dispose]()
      gateway.driver = open()
      return gateway.driver
    },
    async rekey(child) {
      using vici = await connectVici({ path: viciPathOf(runDir), openSocket: openLocalSocket })
      await vici.request('rekey', { child })
    },
    run: (argv, okCodes = [0]) => exec(inNamespace(argv), { okCodes, timeoutMs: 60_000 }),
    ping: async (from, to) =>
      (await exec(inNamespace(['ping', '-q', '-c', '1', '-W', '1', '-I', from, to]), { okCodes: [0, 1, 2] })).code === 0,
  }
  await gateway.setPsk(PSK)
  return gateway
}

/** Ports are the namespace's own. */
const filesOf = (ns: string): typeof realFiles => ({
  ...realFiles,
  readIfThere: async (path) =>
    path.startsWith('/proc/net/') ? (await exec(['ip', 'netns', 'exec', ns, 'cat', path])).stdout : await realFiles.readIfThere(path),
})

/** The node, and a router in front that translates one to one where the addresses differ. */
async function makeNode(
  { cluster, name = cluster, number, privateIp, publicIp = privateIp }: GatewayOptions,
  { id, wan, namespaces }: Place,
): Promise<string> {
  const ns = `${id}-${name}`
  await exec(['ip', 'netns', 'add', ns])
  namespaces.push(ns)
  const outer = publicIp === privateIp ? ns : `${ns}-nat`
  if (outer !== ns) {
    await exec(['ip', 'netns', 'add', outer])
    namespaces.push(outer)
  }
  await batch(outer, [
    'link set lo up',
    `link add wan0 type veth peer name ${name} netns ${wan}`,
    `addr add ${publicIp}/24 dev wan0`,
    'link set wan0 up',
  ])
  await batch(wan, [`link set ${name} master br0 up`])
  if (outer !== ns) {
    const inner = privateIp.replace(/\d+$/, '1')
    await batch(ns, [
      'link set lo up',
      `link add wan0 type veth peer name lan0 netns ${outer}`,
      `addr add ${privateIp}/24 dev wan0`,
      'link set wan0 up',
      `route add default via ${inner}`,
    ])
    await batch(outer, [`addr add ${inner}/24 dev lan0`, 'link set lan0 up'])
    await exec(['ip', 'netns', 'exec', outer, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
    await exec(['ip', 'netns', 'exec', outer, 'iptables-restore'], {
      input: `*nat\n-A PREROUTING -d ${publicIp} -j DNAT --to-destination ${privateIp}\n-A POSTROUTING -s ${privateIp} -o wan0 -j SNAT --to-source ${publicIp}\nCOMMIT\n`,
    })
  }
  await batch(ns, [`addr add 10.${number}.0.1/32 dev lo`, `addr add 100.${number}.0.0/32 dev lo`])
  return ns
}

/** The cable from one gateway to another. */
export const cable = (local: TestGateway, remote: TestGateway, more: Partial<Cable> = {}): Cable => ({
  local: local.spec,
  remote: remote.spec,
  address: (remote.spec.public_ip || remote.spec.private_ip) as Ip,
  port: 4500,
  nat: true,
  ...more,
})

/** Waits until it holds; the limit is far above what it takes. */
export async function until(what: string, holds: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
  const end = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`)
    await wait(50)
  }
}

/** Passes of the driver, as the engine makes them, until every cable is connected. */
export const untilConnected = (gateway: TestGateway, cables: readonly Cable[]): Promise<void> =>
  until(`${gateway.spec.cluster_id} connected`, async () => {
    gateway.lines.push(...(await gateway.driver.reconcile(cables).catch((error: unknown) => [String(error)])))
    return (await gateway.driver.connections(cables)).every(({ status }) => status === 'connected')
  })

/** IKE SAs and children of a gateway, by their ids. */
export async function saIds(gateway: TestGateway): Promise<readonly string[]> {
  using vici = await connectVici({ path: viciPathOf(gateway.runDir), openSocket: openLocalSocket })
  const sas: SeenSa[] = []
  await vici.stream('list-sas', 'list-sa', {}, (body) => sas.push(...readSas(decodeMessage(body))))
  return sas.flatMap((sa) => [`ike ${sa.id}`, ...sa.children.map(({ id }) => `child ${id}`)]).sort()
}

/** How many of the echo requests, one each 20 ms, get no answer while the work is done. */
export async function lostDuring(gateway: TestGateway, from: string, to: string, work: () => Promise<void>): Promise<number> {
  const stop = join(gateway.runDir, `stop-${randomBytes(3).toString('hex')}`)
  const script = `ping -n -i 0.02 -W 1 -I ${from} ${to} & p=$!; while [ ! -e ${stop} ]; do sleep 0.02; done; kill -INT $p; wait $p`
  const pings = gateway.run(['sh', '-c', script], [0, 1])
  await wait(200)
  try {
    await work()
    await wait(200)
  } finally {
    await writeFile(stop, '')
  }
  const { stdout } = await pings
  const answered = [...stdout.matchAll(/icmp_seq=(\d+) /g)].map(([, seq]) => Number(seq))
  const sent = Number(/(\d+) packets transmitted/.exec(stdout)?.[1] ?? 0)
  if (sent < 5) throw new Error(`ping sent nothing: ${stdout}`)
  // The last ones may be under way when ping is told to end.
  const last = answered.at(-1) ?? 0
  return (sent - last > 5 ? sent : last) - answered.length
}

/** Passes until there is nothing to do, and SAs and children are as many as they must be: one IKE SA a cable with four children. */
export const untilQuiet = (gateway: TestGateway, cables: readonly Cable[]): Promise<void> =>
  until(`${gateway.spec.cluster_id} has one IKE SA a cable and nothing to do`, async () => {
    const lines = await gateway.driver.reconcile(cables)
    return lines.length === 0 && (await saIds(gateway)).length === cables.length * 5
  })
