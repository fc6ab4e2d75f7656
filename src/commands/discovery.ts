// `subctl discovery`: the real world of one discovery agent.
import { EXIT } from '../model/errors.ts'
import { metricsListen, serveHealth } from './agent/health.ts'
import type { Run } from './cli/run.ts'
import { cleanUpDiscovery } from './discovery/cleanup.ts'
import { discoveryMetrics } from './discovery/metrics.ts'
import { runDiscovery } from './discovery/run.ts'
import { discoverySettings } from './discovery/settings.ts'
import type { DiscoverySeen, DiscoveryWorld } from './discovery/world.ts'
import { brokerAccess } from './engine/settings.ts'

/** A leader's pass comes every quarter of a minute, but the one that exports thousands of services at once writes for minutes. */
const STUCK_MS = 900_000

/** Serves until SIGTERM, or with --cleanup takes everything back. */
export const discovery: Run = async (context, given) => {
  const { clock, log, signal, hostname } = context
  const settings = discoverySettings(given)
  const listen = metricsListen(given)
  const access = brokerAccess(given, context)
  const [kubeconfig, name] = [given.text('kubeconfig'), given.text('context')]
  const local = await context.kube({ ...(kubeconfig !== undefined && { kubeconfig }), ...(name !== undefined && { context: name }) })
  const broker = access && (await context.kube({ access }))
  const seen: { last?: DiscoverySeen; atMs: number } = { atMs: clock.now() }
  const world: DiscoveryWorld = {
    ...{ settings, hostname, clock, log, signal, local, broker },
    observe(now) {
      Object.assign(seen, { last: now, atMs: clock.now() })
    },
  }
  if (given.on('cleanup')) return (await cleanUpDiscovery(world)) ? EXIT.done : EXIT.failed
  void serveHealth(listen, {
    clock,
    log,
    signal,
    // A follower says nothing after it has become one.
    notLive: () => (seen.last?.isLeading === true && clock.now() - seen.atMs > STUCK_MS ? 'no pass has ended for long' : undefined),
    notReady: () => (seen.last === undefined ? 'starting' : seen.last.trouble),
    metrics: () => (seen.last === undefined ? [] : discoveryMetrics(seen.last)),
  })
  await runDiscovery(world)
  return undefined
}
