// Which versions of the Multi-Cluster Services API a cluster serves: each has readers of its own.
import { isRecord, parseJson } from '../../k8s/answers.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import type { Verdict } from '../check.ts'
import type { CheckContext } from '../subject.ts'
import { serviceAgents } from './agents.ts'

const GROUP = 'multicluster.x-k8s.io'
/** What our agents read and write. */
const OURS = ['serviceexports', 'serviceimports'] as const
/** The only version that CoreDNS reads. */
const DNS_VERSION = 'v1alpha1'

/** SUB0633: v1beta1 for our agents, v1alpha1 for CoreDNS and older programs. */
export async function kindsServed(context: CheckContext): Promise<Verdict> {
  const agents = await serviceAgents(context)
  if (typeof agents === 'string') return { is: 'skipped', reason: agents }
  const [beta, alpha] = await Promise.all([served(context.api, 'v1beta1'), served(context.api, DNS_VERSION)])
  const lacking = OURS.filter((kind) => !beta.has(kind))
  if (lacking.length > 0)
    return {
      is: 'failed',
      reason: `the API does not serve ${lacking.join(' and ')} of ${GROUP}/v1beta1`,
      hint: `see who brought in the CRDs: \`kubectl get crd serviceexports.${GROUP} -o yaml\`; \`subctl join\` brings both versions`,
    }
  if (alpha.has('serviceimports')) return { is: 'ok', note: `v1beta1 and ${DNS_VERSION}` }
  const { mode } = await context.names()
  const reason = `the API does not serve serviceimports of ${GROUP}/${DNS_VERSION}`
  const hint = `serve ${DNS_VERSION} in the CRD serviceimports.${GROUP} too, as ours does`
  return mode === 'multicluster'
    ? { is: 'failed', reason: `${reason}: CoreDNS reads no other version, and once it restarts no name is answered`, hint }
    : { is: 'warning', reason: `${reason}: programs that read that version alone see no services`, hint }
}

/** Kinds of the version, by their plurals. */
async function served(api: KubeApi, version: string): Promise<ReadonlySet<string>> {
  try {
    const list = parseJson(await api.raw(`/apis/${GROUP}/${version}`))
    const resources = isRecord(list) && Array.isArray(list.resources) ? list.resources : []
    return new Set(resources.flatMap((one: unknown) => (isRecord(one) && typeof one.name === 'string' ? [one.name] : [])))
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return new Set()
    throw error
  }
}
