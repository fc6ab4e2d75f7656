// A discovery agent from start to end: it competes for the lead, and the one that leads does the work.
import { whileHolding } from '../../k8s/lease.ts'
import { lead } from './lead.ts'
import { leaseOf } from './leader.ts'
import type { DiscoverySeen, DiscoveryWorld } from './world.ts'

const FOLLOWING: DiscoverySeen = {
  isLeading: false,
  trouble: undefined,
  passes: 0,
  looks: 0,
  exports: {},
  imports: 0,
  refused: 0,
  reachable: new Map(),
}

/** Runs until the world's signal. What it has written stays. */
export async function runDiscovery(world: DiscoveryWorld): Promise<void> {
  const { local, settings, clock, log, signal } = world
  const hold = { atMs: Number.NEGATIVE_INFINITY }
  await whileHolding(local, leaseOf(world), (stop) => lead(world, stop, hold), {
    clock,
    log,
    signal,
    termMs: settings.leaseTermMs,
    onHold(atMs) {
      hold.atMs = atMs
    },
    observe: ({ leading }) => leading || world.observe(FOLLOWING),
  })
}
