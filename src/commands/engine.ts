// `subctl engine`: the real world of one engine.
import { openHealth } from '../dataplane/health.ts'
import { openIpsecDriver } from '../dataplane/ipsec/driver.ts'
import { readNodeFacts } from '../dataplane/kernel/facts.ts'
import { openOwnedAddresses } from '../dataplane/kernel/owned.ts'
import { withTunnelAddress } from '../dataplane/kernel/tunnel-address.ts'
import { findPublicIp, type Resolving } from '../dataplane/public-ip.ts'
import type { KubeApi } from '../k8s/api.ts'
import { EXIT } from '../model/errors.ts'
import { networkAddress } from '../model/net.ts'
import type { Resource } from '../model/resources.ts'
import { follow } from '../system/follow.ts'
import { openHttp } from '../system/http.ts'
import { lookupIpv4 } from '../system/lookup.ts'
import { shuffled } from '../system/random.ts'
import { metricsListen, serveHealth } from './agent-health.ts'
import { agentSettings } from './agent-settings.ts'
import type { Run } from './cli/run.ts'
import { cleanUpEngine } from './engine-cleanup.ts'
import { engineMetrics } from './engine-metrics.ts'
import { runEngine } from './engine-run.ts'
import { brokerAccess, engineSettings, pskReader } from './engine-settings.ts'
import type { EngineWorld, Facts, Observation } from './engine-world.ts'

export const engine: Run = async (context, given) => {
  const { clock, exec, log, signal, version, hostname } = context
  const agent = agentSettings(given, hostname)
  const settings = engineSettings(given, agent)
  const listen = metricsListen(given)
  const access = brokerAccess(given, context)
  const isCleanUp = given.on('cleanup')
  const psk = isCleanUp ? async () => '' : pskReader(given, context)
  const local = await context.kube({ ...agent.kube, isLasting: true })
  const broker = access && (await context.kube({ access, isLasting: true }))
  const ended = new AbortController()
  const seen: { facts?: Facts; last?: Observation; lastAt?: number; onTunnel?: () => void } = {}
  const onChange = (): void => seen.onTunnel?.()
  using driver = openIpsecDriver({ viciPath: `${agent.runDir}/charon.vici`, exec, psk, clock, log, onChange })
  const owned = openOwnedAddresses(exec)
  if (isCleanUp) {
    const isDone = await cleanUpEngine({ settings, hostname, local, broker, driver, owned, log })
    return isDone ? EXIT.done : EXIT.failed
  }
  const source = (): Facts['cniIp'] => seen.facts?.cniIp ?? settings.podCidrs.map(networkAddress)[0]
  const health = openHealth({ follow, clock, log, signal: ended.signal, ...settings.health, source })
  const world: EngineWorld = {
    settings,
    version,
    hostname,
    nodeName: agent.nodeName,
    clock,
    log,
    signal,
    local,
    broker,
    driver: withTunnelAddress(driver, exec),
    onTunnelChange(changed) {
      seen.onTunnel = changed
    },
    interfaceName: () => driver.interfaceName().catch(() => undefined),
    owned,
    health,
    async facts() {
      const { privateIp, cniIp } = await readNodeFacts(exec, { podCidrs: settings.podCidrs })
      seen.facts = { privateIp, cniIp }
      return seen.facts
    },
    findPublicIp: (sources) =>
      findPublicIp({ sources, isAirGapped: settings.airGapped, isUsed: settings.natEnabled }, resolving(local, settings.namespace)),
    observe(now) {
      seen.last = now
      seen.lastAt = clock.now()
    },
  }
  void serveHealth(listen, {
    log,
    signal: ended.signal,
    notLive: () => (clock.now() - (seen.lastAt ?? clock.now()) > STUCK_MS ? 'no pass has ended for long' : undefined),
    notReady: () => (seen.last === undefined ? 'starting' : seen.last.isReady ? undefined : 'not ready: see the Gateway object'),
    metrics: () => (seen.last === undefined ? [] : engineMetrics(seen.last)),
  })
  try {
    await runEngine(world)
  } finally {
    ended.abort()
    await health.ended
  }
  return undefined
}

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
