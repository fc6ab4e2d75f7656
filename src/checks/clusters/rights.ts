// Whether members of a broker can write each other's objects there, and why they can.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL } from '../../model/names.ts'
import type { Cluster } from '../../model/resources.ts'
import type { Verdict } from '../check.ts'
import type { CheckContext } from '../subject.ts'
import { isShared } from './broker-access.ts'

/** SUB0609. Asks the broker, without writing anything, to take an object of a cluster that is not this one: it has to refuse. */
export async function triedAsAnother(context: CheckContext): Promise<Verdict> {
  const { settings, clusterId } = await context.look()
  const broker = await context.broker()
  const another = clusterId === 'subctl-verify' ? 'subctl-verify-2' : 'subctl-verify'
  const object: Cluster = {
    apiVersion: 'submariner.io/v1',
    kind: 'Cluster',
    metadata: {
      name: another,
      namespace: settings.BROKER_K8S_REMOTENAMESPACE ?? BROKER_NAMESPACE,
      labels: { [CLUSTER_LABEL]: another },
    },
    spec: { cluster_id: another, color_codes: ['blue'], cluster_cidr: [], service_cidr: [], global_cidr: [] },
  }
  try {
    await broker.create(object, { dryRun: true })
  } catch (error) {
    if (error instanceof ApiError && (error.code === 403 || error.code === 422)) return { is: 'ok', note: 'refused when tried' }
    throw error
  }
  return {
    is: 'warning',
    reason: `the broker would take an object of cluster "${another}" from cluster "${clusterId}": rights are shared`,
    hint: await sharedHint(context, broker),
  }
}

const POLICY_SINCE = 30

/** A token that all have counts as each of them; else what is lacking is the policy, or an API server that knows policies. */
async function sharedHint(context: CheckContext, broker: KubeApi): Promise<string> {
  const [own, ...others] = await Promise.all(
    [context, ...context.all.filter((other) => other !== context)].map((one) => one.credential().catch(() => undefined)),
  )
  if (own !== undefined && (isShared(own) || others.some((other) => other?.digest === own.digest)))
    return 'all clusters use one token: give each its own, by `subctl join broker-info.subm --cluster-id NAME` or by `clusters` in the values of the broker’s chart'
  const text = await broker.raw('/version').catch(() => '')
  const minor = /"gitVersion":\s*"v1\.(\d+)/.exec(text)?.[1]
  return minor !== undefined && Number(minor) < POLICY_SINCE
    ? `the broker is Kubernetes 1.${minor}: move it to 1.${POLICY_SINCE} or later, or to \`subctl serve-broker\`, and run \`subctl deploy-broker\` again`
    : 'the broker’s policy submariner-broker-own-objects is not in force: run `subctl deploy-broker` again'
}
