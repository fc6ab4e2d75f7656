// The loop that brings this node's kernel to its plan: when the API's objects or the kernel change, and from time to time.
import { isNews } from '../../dataplane/kernel/echoes.ts'
import { focusOf, isNothing } from '../../dataplane/kernel/focus.ts'
import { planNode } from '../../dataplane/node/plan.ts'
import type { NodePlan } from '../../dataplane/node/state.ts'
import { messageOf } from '../../model/errors.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { openRefusals } from '../agent/refusals.ts'
import { isKnown, type RouteAgentState } from './state.ts'
import { nodeIpOf, podCidrsOf, viewOf } from './view.ts'
import type { RouteAgentWorld } from './world.ts'

/** Deletions that the kernel does not tell of, such as those of packet filter rules, are noticed within this time. */
const RESYNC_MS = 10_000

/** Sets view and plan from the API's objects, and the machine where it is to be asked anew. Gives the reason where too little is known for a plan. */
export async function lookAround(state: RouteAgentState, { isAnew }: { readonly isAnew: boolean }): Promise<string | undefined> {
  const { world, stores } = state
  const { settings } = world
  if (!isKnown(state)) return 'the first lists of the API have not come yet'
  const nodes = stores.nodes.all()
  const own = nodes.find(({ metadata }) => metadata.name === settings.nodeName)
  const nodeIp = nodeIpOf(own)
  if (nodeIp === undefined) return `there is no Node "${settings.nodeName}" with an InternalIP`
  const { remotes } = state.remoteView()
  if (isAnew || state.facts?.nodeIp !== nodeIp)
    state.facts = { nodeIp, found: await world.facts({ nodeIp, nodePodCidrs: podCidrsOf(own, settings.podCidrs) }) }
  const { found: facts } = state.facts
  state.view = viewOf({ settings, nodes, endpoints: stores.endpoints.all(), remotes, nodeIp, facts })
  state.plan = planNode(state.view)
  return undefined
}

/** `after` is called when a pass has ended, in whichever way. */
export function runNode(state: RouteAgentState, after: () => void): Loop {
  const { world } = state
  const { clock, log, signal } = world
  const sayRefused = openRefusals(log)
  let done: { readonly plan: NodePlan; readonly allAtMs: number } | undefined
  let isKernelDirty = false
  const pass = async (): Promise<void> => {
    try {
      const isAnew = done === undefined || isKernelDirty || clock.now() - done.allAtMs >= RESYNC_MS
      isKernelDirty = false
      const obstacle = await lookAround(state, { isAnew })
      state.failure = obstacle ?? (state.view?.role === 'none' ? 'no active gateway of this cluster is known' : '')
      if (obstacle !== undefined || state.plan === undefined) return
      sayRefused(state.remoteView().refused)
      state.isFailing = false
      const [plan, focus] = [state.plan, isAnew || done === undefined ? undefined : focusOf(done.plan, state.plan)]
      if (focus === undefined || !isNothing(focus)) for (const line of await world.node.reconcile(plan, focus)) log.info(line)
      done = { plan, allAtMs: focus === undefined || done === undefined ? clock.now() : done.allAtMs }
    } catch (error) {
      done = undefined
      state.isFailing = true
      state.failure = messageOf(error)
      throw error
    } finally {
      after()
    }
  }
  const options = { clock, log, signal, resyncMs: RESYNC_MS, backoff: { firstMs: 500, mostMs: 10_000 }, gatherMs: 20, leastRestMs: 50 }
  const loop = runLoop(pass, { ...options, name: 'node' })
  state.onChange.node = loop.kick
  const changed = (): void => {
    isKernelDirty = true
    loop.kick()
  }
  world.onKernelChange(changed, (line) => isNews(line, state.plan))
  return loop
}

/** One pass, once the API has answered: what `--once` and `--dry-run` make. Throws where the kernel cannot be planned. */
export async function passOnce(state: RouteAgentState, act: (world: RouteAgentWorld) => Promise<void>): Promise<void> {
  const { clusters, endpoints, nodes } = state.stores
  await Promise.all([clusters.ready, endpoints.ready, nodes.ready])
  const obstacle = await lookAround(state, { isAnew: true })
  if (obstacle !== undefined) throw new Error(obstacle)
  await act(state.world)
}
