// How names of the clusterset are answered in a cluster, and whether that is set up.
import { DNS_WORKLOAD } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import type { Verdict } from '../check.ts'
import type { CheckContext } from '../subject.ts'
import { deploymentProblems, serviceAgents } from './agents.ts'
import type { NamesSetup } from './names-setup.ts'

/** Of a difference the lines that name objects: what changes in them stands below, indented. */
const titlesOf = (changes: readonly string[]): readonly string[] => changes.filter((line) => !line.startsWith(' '))

const JOIN_AGAIN = 'run `subctl join broker-info.subm --cluster-id NAME` again'

/** Nobody but a person sets names up: what is to be written, whole. */
const leftToHand = (byHand: string, changes: readonly string[]): Verdict => ({
  is: 'warning',
  reason: `names of the clusterset are not set up, which is left to you: ${byHand}`,
  hint: ['set them up by hand (docs/helm.md, “Names of services”):', ...changes].join('\n        '),
})

/** Why pods cannot find names here; undefined where they should. */
export function unsetNames({ mode, why, changes, byHand }: NamesSetup): string | undefined {
  if (byHand !== undefined && changes.length > 0) return `names are not set up here (SUB0635): ${byHand}`
  return mode === 'none' ? `nobody of ours answers names here (${why})` : undefined
}

/** SUB0635. */
export async function namesSetUp(context: CheckContext): Promise<Verdict> {
  const agents = await serviceAgents(context)
  if (typeof agents === 'string') return { is: 'skipped', reason: agents }
  const { mode, why, changes, notes, byHand } = await context.names()
  if (byHand !== undefined && changes.length > 0 && mode === 'none') return leftToHand(byHand, changes)
  if (mode === 'none') return { is: 'skipped', reason: `nobody of ours answers names here (${why})` }
  const deployment = mode === 'own' ? await context.api.get('Deployment', DNS_WORKLOAD, context.namespace) : undefined
  const missing = mode === 'own' ? await missingOf(context, deployment) : []
  if (missing.length > 0)
    return {
      is: 'failed',
      reason: missing.join('; '),
      hint: byHand === undefined ? JOIN_AGAIN : 'run `helm upgrade` with the values of then',
    }
  if (byHand !== undefined && changes.length > 0) return leftToHand(byHand, changes)
  if (changes.length > 0)
    return {
      is: 'failed',
      reason: `the cluster’s DNS is not as join sets it up for ${mode}: ${titlesOf(changes).join(', ')}`,
      hint: 'see all of it with `subctl join ... --plan`, and run it again without --plan',
    }
  const problems = deployment === undefined ? [] : await deploymentProblems(context, deployment)
  if (problems.length === 0) return { is: 'ok', note: [`${mode}: ${why}`, ...notes.slice(0, 1)].join('; ') }
  return {
    is: 'failed',
    reason: problems.join('; '),
    hint: `see \`kubectl -n ${context.namespace} describe pods -l app=${DNS_WORKLOAD}\` and their logs`,
  }
}

/** Objects of our server that are not there. The cluster's DNS forwards to the Service's address, which another one would not have: so this comes first. */
async function missingOf({ api, namespace }: CheckContext, deployment: Resource | undefined): Promise<readonly string[]> {
  const service = await api.get('Service', DNS_WORKLOAD, namespace)
  return [
    ...(service === undefined ? [`there is no Service ${DNS_WORKLOAD}, which the cluster’s DNS forwards these names to`] : []),
    ...(deployment === undefined ? [`there is no Deployment ${DNS_WORKLOAD}`] : []),
  ]
}
