// The broker as an uninstall sees it: by the broker file, on the same cluster, or with the member's own credential, whichever gets furthest.
import { BROKER_FILE, type BrokerInfo, readBrokerInfo } from '../../broker/info.ts'
import { brokerFault } from '../../install/broker-view.ts'
import { type MemberObjects, memberIdOf, readMember, removeMember } from '../../install/remove/member.ts'
import type { Inventory } from '../../install/remove/read.ts'
import type { Left } from '../../install/remove/remove.ts'
import { titleOf } from '../../install/report.ts'
import { fixedAccess } from '../../k8s/access.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { messageOf, UserError } from '../../model/errors.ts'
import type { Resource } from '../../model/resources.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'

export interface BrokerFile {
  readonly path: string
  readonly info: BrokerInfo
}

/** The file that was named, or the usual one where it is there. */
export async function brokerFile({ files }: Context, given: Given, at = 0): Promise<BrokerFile | undefined> {
  const named = given.args[at]
  const path = named ?? BROKER_FILE
  const text = await files.readIfThere(path)
  if (text === undefined && named !== undefined)
    throw new UserError('SUB0305', `The broker file ${path} cannot be read: there is no such file`)
  return text === undefined ? undefined : { path, info: readBrokerInfo(text) }
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
}
export interface BrokerPlan {
  /** Undefined where no way leads there, or the cluster knows no broker. */
  readonly way: BrokerWay | undefined
  /** Why there is none, or not all is seen. */
  readonly faults: readonly string[]
}

/** Finds the best way, and reads what the member has there. Never throws because of a broker. */
export async function planBroker(
  context: Context,
  file: BrokerFile | undefined,
  { api, inventory }: { api: KubeApi; inventory: Inventory },
): Promise<BrokerPlan> {
  const { clusterUid, broker, brokerSpace } = inventory
  const faults: string[] = []
  const attempt = async (by: string, namespace: string, open: () => Promise<KubeApi>): Promise<BrokerWay | undefined> => {
    let server = ''
    try {
      const there = await open()
      server = there.server
      // Where nothing on the cluster tells its id any more, the broker may.
      const clusterId = inventory.clusterId ?? (await memberIdOf(there, namespace, clusterUid))
      if (clusterId === undefined) return undefined
      const member = await readMember(there, { clusterId, clusterUid, namespace })
      if (member.foreign === undefined) return { by, api: there, member }
      faults.push(`${by}: there "${clusterId}" is another cluster`)
    } catch (error) {
      faults.push(`${by}: ${messageOf(brokerFault(error, server, namespace))}`)
    }
    return undefined
  }
  const ways = [
    ...(brokerSpace.object === undefined ? [] : [() => attempt('the broker on this cluster', brokerSpace.name, async () => api)]),
    ...(file === undefined ? [] : [() => attempt(`the broker file ${file.path}`, file.info.namespace, () => openFile(context, file))]),
    ...(broker === undefined ? [] : [() => attempt('the cluster’s own credential', broker.namespace, () => openOwn(context, inventory))]),
  ]
  let best: BrokerWay | undefined
  for (const way of ways) {
    const found = await way()
    if (found === undefined) continue
    const isBetter = best === undefined || (best.member.objects.length === 0 && found.member.objects.length > 0)
    if (isBetter) best = found
    if (found.member.unseen.length === 0 && found.member.objects.length > 0) break
  }
  if (best === undefined && inventory.agents.ours.length === 0) return { way: undefined, faults: [] }
  if (best === undefined && faults.length === 0 && inventory.agents.ours.length > 0) faults.push('nothing tells where the broker is')
  return { way: best, faults }
}

async function openOwn(context: Context, { broker }: Inventory): Promise<KubeApi> {
  if (broker === undefined || broker.token === '') throw new Error('it is not there')
  const { server, token, ca } = broker
  return (await context.kube({ access: fixedAccess(server, { token, ...(ca !== '' && { ca }) }) })).within(REQUEST_MS)
}

export const planned = ({ way }: BrokerPlan): readonly Resource[] => way?.member.objects ?? []

/** Removes what was found there; returns what remains on the broker. */
export async function leaveBroker(plan: BrokerPlan, progress: (text: string) => void): Promise<readonly Left[]> {
  const { way, faults } = plan
  if (way === undefined)
    return faults.length === 0 ? [] : [{ object: 'what the cluster has on the broker', why: faults.join('; '), isLate: false }]
  const left = await removeMember(way.api, way.member, progress)
  const { unseen, objects } = way.member
  if (objects.length === 0 && faults.length > 0)
    return [{ object: 'what the cluster has on the broker', why: faults.join('; '), isLate: false }]
  if (unseen.length === 0) return left
  return [...left, { object: `${unseen.join(', ')} of the cluster on the broker`, why: `${way.by} has no right to them`, isLate: false }]
}

export const brokerLines = (plan: BrokerPlan): readonly string[] => planned(plan).map((object) => `- ${titleOf(object)}`)
