import { type Credential, tokenSecretName, waitForToken } from '../broker/credentials.ts'
import { ADMIN_ACCOUNT, BROKER_COMPONENTS, type BrokerInfo, PSK_BYTES, writeBrokerInfo } from '../broker/info.ts'
import { brokerRights, memberPolicy } from '../broker/rights.ts'
import { compare } from '../install/apply/compare.ts'
import { emitYaml } from '../install/apply/report.ts'
import { type BrokerPlace, brokerPlace, brokerUrl } from '../install/broker-url.ts'
import { brokerFault } from '../install/broker-view.ts'
import { readApiPlace } from '../install/networks/read.ts'
import { brokerCrds, brokerMcsCrds, labelled } from '../install/objects/manifests.ts'
import { foreignKinds, isAdopted, lackText } from '../install/objects/mcs-kinds.ts'
import { secret } from '../install/objects/plan.ts'
import { textAt } from '../install/tree.ts'
import { type Apart, keptApart } from '../install/version.ts'
import { fixedAccess } from '../k8s/access.ts'
import { ApiError, ConflictError, type KubeApi } from '../k8s/api.ts'
import { messageOf, UserError } from '../model/errors.ts'
import { BROKER_NAMESPACE, PSK_SECRET } from '../model/names.ts'
import type { Resource, Secret } from '../model/resources.ts'
import { randomBase64 } from '../system/random.ts'
import { checkPlace, fileLines, writeBrokerFile } from './broker-file.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { checkConflicts } from './join/conflicts.ts'
import { applyOptions, applyStage, onCluster, openKube, planIn, print, type Stage, say, stageLines, stageRecords } from './join/stage.ts'

/** `subctl deploy-broker`: the broker's objects on a cluster, and the file that others join with. */
export const deployBroker: Run = async (context, given) => {
  // Mistakes on the command line come before anybody is asked.
  applyOptions(context, given)
  if (given.text('broker-url') !== undefined) brokerUrl(given.need('broker-url'))
  await checkPlace(context, given.need('file'))
  const api = await openKube(context, given)
  return onCluster(api, () => deploy(context, given, api))
}

async function deploy(context: Context, given: Given, api: KubeApi): Promise<undefined> {
  const version = textAt(JSON.parse(await api.raw('/version')), 'gitVersion') ?? ''
  const apart = keptApart(version, { shared: given.on('shared-rights') })
  const place = brokerPlace(await readApiPlace(api), given.text('broker-url'))
  say(context, `Clusters will reach the broker at ${place.url} (${place.source})`)
  if (apart === 'shared') say(context, 'warning: members of this broker can change each other’s objects (--shared-rights)')
  const psk = await pskSecret(api)
  const foreign = await foreignKinds(api, brokerMcsCrds())
  for (const kind of foreign.filter(({ missing }) => missing.length > 0))
    say(context, `warning: services across clusters will not do on this broker, or not for all: ${lackText(kind)}`)
  const adopted = foreign.map(({ name }) => name)
  const objects = brokerObjects(apart).filter((object) => !isAdopted(object, adopted))
  const stage: Stage = { where: 'broker', api, changes: await compare(api, [...objects, psk]) }
  for (const warning of await newKeyWarning(stage)) say(context, warning)
  if (given.text('emit') !== undefined) {
    context.stdout.write(
      emitYaml(
        'the broker',
        stage.changes.map(({ object }) => object),
      ),
    )
    return undefined
  }
  const data = { kind: 'DeployBroker', brokerUrl: place.url, namespace: BROKER_NAMESPACE, sharedRights: apart === 'shared' }
  if (given.on('plan')) {
    await probe(context, place.url, await knownCredential(api))
    print(context, given, stageLines([stage], true), { ...data, plan: true, objects: stageRecords([stage]) })
    return undefined
  }
  checkConflicts(given, stage.changes)
  context.journal?.begin()
  planIn(context, [stage])
  const info = await make(context, given, { stage, place, psk })
  await probe(context, place.url, info)
  const file = await writeBrokerFile(context, given.need('file'), writeBrokerInfo(info))
  print(context, given, [...stageLines([stage], false), '', ...fileLines(file), '', nextLine(file.path)], {
    ...data,
    plan: false,
    file: { path: file.path, action: file.action, ...(file.kept !== undefined && { kept: file.kept }) },
    objects: stageRecords([stage]),
  })
  return undefined
}

