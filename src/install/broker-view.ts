import { ApiError, type KubeApi } from '../k8s/api.ts'
import { EXIT, messageOf, UserError } from '../model/errors.ts'
import { installProblems } from '../model/problems/install.ts'
import type { Resource } from '../model/resources.ts'

/** What other clusters have published on a broker. */
export interface BrokerView {
  readonly clusters: readonly Resource[]
  readonly endpoints: readonly Resource[]
}

/** Reads a broker's namespace. Throws a UserError that says what stands between where it cannot: name, connection, trust, credential or broker. */
export async function readBroker(api: KubeApi, namespace: string, memberRole: string): Promise<BrokerView> {
  try {
    const [clusters, endpoints] = await Promise.all([api.list('Cluster', { namespace }), api.list('Endpoint', { namespace })])
    // Where the kinds are served, the namespace that is not there has an empty list.
    if (!(await hasRole(api, namespace, memberRole))) throw new ApiError(404, 'NotFound', `it has no Role ${memberRole}`)
    return { clusters: clusters.items, endpoints: endpoints.items }
  } catch (error) {
    throw brokerFault(error, api.server, namespace)
  }
}

/** Another program's broker may not let us read its Roles; then it is taken for one. */
async function hasRole(api: KubeApi, namespace: string, role: string): Promise<boolean> {
  try {
    return (await api.get('Role', role, namespace)) !== undefined
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return true
    throw error
  }
}

// Node tells its own users what to do about an unknown authority; it is not what ours can do.
const NODE_ADVICE = /; if the root CA is installed locally, try .*$/
const NAME_CODES = /^(ENOTFOUND|EAI_\w+|ERR_INVALID_URL)$/
const TRUST_CODES = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_MISMATCH/

/** Why a broker cannot be used, by what a request to it failed with. Other errors come back as they are. */
export function brokerFault(error: unknown, server: string, namespace: string): unknown {
  if (!(error instanceof ApiError)) return error
  const fault = (id: `SUB04${string}`, message: string): UserError =>
    new UserError(id, `${message}: ${messageOf(error).replace(`${server}: `, '').replace(NODE_ADVICE, '')}`, {
      exitCode: EXIT.unreachable,
      cause: error,
      ...(installProblems[id] && { hint: installProblems[id].next }),
    })
  if (error.code === 0 && NAME_CODES.test(error.reason)) return fault('SUB0407', `The broker's host name is not found (${server})`)
  if (error.code === 0 && TRUST_CODES.test(error.reason)) return fault('SUB0409', `The broker at ${server} is not trusted (TLS)`)
  if (error.code === 0) return fault('SUB0408', `The broker at ${server} does not answer (TCP)`)
  if (error.code === 401)
    return fault('SUB0410', `The broker at ${server} does not know the credential of the broker file (old, or another broker's)`)
  if (error.code === 403)
    return fault('SUB0410', `The credential of the broker file has not the rights it needs at ${server} (old, or another broker's)`)
  if (error.code === 404 || error.reason === 'NotAnApiServer')
    return fault('SUB0411', `At ${server} there is no broker in namespace ${namespace}`)
  return error
}
