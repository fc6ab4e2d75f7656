// A whole clusterset in one process: fake APIs, real engines, and a wire that connects two gateways when each has a cable to the other.

import { runEngine } from '../../src/commands/engine/run.ts'
import type { EngineSettings, EngineWorld, Observation } from '../../src/commands/engine/world.ts'
import type { Cable, CableDriver } from '../../src/dataplane/cable.ts'
import type { Pulse } from '../../src/dataplane/health.ts'
import type { Target } from '../../src/dataplane/target.ts'
import { canonical } from '../../src/model/canonical.ts'
import { readCharonPort } from '../../src/model/charon-port.ts'
import { UserError } from '../../src/model/errors.ts'
import { cableName, GATEWAY_LABEL } from '../../src/model/names.ts'
import { type Ip, parseCidr, parseIp } from '../../src/model/net.ts'
import type { Connection, Gateway } from '../../src/model/resources.ts'
import { type Log, silentLog } from '../../src/system/log.ts'
import type { HandClock } from './clock.ts'
import { type FakeApi, type FakeCluster, fakeCluster } from './kube.ts'

const NAMESPACE = 'submariner'
const BROKER_NAMESPACE = 'submariner-k8s-broker'
/** Time from the second cable to the tunnel. */
const HANDSHAKE_MS = 150

export interface FakeGateway {
  readonly hostname: string
  readonly privateIp: Ip
  readonly cable: string
  readonly local: FakeApi
  readonly broker: FakeApi
  /** What this node's charon has now. */
  cables(): readonly Cable[]
  /** Addresses that the engine has put on the node. */
  owned(): readonly Ip[]
  /** Number of times that something was changed in charon or asked of it. */
  readonly work: { reconciles: number; changes: number; asks: number }
  /** `charonSays`: what the keeper has written of its charon. */
  readonly engine: { failing: boolean; pulse: Pulse; publicIp: Ip | undefined; charonSays: string }
  /** Its charon does not answer until the result is called. */
  hang(): () => void
  /** SIGTERM; settles when the engine has ended. */
  term(): Promise<void>
  /** The process alone is gone, at once; charon goes on. */
  kill(): void
  /** The machine is gone, all of it. */
  lose(): void
  readonly observed: Observation | undefined
  readonly isRunning: boolean
}

export interface FakeMember {
  readonly id: string
  readonly cluster: FakeCluster
  start(n: number, more?: Partial<EngineSettings>): FakeGateway
  gateway(name: string): Gateway | undefined
}

export interface Clusterset {
  readonly broker: FakeCluster
  member(id: string, n: number): FakeMember
  /** Ends every engine. */
  end(): Promise<void>
  /** Whether a tunnel stands between the two. */
  isConnected(a: FakeGateway, b: FakeGateway): boolean
}

interface Plug {
  cables: readonly Cable[]
  sinceMs: Map<string, number>
}

export function clusterset(clock: HandClock, log: Log = silentLog): Clusterset {
  const broker = fakeCluster({ clock, server: 'https://198.51.100.1:6443' })
  /** By cable name. */
  const wire = new Map<string, Plug>()
  const running = new Set<FakeGateway>()
  const isUp = (a: string, b: string): boolean => {
    const sides = [wire.get(a)?.sinceMs.get(b), wire.get(b)?.sinceMs.get(a)]
    return sides.every((since) => since !== undefined && clock.now() - since >= HANDSHAKE_MS)
  }
  const member = (id: string, n: number): FakeMember => {
    const cluster = fakeCluster({ clock, server: `https://10.255.${n}.1:6443` })
    cluster.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: `uid-${id}-${n}` } })
    return {
      id,
      cluster,
      gateway: (name) => cluster.objects('Gateway').find((gateway) => gateway.metadata.name === name),
      start: (k, more = {}) => start({ clock, log, wire, isUp, running, broker }, { id, n, k, cluster, more }),
    }
  }
  return {
    broker,
    member,
    isConnected: (a, b) => isUp(a.cable, b.cable),
    async end() {
      const all = [...running]
      for (const gateway of all) gateway.kill()
      await clock.advance(60_000)
    },
  }
}

interface Ground {
  readonly clock: HandClock
  readonly log: Log
  readonly wire: Map<string, Plug>
  readonly isUp: (a: string, b: string) => boolean
  readonly running: Set<FakeGateway>
  readonly broker: FakeCluster
}
interface Place {
  readonly id: string
  readonly n: number
  readonly k: number
  readonly cluster: FakeCluster
  readonly more: Partial<EngineSettings>
}

