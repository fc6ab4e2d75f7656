// When a member was last seen on its broker. Members send no heartbeat: each source says what it is worth.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { listFound, type ServedKind } from '../../k8s/discover.ts'
import { CLUSTER_LABEL, memberAccount } from '../../model/names.ts'
import type { Clock } from '../../system/clock.ts'
import { textAt } from '../tree.ts'

export interface Sighting {
  /** RFC 3339, or a day. */
  readonly when: string
  readonly what: string
}

const KINDS: readonly ServedKind[] = [
  { apiVersion: 'submariner.io/v1', kind: 'Cluster', plural: 'clusters', namespaced: true },
  { apiVersion: 'submariner.io/v1', kind: 'Endpoint', plural: 'endpoints', namespaced: true },
]
/** Where an API server writes down, once a day, that the token of an account's Secret was used. */
const LAST_USED = 'kubernetes.io/legacy-token-last-used'
/** An engine that is alive takes away what it has not written into its own object. */
const QUESTION = 'submariner.io/are-you-there'

/** What the broker knows of the member's last signs of life, the newest first. */
export async function lastSeen(api: KubeApi, clusterId: string, namespace: string): Promise<readonly Sighting[]> {
  const lists = await Promise.all(KINDS.map((kind) => listFound(api, kind, { namespace, labelSelector: `${CLUSTER_LABEL}=${clusterId}` })))
  const writes = lists.flat().flatMap(({ kind, metadata, managed }): readonly Sighting[] => {
    const what = `${kind} ${metadata.name} was written`
    const times = managed.flatMap(({ time, fields }) => (time === undefined || isQuestion(fields) ? [] : [{ when: time, what }]))
    return times.length > 0 ? times : [{ when: metadata.creationTimestamp ?? '', what: `${kind} ${metadata.name} was created` }]
  })
  const used = await tokenUsed(api, clusterId, namespace)
  const seen = [...writes, ...(used === undefined ? [] : [{ when: used, what: 'its token was used (the API server notes the day)' }])]
  return seen.filter(({ when }) => when !== '').toSorted((a, b) => (a.when < b.when ? 1 : -1))
}

const isQuestion = (fields: unknown): boolean => JSON.stringify(fields ?? null).includes(QUESTION)

async function tokenUsed(api: KubeApi, clusterId: string, namespace: string): Promise<string | undefined> {
  try {
    const secrets = await api.list('Secret', { namespace, labels: { [CLUSTER_LABEL]: clusterId } })
    const own = secrets.items.find(
      (secret) => secret.metadata.annotations?.['kubernetes.io/service-account.name'] === memberAccount(clusterId),
    )
    return own?.metadata.labels?.[LAST_USED]
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return undefined
    throw error
  }
}

export type Answer = 'answers' | 'silent' | 'cannot be asked'

/**
 * Asks the member itself: an annotation is put on its Cluster object on the broker, which a gateway that is alive takes away within a second or two.
 * Other members do not see it. What nobody took away is taken away in the end. Throws where the signal comes first.
 */
export async function askMember(
  api: KubeApi,
  member: { readonly name: string; readonly namespace: string },
  { clock, signal, waitMs }: { readonly clock: Clock; readonly signal: AbortSignal; readonly waitMs: number },
): Promise<Answer> {
  const { name, namespace } = member
  const annotate = (value: string | null) => api.patch('Cluster', name, namespace, { metadata: { annotations: { [QUESTION]: value } } })
  const isAsked = async (): Promise<boolean> =>
    textAt(await api.get('Cluster', name, namespace), 'metadata', 'annotations', QUESTION) !== undefined
  if ((await api.get('Cluster', name, namespace)) === undefined) return 'cannot be asked'
  await annotate(new Date(clock.now()).toISOString())
  for (const until = clock.now() + waitMs; clock.now() < until && !signal.aborted; await clock.sleep(250, signal))
    if (!(await isAsked())) return 'answers'
  await annotate(null)
  // Who did not wait for the answer has none.
  signal.throwIfAborted()
  return 'silent'
}
