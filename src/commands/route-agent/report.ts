// The loop that publishes what this node reaches: at once when a state changes, round-trip times alone now and then.
import { ApiError } from '../../k8s/api.ts'
import { apiVersionOf } from '../../model/kinds.ts'
import type { RouteAgent } from '../../model/resources.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { isKnown, type RouteAgentState, remotesOf, sourceOf } from './state.ts'
import { type Status, statusOf, targetsOf, textOf } from './status.ts'

/** Health is looked at this often; it is the prober's memory, no packet. */
const LOOK_MS = 2_000
/** Round-trip times alone are written no more often. */
const TIMES_MS = 60_000

export interface ReportLoop extends Loop {
  readonly status: Status | undefined
}

export function runReport(state: RouteAgentState): ReportLoop {
  const { world, stores } = state
  const { clock, log, signal, settings } = world
  const health = world.openHealth(() => sourceOf(state))
  let status: Status | undefined
  let writtenAt = clock.now()
  const pass = async (): Promise<void> => {
    if (!isKnown(state) || stores.mine.heardMs() === Number.POSITIVE_INFINITY) return
    const remotes = remotesOf(state)
    health.probe(settings.health.enabled ? targetsOf(remotes) : [])
    const pulse = settings.health.enabled ? health.pulse : undefined
    status = statusOf({ version: world.version, failure: state.failure, remotes, pulse })
    const there = stores.mine.get(settings.nodeName, settings.namespace)
    const isNews = textOf(there?.status) !== textOf(status)
    if (!isNews && clock.now() - writtenAt < TIMES_MS) return
    await write(state, status, there !== undefined)
    writtenAt = clock.now()
  }
  const loop = runLoop(pass, {
    name: 'report',
    clock,
    log,
    signal,
    resyncMs: LOOK_MS,
    backoff: { firstMs: 1_000, mostMs: 15_000 },
  })
  return {
    kick: loop.kick,
    ended: loop.ended,
    get passes() {
      return loop.passes
    },
    get status() {
      return status
    },
  }
}

/** The status alone: annotations are for `verify` and this agent to talk by. */
async function write({ world }: RouteAgentState, status: Status, isThere: boolean): Promise<void> {
  const { namespace, nodeName } = world.settings
  const create = async (): Promise<void> => {
    const object: RouteAgent = {
      apiVersion: apiVersionOf('RouteAgent'),
      kind: 'RouteAgent',
      metadata: { name: nodeName, namespace },
      status,
    }
    await world.local.create(object)
  }
  if (!isThere) return create()
  try {
    await world.local.patch('RouteAgent', nodeName, namespace, { status })
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error
    await create()
  }
}
