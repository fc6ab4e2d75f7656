// What the leading agent does: one loop that makes both sides what the plans of the services say. Events say which service to look at again, never what to do.
import { allServices, readText, type ServiceText } from '../../discovery/copies/copies.ts'
import { overQuota } from '../../discovery/plan.ts'
import { messageOf } from '../../model/errors.ts'
import type { Cluster } from '../../model/resources.ts'
import { collectSoon } from '../../system/heap.ts'
import { runLoop } from '../../system/loop.ts'
import { openRefusals } from '../agent/refusals.ts'
import { lookAround } from './around.ts'
import { openNetworks, ownCluster } from './known.ts'
import type { Around, Leader } from './leader.ts'
import { openMarks, openWritten } from './marks.ts'
import { openTally, seenOf } from './report.ts'
import { round, TasksFailed } from './round.ts'
import { openStores, unknownOf } from './stores.ts'
import type { DiscoveryWorld } from './world.ts'

/** What was not found as wanted is looked at again so often, whatever events say. */
const RESYNC_MS = 15_000
/** And every service so often. */
const WHOLE_MS = 300_000
/** Changes that come together, such as those of a Service and its EndpointSlice, make one pass. */
const GATHER_MS = 5

/** What failed is tried again after such times, whatever other services are kicked for meanwhile. */
const BACKOFF = { firstMs: 200, mostMs: 5_000 }

/** Runs until the signal. */
export async function lead(world: DiscoveryWorld, signal: AbortSignal, hold: Leader['hold']): Promise<void> {
  const { clock, log, settings } = world
  let act = (): void => undefined
  const kick = (): void => act()
  const unsettled = new Set<ServiceText>()
  const marks = openMarks((service) => unsettled.has(service))
  const leader: Leader = {
    ...{ world, signal, hold, marks, unsettled, kick },
    stores: openStores(world, { signal, onChange: kick, mark: marks.changed }),
    hindered: new Map(),
    failing: new Set(),
    fails: 0,
    tally: openTally(),
    networksOf: openNetworks(settings.clusterId),
    refuse: openRefusals(log),
    askIn: openTimer(world, signal, kick),
    last: undefined,
    wholeAtMs: Number.NEGATIVE_INFINITY,
    unsettledAtMs: Number.NEGATIVE_INFINITY,
    reaches: new Map(),
    noticedAt: undefined,
    noticedUid: undefined,
    passes: 0,
    looks: 0,
  }
  const loop = runLoop(() => pass(leader), {
    name: 'discovery',
    clock,
    log,
    signal,
    resyncMs: RESYNC_MS,
    gatherMs: GATHER_MS,
    backoff: BACKOFF,
  })
  act = loop.kick
  await Promise.all([loop.ended, leader.stores.ended])
}

/** Calls back after a time, or never; a later wish takes the place of an earlier one. */
function openTimer({ clock }: DiscoveryWorld, stop: AbortSignal, act: () => void): (ms: number) => void {
  let timer = new AbortController()
  return (ms) => {
    timer.abort()
    timer = new AbortController()
    const { signal } = timer
    if (ms !== Number.POSITIVE_INFINITY)
      void clock.sleep(ms, AbortSignal.any([signal, stop])).then(() => signal.aborted || stop.aborted || act())
  }
}

/** Rounds, until nothing is marked but what was written again and again in this pass. */
async function pass(leader: Leader): Promise<void> {
  const written = openWritten()
  try {
    for (let looked = 1; looked > 0 && !leader.signal.aborted; ) {
      const own = ownCluster(leader.stores.local, leader.world.settings.clusterId)
      const missing =
        unknownOf(leader.stores.local) ??
        (own === undefined ? 'this cluster’s Cluster object is not there: no gateway has led yet' : undefined)
      if (missing !== undefined || own === undefined) return observe(leader, missing)
      const around = markDue(leader, own)
      looked = await round(leader, own, around, written)
      leader.looks += looked
      leader.refuse([...leader.tally.refused(), ...overQuota(leader.stores.copies)])
      observe(leader, around.trouble ?? (leader.passes === 0 ? 'not all services have been looked at yet' : undefined))
      await nextTurn()
    }
    leader.passes += 1
    leader.fails = 0
    if (leader.passes === 1) collectSoon()
    observe(leader, leader.last?.trouble)
  } catch (error) {
    const againMs = Math.min(BACKOFF.firstMs * 2 ** leader.fails, BACKOFF.mostMs)
    leader.fails += 1
    leader.unsettledAtMs = leader.world.clock.now() - RESYNC_MS + againMs
    observe(leader, messageOf(error))
    // The rest of what other services need does not wait for those that failed.
    if (error instanceof TasksFailed && leader.marks.hasBut(leader.failing)) leader.kick()
    throw error
  }
  if (leader.marks.size > 0) leader.kick()
}
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Marks what has to be looked at because of the time, or because of what all services depend on. */
function markDue(leader: Leader, own: Cluster): Around {
  const { marks, stores, last, unsettled } = leader
  const around = lookAround(leader, own)
  const now = around.known.nowMs
  if (last?.text !== around.text || now - leader.wholeAtMs >= WHOLE_MS) {
    leader.wholeAtMs = now
    marks.due(allServices(stores.copies))
  } else if (last.known.namespaces !== around.known.namespaces) {
    const [before, after] = [last.known.namespaces, around.known.namespaces]
    const isOther = (namespace: string): boolean => before.has(namespace) !== after.has(namespace)
    if ([...before, ...after].some(isOther))
      marks.due([...allServices(stores.copies)].filter((service) => isOther(readText(service).namespace)))
  }
  if (now - leader.unsettledAtMs >= RESYNC_MS) {
    leader.unsettledAtMs = now
    marks.due(unsettled)
  }
  leader.last = around
  return around
}

function observe({ world, stores, reaches, passes, looks, tally }: Leader, trouble: string | undefined): void {
  const { copies } = stores
  const refused = tally.refused().length + overQuota(copies).length
  world.observe(seenOf({ trouble, passes, looks, imports: copies.imports.size, reaches, tally, refused }))
}
