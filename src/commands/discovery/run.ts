// A discovery agent from start to end: it competes for the lead, and the one that leads does the work.
import { whileHolding } from '../../k8s/lease.ts'
import { DISCOVERY_LEASE } from '../../model/names.ts'
import { lead } from './lead.ts'
import type { DiscoverySeen, DiscoveryWorld } from './world.ts'

const FOLLOWING: DiscoverySeen = {
  isLeading: false,
  trouble: undefined,
  passes: 0,
  exports: {},
  imports: 0,
  refused: 0,
  reachable: new Map(),
}

/** Runs until the world's signal. What it has written stays. */
export async function runDiscovery(world: DiscoveryWorld): Promise<void> {
  const { local, settings, hostname, clock, log, signal } = world
  await whileHolding(local, { name: DISCOVERY_LEASE, namespace: settings.namespace, me: hostname }, (stop) => lead(world, stop), {
    clock,
    log,
    signal,
    termMs: settings.leaseTermMs,
    observe: ({ leading }) => leading || world.observe(FOLLOWING),
  })
}
