// The agents of services across clusters in one cluster: whether there are any, and whether they do their work.
import { isRecord } from '../../k8s/answers.ts'
import { DISCOVERY_LEASE, DISCOVERY_WORKLOAD, ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { Lease, Pod, Resource } from '../../model/resources.ts'
import type { Verdict } from '../check.ts'
import { sayPod } from '../installed/workloads.ts'
import { isRenewed } from '../lease.ts'
import { isReady } from '../pods/pod-state.ts'
import type { CheckContext } from '../subject.ts'

/** What there is of them. */
export interface ServiceAgents {
  readonly deployment: Resource | undefined
  readonly lease: Lease | undefined
}

export const NO_AGENTS = 'services are not exchanged here (`subctl join ... --service-discovery true`)'

/** The agents of services; text: why there are none. */
export async function serviceAgents(context: CheckContext): Promise<ServiceAgents | string> {
  const { api, namespace } = context
  const [{ settings }, deployment, lease, routeAgents] = await Promise.all([
    context.look(),
    api.get('Deployment', DISCOVERY_WORKLOAD, namespace),
    api.get('Lease', DISCOVERY_LEASE, namespace),
    api.get('DaemonSet', ROUTE_AGENT_WORKLOAD, namespace),
  ])
  if (settings.SUBMARINER_SERVICEDISCOVERY === 'false') return 'the cluster has joined with --service-discovery false'
  const isExpected = settings.SUBMARINER_SERVICEDISCOVERY === 'true' && routeAgents !== undefined
  return deployment === undefined && lease === undefined && !isExpected ? NO_AGENTS : { deployment, lease }
}

/** Whether the pods of a Deployment are ready: how many, and each that is not with its reason. */
export async function podsOf(
  context: Pick<CheckContext, 'api' | 'namespace'>,
  app: string,
): Promise<{ readonly pods: readonly Pod[]; readonly problems: readonly string[] }> {
  const { items } = await context.api.list('Pod', { namespace: context.namespace, labels: { app } })
  const pods = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return { pods, problems: await Promise.all(pods.filter((pod) => !isReady(pod)).map((pod) => sayPod(context, pod))) }
}

/** Pods that a Deployment is to have. */
export function replicasOf(deployment: Resource): number {
  const spec: unknown = Reflect.get(deployment, 'spec')
  return isRecord(spec) && typeof spec.replicas === 'number' ? spec.replicas : 1
}

/** Whether the Deployment has all its pods ready; the words of what is wrong. */
export async function deploymentProblems(
  context: Pick<CheckContext, 'api' | 'namespace'>,
  deployment: Resource,
): Promise<readonly string[]> {
  const { pods, problems } = await podsOf(context, deployment.metadata.name)
  const wanted = replicasOf(deployment)
  const ready = pods.length - problems.length
  return ready >= wanted || problems.length > 0 ? problems : [`${ready} of ${wanted} pods of ${deployment.metadata.name} are ready`]
}

/** SUB0634: ready pods, one of which leads and renews its lease. */
export async function agentsLead(context: CheckContext, signal: AbortSignal): Promise<Verdict> {
  const agents = await serviceAgents(context)
  if (typeof agents === 'string') return { is: 'skipped', reason: agents }
  const { deployment, lease } = agents
  const hint = `see \`kubectl -n ${context.namespace} describe pods -l app=${DISCOVERY_WORKLOAD}\` and their logs`
  if (deployment === undefined && lease === undefined)
    return {
      is: 'failed',
      reason: `there is no Deployment ${DISCOVERY_WORKLOAD}`,
      hint: 'run `subctl join broker-info.subm --cluster-id NAME` again',
    }
  const problems = deployment === undefined ? [] : await deploymentProblems(context, deployment)
  if (problems.length > 0) return { is: 'failed', reason: problems.join('; '), hint }
  const holder = lease?.spec?.holderIdentity ?? ''
  if (lease === undefined || holder === '') return { is: 'failed', reason: 'no agent holds the lease', hint }
  if (!(await isRenewed(context, lease, signal)))
    return { is: 'failed', reason: `${holder} holds the lease and does not renew it: exports and imports stay as they are`, hint }
  return { is: 'ok', note: holder }
}
