// What one member has on its broker: what it publishes, its account, rights and token.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { messageOf } from '../../model/errors.ts'
import { type Kind, kindOf } from '../../model/kinds.ts'
import { TIMESTAMP_PREFIX } from '../../model/mcs.ts'
import { CLUSTER_LABEL, CLUSTER_UID } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import { titleOf } from '../apply/report.ts'
import type { Left } from './remove.ts'

export interface MemberAt {
  readonly clusterId: string
  /** The broker's. */
  readonly namespace: string
  /** uid of the cluster's namespace kube-system: objects of another cluster of the same id are not touched. Undefined: whoever has the id. */
  readonly clusterUid: string | undefined
}
export interface MemberObjects {
  /** In the order they go: rights and account first, so that a gateway that is alive writes nothing again; the Cluster last, by which a run that broke off is taken up again. */
  readonly objects: readonly Resource[]
  /** ServiceImports that it shares with others: its entry goes from them. */
  readonly shared: readonly Resource[]
  /** Kinds that this credential may not even see. */
  readonly unseen: readonly string[]
  /** uid of another cluster that has the id there. */
  readonly foreign: string | undefined
}

const SERVICES = ['EndpointSlice', 'ServiceImport'] as const satisfies readonly Kind[]
const PUBLISHED = ['Endpoint', 'Cluster'] as const satisfies readonly Kind[]
const ACCOUNT = ['RoleBinding', 'Secret', 'ServiceAccount'] as const satisfies readonly Kind[]

/** Which id the cluster of this uid has there; undefined where it has none, or it is not to be seen. */
export async function memberIdOf(api: KubeApi, namespace: string, clusterUid: string): Promise<string | undefined> {
  const labels = { [CLUSTER_LABEL]: '' }
  const lists = await Promise.all((['ServiceAccount', 'Cluster'] as const).map((kind) => api.list(kind, { namespace, labels })))
  const own = lists
    .flatMap(({ items }): readonly Resource[] => items)
    .find(({ metadata }) => metadata.annotations?.[CLUSTER_UID] === clusterUid)
  return own?.metadata.labels?.[CLUSTER_LABEL]
}

export async function readMember(api: KubeApi, { clusterId, namespace, clusterUid }: MemberAt): Promise<MemberObjects> {
  const unseen: string[] = []
  const lists = await Promise.all(
    [...ACCOUNT, ...SERVICES, ...PUBLISHED].map(async (kind): Promise<readonly Resource[]> => {
      try {
        return (await api.list(kind, { namespace, labels: { [CLUSTER_LABEL]: clusterId } })).items
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        // Without our CRDs it is no broker any more.
        if (error.code === 404) return []
        if (error.code !== 403 || isPublished(kind)) throw error
        // The file of a broker from before there were services.
        if (isService(kind)) return []
        unseen.push(kind)
        return []
      }
    }),
  )
  const all = lists.flat()
  const uidOf = ({ metadata }: Resource): string | undefined => metadata.annotations?.[CLUSTER_UID]
  const foreign = clusterUid === undefined ? undefined : all.map(uidOf).find((uid) => uid !== undefined && uid !== '' && uid !== clusterUid)
  const isOurs = (object: Resource): boolean => {
    const uid = uidOf(object)
    if (foreign === undefined) return true
    // Beside another cluster's account its rights and token are that one's.
    return uid === clusterUid
  }
  return { objects: all.filter(isOurs), shared: foreign === undefined ? await sharedWith(api, clusterId, namespace) : [], unseen, foreign }
}
const isService = (kind: Kind): boolean => SERVICES.some((one) => one === kind)

async function sharedWith(api: KubeApi, clusterId: string, namespace: string): Promise<readonly Resource[]> {
  const all = await api.list('ServiceImport', { namespace }).catch((error: unknown) => {
    if (error instanceof ApiError && (error.code === 403 || error.code === 404)) return { items: [] }
    throw error
  })
  return all.items.filter(
    ({ metadata: { labels, annotations }, status }) =>
      labels?.[CLUSTER_LABEL] === undefined &&
      (annotations?.[`${TIMESTAMP_PREFIX}${clusterId}`] !== undefined ||
        status?.clusters?.some(({ cluster }) => cluster === clusterId) === true),
  )
}
const isPublished = (kind: Kind): boolean => PUBLISHED.some((one) => one === kind)

/** Removes them; returns what could not be. */
export async function removeMember(api: KubeApi, { objects }: MemberObjects, progress: (text: string) => void): Promise<readonly Left[]> {
  const left: Left[] = []
  for (const object of objects) {
    const { name, namespace, uid } = object.metadata
    try {
      if (await api.remove(kindOf(object), name, namespace, uid === undefined ? {} : { uid }))
        progress(`removed ${titleOf(object)} on the broker`)
    } catch (error) {
      // It went with the broker, or is another one by now.
      if (error instanceof ApiError && (error.code === 404 || error.code === 409)) continue
      left.push({ object: `${titleOf(object)} on the broker`, why: messageOf(error), isLate: false })
    }
  }
  return left
}

/** How long a write that was on its way when the rights went is waited for, and how often what came of it is removed. */
const AGAIN_MS = 1_000
const MOST_AGAIN = 10

/** Removes a member and what a gateway of it writes meanwhile, until there is nothing more; returns what could not be removed. */
export async function removeForGood(
  api: KubeApi,
  at: MemberAt,
  { clock, signal, progress }: { readonly clock: Clock; readonly signal: AbortSignal; readonly progress: (text: string) => void },
): Promise<readonly Left[]> {
  for (let looks = 0; ; looks += 1) {
    const member = await readMember(api, at)
    if (member.objects.length === 0 && looks > 0) return []
    const left = await removeMember(api, member, progress)
    if (left.length > 0) return left
    if (looks === MOST_AGAIN)
      return member.objects.map((object) => ({
        object: `${titleOf(object)} on the broker`,
        why: 'somebody writes it again and again',
        isLate: true,
      }))
    await clock.sleep(AGAIN_MS, signal)
    signal.throwIfAborted()
  }
}
