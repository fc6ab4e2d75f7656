// A member's own credential on the broker: an account, its Role and a token that does not expire, made with the token of the broker file.
import type { KubeApi } from '../k8s/api.ts'
import { ConflictError } from '../k8s/api.ts'
import { ensure } from '../k8s/put.ts'
import { EXIT, UserError } from '../model/errors.ts'
import { CLUSTER_LABEL, CLUSTER_UID, memberAccount } from '../model/names.ts'
import type { Resource, Secret } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import { MEMBER_ROLE } from './rights.ts'

export interface Member {
  readonly clusterId: string
  /** uid of the cluster's namespace kube-system: tells two clusters of one id apart. */
  readonly clusterUid: string
  /** The broker's. */
  readonly namespace: string
}

interface RoleBinding extends Resource {
  readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string }
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
}

/** Plain texts. */
export interface Credential {
  readonly token: string
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string
  readonly namespace: string
}

export interface WaitOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Default: 30 s. */
  readonly timeoutMs?: number
}

export const tokenSecretName = (account: string): string => `${account}-token`

/** The objects of a member's credential, the account first: whoever creates it has the id. */
export function memberObjects({ clusterId, clusterUid, namespace }: Member): readonly [account: Resource, ...rest: Resource[]] {
  const account = memberAccount(clusterId)
  const labels = { [CLUSTER_LABEL]: clusterId }
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: account, namespace, labels, annotations: { [CLUSTER_UID]: clusterUid } },
    },
    roleBinding(account, namespace, labels),
    tokenSecret(account, namespace, labels),
  ]
}

const roleBinding = (account: string, namespace: string, labels: Readonly<Record<string, string>>): RoleBinding => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: `${account}-${MEMBER_ROLE}`, namespace, labels },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: MEMBER_ROLE },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
})

/** A Secret that the broker's API server fills with a token of the account. */
export function tokenSecret(account: string, namespace: string, labels: Readonly<Record<string, string>>): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: tokenSecretName(account),
      namespace,
      labels,
      annotations: { 'kubernetes.io/service-account.name': account, 'kubernetes.io/created-by': 'subctl' },
    },
    type: 'kubernetes.io/service-account-token',
  }
}

/** The uid of the cluster that has the id on this broker; undefined where it is free, "" where its owner did not say. */
export async function memberOwner(api: KubeApi, clusterId: string, namespace: string): Promise<string | undefined> {
  const account = await api.get('ServiceAccount', memberAccount(clusterId), namespace)
  return account && (account.metadata.annotations?.[CLUSTER_UID] ?? '')
}

/** Makes a member's credential and waits until the broker has filled it; tells of each object that is there. Throws a UserError where another cluster has the id. */
export async function makeCredential(
  api: KubeApi,
  member: Member,
  options: WaitOptions & { readonly there?: (object: Resource) => void },
): Promise<Credential> {
  const [account, ...rest] = memberObjects(member)
  await api.create(account).catch(async (error: unknown) => {
    if (!(error instanceof ConflictError)) throw error
    const owner = await memberOwner(api, member.clusterId, member.namespace)
    if (owner !== undefined && owner !== '' && owner !== member.clusterUid)
      throw new UserError('SUB0402', `Cluster id "${member.clusterId}" is taken by another cluster on this broker`)
    await ensure(api, account)
  })
  options.there?.(account)
  for (const object of rest) {
    await ensure(api, object)
    options.there?.(object)
  }
  return waitForToken(api, memberAccount(member.clusterId), member.namespace, options)
}

/** Waits until the account's Secret holds its token. */
export async function waitForToken(api: KubeApi, account: string, namespace: string, options: WaitOptions): Promise<Credential> {
  const { clock, signal, timeoutMs = 30_000 } = options
  const deadline = clock.now() + timeoutMs
  for (;;) {
    const secret = await api.get('Secret', tokenSecretName(account), namespace)
    const { token = '', 'ca.crt': ca = '' } = secret?.data ?? {}
    if (token !== '') return { token: decode(token), ca: decode(ca), namespace }
    signal.throwIfAborted()
    if (clock.now() >= deadline)
      throw new UserError('SUB0303', `The broker has not made a token for ${namespace}/${account}`, { exitCode: EXIT.timedOut })
    await clock.sleep(200, signal)
  }
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8')
