// What leading is: a gateway that takes over makes its tunnels first, then shows itself to its own nodes, then takes the old gateway off the broker.
import type { Origin, Work } from '../../k8s/lease.ts'
import type { CableLoop } from './cables.ts'
import { type EngineState, isPublished, ownName, published } from './state.ts'
import type { Successors } from './succession.ts'
import { aborted, until } from './wait.ts'

/**
 * The longest that tunnels are waited for before the nodes are sent here. A gateway that gave the lease back forwards meanwhile; one that does not renew it
 * is mostly dead, and each moment is an outage: then tunnels and routes are made at the same time, unless the tunnels are there soon.
 */
const TUNNELS_MS: Readonly<Record<Origin, number>> = { free: 3_000, expired: 300 }
/** The old gateway's Endpoint stays on the broker for this long after. */
const OVERLAP_MS = 1_000
/** How long the daemon may fail before another gateway, if there is a healthy one, is let have a go. */
const FAILING_MS = 5_000
/** Not again within this time: two gateways whose daemons both fail shall not hand over to and fro. */
const DAMPING_MS = 300_000

export interface Leading {
  /** The work of the lease: ends when the signal does, or by itself where a standby would do better. */
  readonly work: Work
}

export function openLeading(engine: EngineState, cables: CableLoop, successors: Successors): Leading {
  const { world } = engine
  const { clock, log } = world
  let gaveUpAt = Number.NEGATIVE_INFINITY

  const go = (stage: EngineState['stage']): void => {
    engine.stage = stage
    engine.settledAt = stage === 'settled' ? clock.now() : undefined
    engine.kick()
  }
  const takeOver = async (signal: AbortSignal, origin: Origin): Promise<void> => {
    const wanted = successors.connectedClusters()
    log.info('taking over from another gateway: tunnels first', { clusters: wanted.size, lease: origin })
    go('ahead')
    await until(
      clock,
      signal,
      TUNNELS_MS[origin],
      () => {
        const up = new Set(cables.connections.filter(({ status }) => status === 'connected').map(({ endpoint }) => endpoint.cluster_id))
        return [...wanted].every((id) => up.has(id))
      },
      10,
    )
    if (signal.aborted) return
    go('published')
    await clock.sleep(OVERLAP_MS, signal)
  }
  /** Why another gateway, which is well, does better than this one; undefined where it does not. */
  const reasonToGiveUp = (): string | undefined => {
    const { failingSince } = cables
    const now = clock.now()
    const unfit = successors.reasonToLeave()
    if (unfit !== undefined) return unfit
    return failingSince !== undefined && now - failingSince >= FAILING_MS && now - gaveUpAt >= DAMPING_MS && successors.hasHealthy()
      ? 'the cable driver fails here'
      : undefined
  }
  return {
    async work(signal, origin) {
      await Promise.race([Promise.all([engine.stores.endpoints.ready, engine.stores.gateways.ready]), aborted(signal)])
      await until(clock, signal, Number.POSITIVE_INFINITY, () => engine.self !== undefined, 10)
      if (signal.aborted) return
      engine.leading = true
      engine.hasLed = true
      try {
        if (hasPredecessor(engine)) await takeOver(signal, origin)
        if (!signal.aborted) go('settled')
        let why: string | undefined
        const isEnough = (): boolean => {
          why = reasonToGiveUp()
          return why !== undefined
        }
        await until(clock, signal, Number.POSITIVE_INFINITY, isEnough, 500)
        if (signal.aborted) return
        gaveUpAt = clock.now()
        log.warn(`${why}: another gateway takes over`, { holder: ownName(engine) })
      } finally {
        engine.leading = false
        engine.kick()
      }
    },
  }
}

/** Whether the nodes of this cluster send to another gateway now. */
const hasPredecessor = (engine: EngineState): boolean => published(engine).length > 0 && !isPublished(engine)
