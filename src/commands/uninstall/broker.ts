// The broker as an uninstall sees it: by the broker file, on the same cluster, or with the member's own credential, whichever gets furthest.
import { BROKER_FILE, type BrokerInfo, readBrokerInfo } from '../../broker/info.ts'
import { brokerFault } from '../../install/broker-view.ts'
import { type MemberObjects, memberIdOf, readMember, removeMember } from '../../install/remove/member.ts'
import type { Inventory } from '../../install/remove/read.ts'
import type { Left } from '../../install/remove/remove.ts'
import { fixedAccess } from '../../k8s/access.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { messageOf } from '../../model/errors.ts'
import { CLUSTER_UID } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import { readBrokerFile } from '../broker-file.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { leaveShared } from '../discovery/leave-shared.ts'
import type { Subject } from '../look/subjects.ts'

export interface BrokerFile {
  readonly path: string
  readonly info: BrokerInfo
}

/** The file that was named, or the usual one where it is there. */
export async function brokerFile(context: Context, given: Given, at = 0): Promise<BrokerFile | undefined> {
  const named = given.args[at]
  const path = named ?? BROKER_FILE
  if (named === undefined && (await context.files.readIfThere(path)) === undefined) return undefined
  return { path, info: readBrokerInfo(await readBrokerFile(context, path)) }
}

export const openFile = async (context: Context, { info }: BrokerFile): Promise<KubeApi> => {
  const { brokerUrl, token, ca } = info
  return (await context.kube({ access: fixedAccess(brokerUrl, { token, ...(ca !== '' && { ca }) }) })).within(REQUEST_MS)
}

const REQUEST_MS = 10_000

/** One way to the broker, and what is to be removed by it. */
export interface BrokerWay {
  readonly by: string
  readonly api: KubeApi
  readonly member: MemberObjects
  readonly clusterId: string
  /** Of the broker. */
  readonly namespace: string
  /** What leads `subctl forget CLUSTER` there; undefined where that has no such way. */
  readonly forget: string | undefined
}
export interface BrokerPlan {
  /** Undefined where no way leads there, or the cluster knows no broker. */
  readonly way: BrokerWay | undefined
  /** Ways to brokers that the cluster's settings do not name any more, and that have something of it still. */
  readonly former: readonly BrokerWay[]
  /** Why a way was not taken, or not all is seen. */
  readonly faults: readonly string[]
  /** Whether the cluster may have something there that nobody could look at. */
  readonly isUnknown: boolean
  /** What leads `subctl forget CLUSTER` there by a way that was only not answered; undefined where none was. */
  readonly later?: string
}

/** A way that may be tried. */
interface Path extends Pick<BrokerWay, 'by' | 'forget'> {
  readonly namespace: string
  readonly open: () => Promise<KubeApi>
  /** Whether it leads to the very broker of which the cluster is a member, so that nothing found there is nothing left. */
  readonly isMembers: () => Promise<boolean>
  /** Whether it may do so though its address is another one: the same authority vouches for both. */
  readonly isLikely?: boolean
}

