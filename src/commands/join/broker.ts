// The broker as a join sees it: its file, its API with the file's credential, what stands in the way, and what a member has there.
import { type Credential, memberObjects, memberOwner, tokenSecretName } from '../../broker/credentials.ts'
import { BROKER_FILE, type BrokerInfo, readBrokerInfo } from '../../broker/info.ts'
import { MEMBER_ROLE } from '../../broker/rights.ts'
import { brokerUrl, checkReachable } from '../../install/broker-url.ts'
import { brokerFault, readBroker } from '../../install/broker-view.ts'
import { servesServices } from '../../install/objects/mcs-kinds.ts'
import type { JoinSettings } from '../../install/objects/settings.ts'
import { ownCluster } from '../../install/own-cluster.ts'
import { addressOfUrl, checkFree, checkOverlaps } from '../../install/refuse.ts'
import { fixedAccess } from '../../k8s/access.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { memberAccount } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import { readBrokerFile } from '../broker-file.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import type { Seen } from './find.ts'

export interface Broker {
  readonly info: BrokerInfo
  /** Where this cluster reaches it: --broker-url, or what the file says. */
  readonly url: string
  /** With the credential of the file. */
  readonly api: KubeApi
}

const REQUEST_MS = 15_000

/** Reads the broker file; nothing is sent yet. */
export async function openBroker(context: Context, given: Given): Promise<Broker> {
  const path = given.args[0] ?? BROKER_FILE
  const info = readBrokerInfo(await readBrokerFile(context, path))
  const override = given.text('broker-url')
  const url = override === undefined ? checkReachable(info.brokerUrl, path) : brokerUrl(override)
  const { token, ca } = info
  const api = await context.kube({ access: fixedAccess(url, { token, ...(ca !== '' && { ca }) }) })
  return { info, url, api: api.within(Math.min(REQUEST_MS, given.duration('timeout'))) }
}

/** The same API with a member's credential. */
export const openMember = (context: Context, { url }: Broker, { token, ca }: Credential): Promise<KubeApi> =>
  context.kube({ access: fixedAccess(url, { token, ...(ca !== '' && { ca }) }) })

/** Says of a failed call what stands between this machine and the broker. */
export async function onBroker<T>({ url, info }: Broker, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw brokerFault(error, url, info.namespace)
  }
}

/** Throws where the id is another cluster's, or networks meet those of others. */
export async function checkMember({ api, info, url }: Broker, clusterId: string, { seen, networks, hasJoined }: Seen): Promise<void> {
  const view = await readBroker(api, info.namespace, MEMBER_ROLE)
  const owner = await memberOwner(api, clusterId, info.namespace)
  checkFree({ clusterId, clusterUid: seen.uid, hasJoined }, owner, view)
  checkOverlaps(clusterId, networks, view, addressOfUrl(url))
}

/** Throws where services are to be exchanged, and the broker does not know them. */
export async function checkServices({ api, url }: Broker): Promise<void> {
  if (!(await servesServices(api)))
    throw new UserError('SUB0431', `The broker at ${url} serves no ServiceImport of multicluster.x-k8s.io/v1beta1`)
}

/** What a member has on the broker, in the order it must be applied. */
export const brokerObjects = ({ info }: Broker, settings: JoinSettings, clusterUid: string): readonly Resource[] => [
  ...memberObjects({ clusterId: settings.clusterId, clusterUid, namespace: info.namespace }),
  ownCluster(settings, clusterUid),
]

/** The member's credential where it was made before. */
export async function knownCredential({ api, info }: Broker, clusterId: string): Promise<Credential | undefined> {
  const secret = await api.get('Secret', tokenSecretName(memberAccount(clusterId)), info.namespace)
  const { token = '', 'ca.crt': ca = '' } = secret?.data ?? {}
  const plain = (text: string): string => Buffer.from(text, 'base64').toString('utf8')
  return token === '' ? undefined : { token: plain(token), ca: plain(ca), namespace: info.namespace }
}
