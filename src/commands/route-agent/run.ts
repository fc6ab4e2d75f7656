// A route agent from start to end. When it ends, everything in the kernel stays: the data path outlives it.
import { runAnswers } from './answer.ts'
import { runNode } from './node.ts'
import { runReport } from './report.ts'
import { openState, storesEnded } from './state.ts'
import type { RouteAgentWorld } from './world.ts'

/** Runs until the world's signal. */
export async function runRouteAgent(world: RouteAgentWorld): Promise<void> {
  const state = openState(world)
  const report = runReport(state)
  const answers = runAnswers(state)
  const node = runNode(state, () => {
    report.kick()
    const isReady = state.plan !== undefined && !state.isFailing
    world.observe({ isReady, routes: state.plan?.routes.length ?? 0, passes: node.passes, status: report.status })
  })
  await Promise.all([node.ended, report.ended, answers.ended, storesEnded(state)])
}
