// How names of the clusterset are answered in a cluster, and whether that is set up.
import { DNS_WORKLOAD } from '../../model/names.ts'
import type { Verdict } from '../check.ts'
import type { CheckContext } from '../subject.ts'
import { deploymentProblems, serviceAgents } from './agents.ts'

/** Of a difference the lines that name objects: what changes in them stands below, indented. */
const titlesOf = (changes: readonly string[]): readonly string[] => changes.filter((line) => !line.startsWith(' '))

/** SUB0635. */
export async function namesSetUp(context: CheckContext): Promise<Verdict> {
  const agents = await serviceAgents(context)
  if (typeof agents === 'string') return { is: 'skipped', reason: agents }
  const { mode, why, changes, notes } = await context.names()
  if (mode === 'none') return { is: 'skipped', reason: `nobody of ours answers names here (${why})` }
  if (changes.length > 0)
    return {
      is: 'failed',
      reason: `the cluster’s DNS is not as join sets it up for ${mode}: ${titlesOf(changes).join(', ')}`,
      hint: 'see all of it with `subctl join ... --plan`, and run it again without --plan',
    }
  const note = [`${mode}: ${why}`, ...notes.slice(0, 1)].join('; ')
  if (mode === 'multicluster') return { is: 'ok', note }
  const deployment = await context.api.get('Deployment', DNS_WORKLOAD, context.namespace)
  const problems = deployment === undefined ? [`there is no Deployment ${DNS_WORKLOAD}`] : await deploymentProblems(context, deployment)
  return problems.length === 0
    ? { is: 'ok', note }
    : {
        is: 'failed',
        reason: problems.join('; '),
        hint: `see \`kubectl -n ${context.namespace} describe pods -l app=${DNS_WORKLOAD}\` and their logs`,
      }
}