/** Finds the best way, and reads what the member has there. Never throws because of a broker. */
export async function planBroker(
  context: Context,
  file: BrokerFile | undefined,
  { subject, inventory }: { readonly subject: Subject; readonly inventory: Inventory },
): Promise<BrokerPlan> {
  const faults: string[] = []
  const unanswered: string[] = []
  let best: BrokerWay | undefined
  let isKnown = false
  const { current, others } = await sorted(pathsTo(context, file, { subject, inventory }))
  // Where no settings name a broker, any that has something of the cluster is its own.
  const isNamed = inventory.broker !== undefined
  for (const path of isNamed ? current : others) {
    const found = await attempt(path, inventory, { faults, unanswered })
    if (found === undefined) continue
    const isBetter = best === undefined || (best.member.objects.length === 0 && found.member.objects.length > 0)
    if (isBetter) best = found
    if (found.member.unseen.length > 0) continue
    isKnown = isNamed || found.member.objects.length > 0
    if (isKnown) break
  }
  const former: BrokerWay[] = []
  for (const path of isNamed ? others : []) {
    const found = await attempt(path, inventory, { faults, unanswered })
    if (found?.member.objects.some(({ metadata }) => metadata.annotations?.[CLUSTER_UID] === inventory.clusterUid) !== true) continue
    // The same broker by another address: this way sees more than the cluster's own credential, or is the only one that works from here.
    if (hasSame(best, found) || (best === undefined && path.isLikely === true)) [best, isKnown] = [found, true]
    else if (!former.some((one) => hasSame(one, found))) former.push(found)
  }
  const hasAgents = inventory.agents.ours.length > 0
  if (best === undefined && !hasAgents && !isNamed) return { way: undefined, former, faults: [], isUnknown: false }
  if (best === undefined && faults.length === 0) faults.push('nothing tells where the broker is')
  // A credential that is taken, but sees not all, has an account there for sure.
  const isSeen = best !== undefined && best.member.objects.length + best.member.unseen.length > 0
  const [later] = unanswered
  return { way: best, former, faults, isUnknown: !isKnown && !isSeen && faults.length > 0, ...(later !== undefined && { later }) }
}

/** Those to the broker that the cluster's settings name, and those to others: it may have moved from one to another. */
async function sorted(paths: readonly Path[]): Promise<{ readonly current: readonly Path[]; readonly others: readonly Path[] }> {
  const marked = await Promise.all(paths.map(async (path) => ({ path, isCurrent: await path.isMembers() })))
  const those = (wanted: boolean): readonly Path[] => marked.flatMap(({ path, isCurrent }) => (isCurrent === wanted ? [path] : []))
  return { current: those(true), others: those(false) }
}

function hasSame(a: BrokerWay | undefined, b: BrokerWay): boolean {
  const uids = a?.member.objects.map(({ metadata }) => metadata.uid) ?? []
  return b.member.objects.some(({ metadata: { uid } }) => uid !== undefined && uids.includes(uid))
}

function pathsTo(
  context: Context,
  file: BrokerFile | undefined,
  { subject: { api, name }, inventory }: { readonly subject: Subject; readonly inventory: Inventory },
): readonly Path[] {
  const { broker, brokerSpace } = inventory
  const own = {
    by: 'the cluster’s own credential',
    forget: undefined,
    open: () => openOwn(context, inventory),
    isMembers: async () => true,
  }
  const here: Omit<Path, 'namespace'> = {
    by: 'the broker on this cluster',
    forget: `--context ${name === 'current' ? '"$(kubectl config current-context)"' : name}`,
    open: async () => api,
    isMembers: async () => broker?.namespace === brokerSpace.name && (await isAuthority(api, brokerSpace.name, broker.ca)),
  }
  return [
    ...(brokerSpace.object === undefined ? [] : [{ ...here, namespace: brokerSpace.name }]),
    ...(file === undefined ? [] : [pathOf(context, file, broker)]),
    ...(broker === undefined ? [] : [{ ...own, namespace: broker.namespace }]),
  ]
}

const pathOf = (context: Context, file: BrokerFile, broker: Inventory['broker']): Path => ({
  by: `the broker file ${file.path}`,
  forget: file.path,
  namespace: file.info.namespace,
  open: () => openFile(context, file),
  isMembers: async () => broker?.namespace === file.info.namespace && hostOf(broker.server) === hostOf(file.info.brokerUrl),
  isLikely: (broker?.ca.trim() ?? '') !== '' && broker?.ca.trim() === file.info.ca.trim(),
})

/** What is the same however an address is written. */
const hostOf = (url: string): string => (URL.parse(url.includes('://') ? url : `https://${url}`)?.href ?? url).replace(/\/$/, '')