/** In the order they must be applied. */
function brokerObjects(apart: Apart): readonly Resource[] {
  const [namespace, ...rights] = brokerRights()
  return [...(namespace === undefined ? [] : [namespace]), ...brokerCrds(), ...rights, ...(apart === 'policy' ? memberPolicy() : [])].map(
    labelled,
  )
}

/** The clusterset's key: the one that is there, else a new one. */
async function pskSecret(api: KubeApi): Promise<Secret> {
  const there = await api.get('Secret', PSK_SECRET, BROKER_NAMESPACE)
  const psk = there === undefined ? randomBase64(PSK_BYTES) : (there.data?.psk ?? '')
  if (Buffer.from(psk, 'base64').length < 16)
    throw new UserError('SUB0419', `Secret ${BROKER_NAMESPACE}/${PSK_SECRET} holds no key of 16 bytes or more`)
  return secret(BROKER_NAMESPACE, PSK_SECRET, { psk })
}

const isPsk = (object: Resource): boolean => object.kind === 'Secret' && object.metadata.name === PSK_SECRET

/** Members keep the key that they have joined with. */
async function newKeyWarning({ api, changes }: Stage): Promise<readonly string[]> {
  if (!changes.some(({ object, action }) => isPsk(object) && action === 'created')) return []
  const clusters = await api.list('Cluster', { namespace: BROKER_NAMESPACE }).catch(() => ({ items: [] }))
  const ids = clusters.items.map(({ spec }) => spec.cluster_id).sort()
  if (ids.length === 0) return []
  return [
    `warning: the broker has members (${ids.join(', ')}) and no key of its own. The file has a new one: each of them has to join again with it, for no tunnel comes up between clusters with different keys once a gateway changes`,
  ]
}

interface Work {
  readonly stage: Stage
  readonly place: BrokerPlace
  readonly psk: Secret
}

async function make(context: Context, given: Given, { stage, place, psk }: Work): Promise<BrokerInfo> {
  const options = applyOptions(context, given)
  await applyStage({ ...stage, changes: stage.changes.filter(({ object }) => !isPsk(object)) }, options)
  const key = await createPsk(stage.api, psk)
  for (const change of stage.changes) if (isPsk(change.object) && change.action === 'created') options.progress(change)
  const timeoutMs = Math.max(0, options.deadline - context.clock.now())
  const { token, ca }: Credential = await waitForToken(stage.api, ADMIN_ACCOUNT, BROKER_NAMESPACE, { ...options, timeoutMs })
  return { brokerUrl: place.url, namespace: BROKER_NAMESPACE, token, ca, psk: key, components: BROKER_COMPONENTS, customDomains: [] }
}

/** Never written over another: where two make one at a time, the first counts. */
async function createPsk(api: KubeApi, psk: Secret): Promise<string> {
  try {
    return (await api.create(psk)).data?.psk ?? ''
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    return (await api.get('Secret', PSK_SECRET, BROKER_NAMESPACE))?.data?.psk ?? ''
  }
}

/** The credential of the broker file where it was made before. */
async function knownCredential(api: KubeApi): Promise<Pick<Credential, 'token' | 'ca'> | undefined> {
  const { data } = (await api.get('Secret', tokenSecretName(ADMIN_ACCOUNT), BROKER_NAMESPACE)) ?? {}
  return data?.token === undefined ? undefined : { token: decode(data.token), ca: decode(data['ca.crt'] ?? '') }
}
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')

/**
 * Warns where the broker is not reached: clusters may see more of the network than this machine, so that it is no failure. Without a credential, as in a plan,
 * it is asked whether any API server answers, which needs no trust.
 */
async function probe(context: Context, url: string, known: Pick<Credential, 'token' | 'ca'> | undefined): Promise<void> {
  const credentials = known && { token: known.token, ...(known.ca !== '' && { ca: known.ca }) }
  const access = credentials === undefined ? fixedAccess(url, {}, { insecure: true }) : fixedAccess(url, credentials)
  const api = (await context.kube({ access })).within(5_000)
  try {
    if (credentials === undefined) await api.raw('/version')
    else await api.list('Cluster', { namespace: BROKER_NAMESPACE })
  } catch (error) {
    // Whoever refuses a stranger is there.
    const isStrange = credentials === undefined && error instanceof ApiError && (error.code === 401 || error.code === 403)
    if (!isStrange) say(context, `warning: from this machine: ${messageOf(brokerFault(error, url, BROKER_NAMESPACE))}`)
  }
}

const nextLine = (path: string): string => `Next: subctl join ${path} --cluster-id NAME --context CONTEXT`