function start(ground: Ground, { id, n, k, cluster, more }: Place): FakeGateway {
  const { clock, wire, running } = ground
  const hostname = `${id}-gw${k}`
  const privateIp = parseIp(`172.16.${n}.${k}`)
  const cable = cableName(id, privateIp)
  const local = cluster.api(hostname)
  const broker = ground.broker.api(hostname)
  const [term, dead] = [new AbortController(), { now: false }]
  const work = { reconciles: 0, changes: 0, asks: 0 }
  const engine: FakeGateway['engine'] = { failing: false, pulse: { state: 'alive' }, publicIp: undefined, charonSays: '' }
  let owned: readonly Ip[] = []
  let hanging: Promise<void> | undefined
  let observed: Observation | undefined
  cluster.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: hostname, labels: { [GATEWAY_LABEL]: 'true' } },
    status: { addresses: [{ type: 'InternalIP', address: privateIp }] },
  } as never)
  const plug = (): Plug => wire.get(cable) ?? { cables: [], sinceMs: new Map() }
  const driver: CableDriver = {
    async reconcile(cables) {
      work.reconciles += 1
      await hanging
      if (dead.now || engine.failing) throw new UserError('SUB0501', 'charon does not answer')
      const { cables: before, sinceMs } = plug()
      const names = cables.map(({ remote }) => remote.cable_name)
      wire.set(cable, { cables, sinceMs: new Map(names.map((name) => [name, sinceMs.get(name) ?? clock.now()])) })
      const isSame = canonical(before) === canonical(cables)
      if (!isSame) work.changes += 1
      return isSame ? [] : [`cables: ${names.join(' ')}`]
    },
    async cleanUp() {
      wire.delete(cable)
    },
    async connections(cables) {
      work.asks += 1
      if (dead.now || engine.failing) throw new UserError('SUB0501', 'charon does not answer')
      return cables.map(({ remote, address, nat }): Connection => {
        const up = ground.isUp(cable, remote.cable_name)
        return { status: up ? 'connected' : 'connecting', statusMessage: '', endpoint: remote, usingIP: address, usingNAT: nat }
      })
    },
  }
  const addresses: Target<readonly Ip[]> = {
    async reconcile(wanted) {
      if (!dead.now) owned = wanted
      return []
    },
    async cleanUp() {
      owned = []
    },
  }
  const settings: EngineSettings = {
    clusterId: id,
    namespace: NAMESPACE,
    brokerNamespace: BROKER_NAMESPACE,
    podCidrs: [parseCidr(`10.${n}.0.0/16`)],
    serviceCidrs: [parseCidr(`100.${n}.0.0/16`)],
    colorCodes: ['blue'],
    natEnabled: false,
    nattPort: 4500,
    backend: 'libreswan',
    forceEncaps: false,
    publicIp: '',
    airGapped: true,
    health: { enabled: true, intervalMs: 1_000, mostLost: 5 },
    leaseTermMs: 3_000,
    graceMs: 20_000,
    ...more,
  }
  const world: EngineWorld = {
    settings,
    version: 'test',
    hostname,
    nodeName: hostname,
    clock,
    log: ground.log.with({ host: hostname }),
    signal: term.signal,
    local,
    broker,
    driver,
    onTunnelChange: () => {},
    interfaceName: async () => 'ipsec0',
    charonPort: async () => readCharonPort(engine.charonSays),
    owned: addresses,
    health: { probe: () => {}, pulse: () => engine.pulse, onChange: () => {} },
    facts: async () => ({ privateIp, cniIp: parseIp(`10.${n}.${k}.1`) }),
    findPublicIp: async (sources) => ({
      ip: sources.startsWith('ipv4:') ? parseIp(sources.slice('ipv4:'.length)) : engine.publicIp,
      problems: [],
    }),
    observe: (seen) => {
      observed = seen
    },
  }
  const state = { isRunning: true }
  const done = runEngine(world).then(() => {
    state.isRunning = false
    running.delete(gateway)
  })
  /** A process that is killed says nothing any more: nobody hears it, and it hears nobody. */
  const cut = (): void => {
    dead.now = true
    local.link = 'silent'
    broker.link = 'silent'
    term.abort()
  }
  const gateway: FakeGateway = {
    hostname,
    privateIp,
    cable,
    local,
    broker,
    cables: () => plug().cables,
    owned: () => owned,
    work,
    engine,
    hang() {
      const gate = Promise.withResolvers<void>()
      hanging = gate.promise
      return gate.resolve
    },
    async term() {
      term.abort()
      await done
    },
    kill: cut,
    lose() {
      cut()
      wire.delete(cable)
    },
    get observed() {
      return observed
    },
    get isRunning() {
      return state.isRunning
    },
  }
  running.add(gateway)
  return gateway
}