/** Whether a member that trusts this authority has its broker on this cluster: each cluster puts its own beside the tokens that it makes. */
async function isAuthority(api: KubeApi, namespace: string, ca: string): Promise<boolean> {
  const secrets = await api.list('Secret', { namespace }).catch(() => ({ items: [] }))
  const plain = (text: string | undefined): string =>
    Buffer.from(text ?? '', 'base64')
      .toString('utf8')
      .trim()
  return ca !== '' && secrets.items.some(({ data }) => plain(data?.['ca.crt']) === ca.trim())
}

interface Tries {
  readonly faults: string[]
  /** `forget` of the ways that failed without a refusal. */
  readonly unanswered: string[]
}
async function attempt(path: Path, { clusterId: known, clusterUid }: Inventory, tries: Tries): Promise<BrokerWay | undefined> {
  const { faults, unanswered } = tries
  const { by, forget, namespace } = path
  let server = ''
  try {
    const api = await path.open()
    server = api.server
    // Where nothing on the cluster tells its id any more, the broker may.
    const clusterId = known ?? (await memberIdOf(api, namespace, clusterUid))
    if (clusterId === undefined) return undefined
    const member = await readMember(api, { clusterId, clusterUid, namespace })
    if (member.foreign === undefined) return { by, api, member, clusterId, namespace, forget }
    faults.push(`${by}: there "${clusterId}" is another cluster`)
  } catch (error) {
    if (forget !== undefined && !isRefusal(error)) unanswered.push(forget)
    faults.push(
      `${by}: ${forget === undefined && isRefusal(error) ? `the broker at ${server} refuses it` : messageOf(brokerFault(error, server, namespace))}`,
    )
  }
  return undefined
}

const isRefusal = (error: unknown): boolean => error instanceof ApiError && (error.code === 401 || error.code === 403)

async function openOwn(context: Context, { broker }: Inventory): Promise<KubeApi> {
  if (broker === undefined || broker.token === '') throw new Error('it is not there')
  const { server, token, ca } = broker
  return (await context.kube({ access: fixedAccess(server, { token, ...(ca !== '' && { ca }) }) })).within(REQUEST_MS)
}

/** Its objects on the broker, and on those before that one; each with the way. */
export const planned = ({ way, former }: BrokerPlan): readonly { readonly object: Resource; readonly on: string; readonly by: string }[] =>
  [...(way === undefined ? [] : [{ way, on: 'the broker' }]), ...former.map((one) => ({ way: one, on: 'a former broker' }))].flatMap(
    ({ way: { member, by }, on }) => member.objects.map((object) => ({ object, on, by })),
  )

/** Removes what was found there, from former brokers too; returns what remains on one of them, or may. */
export async function leaveBroker(plan: BrokerPlan, progress: (text: string) => void): Promise<readonly Left[]> {
  const { way, former, faults, isUnknown } = plan
  const left: Left[] = []
  for (const one of former) left.push(...(await leaveBy(one, (text) => progress(`${text} (a former one, by ${one.by})`))))
  if (isUnknown) return [...left, { object: 'what the cluster has on the broker', why: faults.join('; '), isLate: false, isUnknown }]
  return way === undefined ? left : [...left, ...(await leaveBy(way, progress))]
}

async function leaveBy(way: BrokerWay, progress: (text: string) => void): Promise<readonly Left[]> {
  const left = [...(await leaveServices(way, progress)), ...(await removeMember(way.api, way.member, progress))]
  const { unseen } = way.member
  if (unseen.length === 0) return left
  return [...left, { object: `${unseen.join(', ')} of the cluster on the broker`, why: `${way.by} has no right to them`, isLate: false }]
}

async function leaveServices({ api, member, clusterId, namespace }: BrokerWay, progress: (text: string) => void): Promise<readonly Left[]> {
  if (member.shared.length === 0) return []
  try {
    await leaveShared(api, { clusterId, namespace }, progress)
    return []
  } catch (error) {
    // They went with the broker.
    if (error instanceof ApiError && error.code === 404) return []
    return [{ object: 'its part of the services that clusters share on the broker', why: messageOf(error), isLate: false }]
  }
}
