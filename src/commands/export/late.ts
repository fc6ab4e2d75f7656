// Why an agent of services is late, as far as that can be seen from here.
import { deploymentProblems } from '../../checks/services/agents.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { DISCOVERY_WORKLOAD, NAMESPACE } from '../../model/names.ts'
import type { ClusterSteps } from './steps.ts'
import type { Effect } from './wait.ts'

/** A cluster's pods are not asked for longer. */
const LOOK_MS = 5_000

/** The same, those that still wait with what ails their cluster's agent, where something is seen to. */
export async function withCauses(effects: readonly Effect[], clusters: readonly ClusterSteps[]): Promise<readonly Effect[]> {
  const late = new Set(effects.flatMap(({ state, context }) => (state === 'waiting' ? [context] : [])))
  const looked = clusters
    .filter(({ subject }) => late.has(subject.name))
    .map(async ({ subject }) => [subject.name, await causeOf(subject.api.within(LOOK_MS))] as const)
  const causes = new Map(await Promise.all(looked))
  return effects.map((effect) => {
    const cause = effect.state === 'waiting' ? causes.get(effect.context) : undefined
    return cause === undefined ? effect : { ...effect, cause }
  })
}

/** A leader that does not get on, such as one without its broker, is not ready, and its log has why. Who may not look does not know: undefined. */
async function causeOf(api: KubeApi): Promise<string | undefined> {
  try {
    const deployment = await api.get('Deployment', DISCOVERY_WORKLOAD, NAMESPACE)
    if (deployment === undefined) return undefined
    const problems = await deploymentProblems({ api, namespace: NAMESPACE }, deployment)
    return problems.length === 0 ? undefined : problems.join('; ')
  } catch (error) {
    if (error instanceof ApiError) return undefined
    throw error
  }
}
