// `subctl engine`: the real world of one engine.
import { type Health, openHealth } from '../dataplane/health.ts'
import { charonStatePath } from '../dataplane/ipsec/daemon/charon-state.ts'
import { type IpsecDriver, openIpsecDriver } from '../dataplane/ipsec/driver.ts'
import { readNodeFacts } from '../dataplane/kernel/facts.ts'
import { openOwnedAddresses } from '../dataplane/kernel/owned.ts'
import { withTunnelAddress } from '../dataplane/kernel/tunnel-address.ts'
import { findPublicIp, type Resolving } from '../dataplane/public-ip.ts'
import type { Target } from '../dataplane/target.ts'
import type { KubeApi } from '../k8s/api.ts'
import { readCharonPort } from '../model/charon-port.ts'
import { EXIT } from '../model/errors.ts'
import { type Ip, networkAddress } from '../model/net.ts'
import type { Resource } from '../model/resources.ts'
import { follow } from '../system/follow.ts'
import { openHttp } from '../system/http.ts'
import { lookupIpv4 } from '../system/lookup.ts'
import { shuffled } from '../system/random.ts'
import { type Listen, metricsListen, serveHealth } from './agent/health.ts'
import { present } from './agent/presence.ts'
import { agentSettings } from './agent/settings.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { cleanUpEngine } from './engine/cleanup.ts'
import { engineMetrics } from './engine/metrics.ts'
import { runEngine } from './engine/run.ts'
import { brokerAccess, engineSettings, pskReader } from './engine/settings.ts'
import type { EngineSettings, EngineWorld, Facts, Observation } from './engine/world.ts'

/** What a run opens, whether it serves or cleans up. */
interface Ground {
  readonly context: Context
  readonly settings: EngineSettings
  readonly nodeName: string
  readonly runDir: string
  readonly local: KubeApi
  readonly broker: KubeApi | undefined
  readonly driver: IpsecDriver
  readonly owned: Target<readonly Ip[]>
  readonly seen: Seen
}
/** What the engine has last told of itself, and whom the driver tells. */
interface Seen {
  facts?: Facts
  last?: Observation
  lastAt?: number
  onTunnel?: (cables?: readonly string[]) => void
}

/** `subctl engine`: serves until SIGTERM and the succession, or with --cleanup leaves no trace. */
export const engine: Run = async (context, given) => {
  const { clock, exec, log, hostname } = context
  const agent = agentSettings(given, hostname)
  const settings = engineSettings(given, agent)
  const listen = metricsListen(given)
  const access = brokerAccess(given, context)
  const isCleanUp = given.on('cleanup')
  const psk = isCleanUp ? async () => '' : pskReader(given, context)
  const local = await context.kube({ ...agent.kube, isLasting: true })
  const broker = access && (await context.kube({ access, isLasting: true }))
  const seen: Seen = {}
  const onChange: Seen['onTunnel'] = (cables) => seen.onTunnel?.(cables)
  using driver = openIpsecDriver({ viciPath: `${agent.runDir}/charon.vici`, exec, psk, clock, log, onChange })
  const owned = openOwnedAddresses(exec)
  if (!isCleanUp)
    return await serve({ context, settings, nodeName: agent.nodeName, runDir: agent.runDir, local, broker, driver, owned, seen }, listen)
  return (await cleanUpEngine({ settings, hostname, local, broker, driver, owned, log })) ? EXIT.done : EXIT.failed
}

async function serve(ground: Ground, listen: Listen | undefined): Promise<undefined> {
  const { context, settings, runDir, seen } = ground
  const { clock, log, files } = context
  const ended = new AbortController()
  const { signal } = ended
  const source = (): Facts['cniIp'] => seen.facts?.cniIp ?? settings.podCidrs.map(networkAddress)[0]
  const health = openHealth({ follow, clock, log, signal, ...settings.health, quickMs: settings.health.intervalMs / QUICKER, source })
  void serveHealth(listen, {
    clock,
    log,
    signal,
    notLive: () => (clock.now() - (seen.lastAt ?? clock.now()) > STUCK_MS ? 'no pass has ended for long' : undefined),
    notReady: () => (seen.last === undefined ? 'starting' : seen.last.isReady ? undefined : 'not ready: see the Gateway object'),
    metrics: () => (seen.last === undefined ? [] : engineMetrics(seen.last)),
  })
  const leave = await present({ files, runDir, log, signal: context.signal })
  try {
    await runEngine(worldOf(ground, health))
  } finally {
    ended.abort()
    await Promise.all([health.ended, leave()])
  }
}

function worldOf({ context, settings, nodeName, runDir, local, broker, driver, owned, seen }: Ground, health: Health): EngineWorld {
  const { version, hostname, clock, log, signal, exec, files } = context
  const { airGapped: isAirGapped, natEnabled: isUsed } = settings
  const asking = resolving(local, settings.namespace)
  return {
    ...{ settings, version, hostname, nodeName, clock, log, signal, local, broker, owned, health },
    driver: withTunnelAddress(driver, exec),
    onTunnelChange(changed) {
      seen.onTunnel = changed
    },
    interfaceName: () => driver.interfaceName().catch(() => undefined),
    charonPort: async () => readCharonPort((await files.readIfThere(charonStatePath(runDir)).catch(() => undefined)) ?? ''),
    async facts() {
      const { privateIp, cniIp } = await readNodeFacts(exec, { podCidrs: settings.podCidrs })
      seen.facts = { privateIp, cniIp }
      return seen.facts
    },
    findPublicIp: (sources) => findPublicIp({ sources, isAirGapped, isUsed }, asking),
    observe(now) {
      seen.last = now
      seen.lastAt = clock.now()
    },
  }
}

/** A gateway that misses an answer asks so many times as often. */
const QUICKER = 10
/** Passes come once a second; one that waits for an API that is away takes a quarter of a minute. */
const STUCK_MS = 120_000
const SITE_LIMIT = { timeoutMs: 5_000, mostBytes: 16_384 }

function resolving(api: KubeApi, namespace: string): Resolving {
  return {
    async fetch(url) {
      const { status, text } = await openHttp().ask({ url, headers: { accept: 'text/plain', 'user-agent': 'curl/8' }, ...SITE_LIMIT })
      if (status !== 200) throw new Error(`HTTP status ${status}`)
      return text
    },
    lookup: lookupIpv4,
    loadBalancer: async (service) => ingressOf(await api.get('Service', service, namespace)),
    shuffle: shuffled,
  }
}

/** Address or name of a Service's load balancer; undefined while it has none. */
export function ingressOf(service: (Resource & { readonly status?: unknown }) | undefined): string | undefined {
  const status = service?.status
  const balancer = field(status, 'loadBalancer')
  const ingress = field(balancer, 'ingress')
  const first: unknown = Array.isArray(ingress) ? ingress[0] : undefined
  const text = field(first, 'ip') ?? field(first, 'hostname')
  return typeof text === 'string' && text !== '' ? text : undefined
}
const field = (value: unknown, key: string): unknown => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined)
