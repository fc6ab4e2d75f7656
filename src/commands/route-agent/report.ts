// The loop that publishes what this node reaches: at once when a state changes, round-trip times alone now and then.
import { ApiError } from '../../k8s/api.ts'
import { apiVersionOf } from '../../model/kinds.ts'
import type { RouteAgent } from '../../model/resources.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { paceOf } from '../agent/pace.ts'
import { isKnown, type RouteAgentState, remotesOf, sourceOf } from './state.ts'
import { isSameDetail, type Said, type Status, saidIn, statusOf, targetsOf } from './status.ts'

/** Health is looked at this often; it is the prober's memory, no packet. */
const LOOK_MS = 2_000
/** Round-trip times alone are written no more often. */
const TIMES_MS = 60_000
const GATHER_MS = 100
const HEARD_MS = 1_500

export interface ReportLoop extends Loop {
  readonly status: Status | undefined
}

export function runReport(state: RouteAgentState): ReportLoop {
  const { world, stores } = state
  const { clock, log, signal, settings } = world
  const health = world.openHealth(() => sourceOf(state))
  let status: Status | undefined
  let writtenAt = clock.now()
  /** What this agent has written, so that its own object need not be read to know it. */
  let written: (Said & { readonly versions: readonly (string | undefined)[] }) | undefined
  const pass = async (): Promise<void> => {
    if (!isKnown(state) || stores.mine.heardMs() === Number.POSITIVE_INFINITY) return
    const remotes = remotesOf(state)
    health.probe(settings.health.enabled ? targetsOf(remotes) : [])
    const pulse = settings.health.enabled ? health.pulse : undefined
    status = statusOf({ version: world.version, failure: state.failure, remotes, pulse })
    const there = stores.mine.get(settings.nodeName, settings.namespace)
    const version = there?.metadata.resourceVersion
    const age = clock.now() - writtenAt
    // By this time our copy has heard of the write: what is not there has been deleted.
    const isGone = there === undefined && age >= HEARD_MS
    const isOurs = !isGone && written?.versions.includes(version) === true
    const known = isOurs ? written : there?.status && saidIn(there.status)
    const said = saidIn(status)
    const { restMs, detailMs } = paceOf(said.detail.length)
    if (written !== undefined && age < restMs) return
    if (known?.state === said.state && age < (isSameDetail(known, said) ? TIMES_MS : detailMs)) return
    // Until our copy has heard of the write it is of the version before.
    written = { ...said, versions: [version, await write(state, status, there !== undefined)] }
    writtenAt = clock.now()
  }
  const loop = runLoop(pass, {
    name: 'report',
    clock,
    log,
    signal,
    resyncMs: LOOK_MS,
    backoff: { firstMs: 1_000, mostMs: 15_000 },
    // After each pass over the kernel there is something to look at, among many clusters for longer than what changed there took.
    gatherMs: GATHER_MS,
  })
  health.onChange(loop.kick)
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

/** The status alone: annotations are for `verify` and this agent to talk by. Gives the version of what was written. */
async function write({ world }: RouteAgentState, status: Status, isThere: boolean): Promise<string | undefined> {
  const { namespace, nodeName } = world.settings
  const create = async (): Promise<string | undefined> => {
    const object: RouteAgent = {
      apiVersion: apiVersionOf('RouteAgent'),
      kind: 'RouteAgent',
      metadata: { name: nodeName, namespace },
      status,
    }
    return (await world.local.create(object)).metadata.resourceVersion
  }
  if (!isThere) return create()
  try {
    return (await world.local.patch('RouteAgent', nodeName, namespace, { status })).metadata.resourceVersion
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error
    return await create()
  }
}
