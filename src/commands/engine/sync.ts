// The loop that keeps this cluster's API and the broker's in step, while this gateway leads.
import { type ExchangeState, openExchange } from '../../broker/exchange.ts'
import { ApiError } from '../../k8s/api.ts'
import { isHolder } from '../../k8s/holder.ts'
import { failureOf } from '../../model/gateway-status.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { ownCluster, ownEndpoint } from './self.ts'
import { type EngineState, leaseOf, specOf } from './state.ts'
import type { EngineWorld } from './world.ts'

const RESYNC_MS = 15_000

export interface SyncLoop extends Loop {
  /** Undefined before the first pass as the leader. */
  readonly state: ExchangeState | undefined
}

export function runSync(engine: EngineState): SyncLoop {
  const { world, stores, stop } = engine
  const { settings, clock, log } = world
  let exchange: ReturnType<typeof openExchange> | undefined
  const uid = openUid(world)
  const pass = async (): Promise<void> => {
    const spec = specOf(engine)
    if (!engine.leading || spec === undefined) {
      engine.failures.delete('sync')
      return
    }
    try {
      exchange ??= openExchange({
        clusterId: settings.clusterId,
        clusterUid: await uid(),
        local: { api: world.local, namespace: settings.namespace, clusters: stores.clusters, endpoints: stores.endpoints },
        broker: world.broker && stores.broker && { api: world.broker, namespace: settings.brokerNamespace, ...stores.broker },
        isLeader: () =>
          isHolder(world.local, leaseOf(engine), { heldAtMs: engine.heldAt, nowMs: clock.now(), termMs: settings.leaseTermMs }),
        clock,
        log,
      })
      await exchange.pass({ cluster: ownCluster(settings), endpoint: ownEndpoint(spec, settings.namespace), stage: engine.stage })
      const { duplicate } = exchange.state
      if (duplicate === undefined) engine.failures.delete('sync')
      else
        engine.failures.set('sync', {
          id: 'SUB0304',
          text: `SUB0304: another cluster holds the id ${settings.clusterId} on the broker; nothing is published`,
        })
    } catch (error) {
      engine.failures.set('sync', failureOf(error))
      throw error
    }
  }
  const loop = runLoop(pass, { name: 'sync', clock, log, signal: stop, resyncMs: RESYNC_MS, backoff: { firstMs: 200, mostMs: 5_000 } })
  engine.loops.add(loop)
  return {
    kick: loop.kick,
    ended: loop.ended,
    get passes() {
      return loop.passes
    },
    get state() {
      return exchange?.state
    },
  }
}

/** Asked for at the start, so that a gateway that comes to lead does not wait for it; again where there was no answer. */
function openUid(world: EngineWorld): () => Promise<string | undefined> {
  let asked: Promise<string | undefined> | undefined
  const ask = (): Promise<string | undefined> => {
    asked ??= clusterUid(world).catch((error: unknown) => {
      asked = undefined
      throw error
    })
    return asked
  }
  ask().catch(() => undefined)
  return ask
}

/** Tells this cluster from another of the same id; undefined where it may not be read, as with rights that another installer gave. */
async function clusterUid({ local, log }: EngineWorld): Promise<string | undefined> {
  try {
    return (await local.get('Namespace', 'kube-system'))?.metadata.uid
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error
    log.warn('the namespace kube-system may not be read: a second cluster of the same id would not be noticed')
    return undefined
  }
}
