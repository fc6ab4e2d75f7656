// What works before pods are replaced: it must work again after each step. What does not is said, and holds nothing up.
import { connectionSteps, speaking } from '../../install/rollout/connections.ts'
import type { Step } from '../../install/rollout/step.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { NAMESPACE } from '../../model/names.ts'
import type { Context } from '../context.ts'
import { say } from '../join/stage.ts'
import { othersOf } from '../join/up.ts'

export interface Before {
  /** Names of the steps of the gateways that were done, such as `leader`. */
  readonly done: ReadonlySet<string>
  /** Other clusters that were connected. */
  readonly clusters: readonly string[]
}

/** What is not well when it begins is given so long. */
const PATIENCE_MS = 15_000
const LOOK_MS = 500

/** Looks until all is well, or for a moment of patience; says what is not. */
export async function healthBefore(context: Context, api: KubeApi, clusterId: string): Promise<Before> {
  const { clock, signal } = context
  const deadline = clock.now() + PATIENCE_MS
  for (;;) {
    const steps = await gatewaySteps(api, clusterId)
    const open = steps.filter(({ state }) => state !== 'ok')
    if (open.length === 0) return beforeOf(steps)
    if (clock.now() >= deadline) {
      for (const { what, text } of open) say(context, `note: not well beforehand, and so not waited for: ${what}: ${text}`)
      return beforeOf(steps)
    }
    await clock.sleep(LOOK_MS, signal)
    signal.throwIfAborted()
  }
}

async function gatewaySteps(api: KubeApi, clusterId: string): Promise<readonly Step[]> {
  const inside = { namespace: NAMESPACE }
  const [gateways, endpoints, pods] = await Promise.all([
    api.list('Gateway', inside),
    api.list('Endpoint', inside),
    api.list('Pod', inside),
  ])
  const expected = othersOf(endpoints.items, clusterId)
  return connectionSteps({ gateways: speaking(gateways.items, pods.items), endpoints: endpoints.items, expected })
}

const CLUSTER = 'cluster '
export function beforeOf(steps: readonly Step[]): Before {
  const done = steps.filter(({ state }) => state === 'ok').map(({ what }) => what)
  return { done: new Set(done), clusters: done.filter((what) => what.startsWith(CLUSTER)).map((what) => what.slice(CLUSTER.length)) }
}

/** Whether a step must be done: pods always, a leader in the end, all else where it was before. */
export function isRequired({ done }: Before, { what }: Step, isEnd: boolean): boolean {
  const isOfGateways = what === 'leader' || what.startsWith('broker from ') || what.startsWith(CLUSTER)
  return !isOfGateways || done.has(what) || (isEnd && what === 'leader')
}
