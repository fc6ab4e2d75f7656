// The loop of the leading gateway that keeps Calico from rewriting the source of packets for other clusters. Where there is no Calico it finds nothing to do.
import { write } from '../../broker/write.ts'
import { planPools } from '../../install/calico.ts'
import { ApiError } from '../../k8s/api.ts'
import type { Resource } from '../../model/resources.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import type { EngineState } from './state.ts'

/** Pools of others are looked at this often; a change of the remote clusters is acted on at once. */
const RESYNC_MS = 60_000

export function runPools(engine: EngineState): Loop {
  const { world, stop } = engine
  const { local, clock, log } = world
  let done: { readonly view: unknown; readonly atMs: number; readonly hasPools: boolean } | undefined
  let refused = ''
  const pass = async (): Promise<void> => {
    // A gateway that has just begun to lead does not know all the others yet, and would drop what they need.
    if (!engine.leading || engine.stage !== 'settled' || !engine.stores.clusters.synced || !engine.stores.endpoints.synced) return
    const view = engine.view()
    if (done !== undefined && (done.view === view || !done.hasPools) && clock.now() - done.atMs < RESYNC_MS) return
    const pools = await poolsOf(engine)
    if (pools !== undefined) {
      const plan = planPools(view.remotes, pools)
      for (const line of await write(local, plan)) log.info(`Calico: ${line}`)
      if (plan.refused.join() !== refused && plan.refused.length > 0)
        log.warn('Calico: another IPPool overlaps these remote networks, so that none can be made', { networks: plan.refused.join(', ') })
      refused = plan.refused.join()
    }
    done = { view, atMs: clock.now(), hasPools: pools !== undefined }
  }
  const loop = runLoop(pass, {
    name: 'calico',
    clock,
    log,
    signal: stop,
    resyncMs: RESYNC_MS,
    backoff: { firstMs: 1_000, mostMs: 60_000 },
    gatherMs: 100,
  })
  engine.loops.add(loop)
  return loop
}

/** Calico's pools; undefined where the kind is not served, or not ours to see, as with rights that another installer gave. */
async function poolsOf({ world }: EngineState): Promise<readonly Resource[] | undefined> {
  try {
    return (await world.local.list('IPPool')).items
  } catch (error) {
    if (error instanceof ApiError && (error.code === 404 || error.code === 403)) return undefined
    throw error
  }
}
