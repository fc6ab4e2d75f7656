import { type Credential, makeCredential } from '../broker/credentials.ts'
import type { ApplyOptions } from '../install/apply/apply.ts'
import { compare, compareRead } from '../install/apply/compare.ts'
import { spreadNote } from '../install/gateways.ts'
import { adoptedKinds, isAdopted } from '../install/objects/mcs-kinds.ts'
import { planInstall } from '../install/objects/plan.ts'
import { hasConstraints, type Image } from '../install/objects/workloads.ts'
import { ownCluster } from '../install/own-cluster.ts'
import { portsOf } from '../install/ports.ts'
import { checkClusterId } from '../install/refuse.ts'
import { ensure } from '../k8s/put.ts'
import { PSK_SECRET } from '../model/names.ts'
import type { Resource } from '../model/resources.ts'
import { type Given, usage } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { type Broker, brokerObjects, checkMember, checkServices, knownCredential, onBroker, openBroker, openMember } from './join/broker.ts'
import { checkConflicts } from './join/conflicts.ts'
import { emitted } from './join/emit.ts'
import { checkOwnId, type FactRow, type Found, find, gatewayRow, givenNetworks, networkRows, settleGateways } from './join/find.ts'
import { checkStillOurs, forgetUninstall } from './join/last.ts'
import { leaveServices, planServicesLeave, type ServicesLeave } from './join/leave-services.ts'
import { applyOrBack, planNamesBack } from './join/names-back.ts'
import { applyReplacing, changesCharon, charonStays, hasCharon, mendCharon } from './join/replace.ts'
import { brokerSecret, type Joining, resultData, resultLines } from './join/report.ts'
import { chosenSettings, imageOf, settingsOf, unusedNotes } from './join/settings.ts'
import { applyOptions, applyStage, deadlineOf, onCluster, openKube, planIn, print, type Stage, say } from './join/stage.ts'
import { expectedOnBroker, isWaiting, waitIfWanted } from './join/up.ts'
import { type NamesRun, planNames } from './names/set-up.ts'

/** `subctl join [file]`: looks at cluster and broker, refuses or plans, then applies. */
export const join: Run = async (context, given) => {
  const clusterId = checkClusterId(given.need('cluster-id'))
  // Mistakes on the command line come before anybody is asked.
  applyOptions(context, given)
  const chosen = chosenSettings(given)
  givenNetworks(given)
  if (given.on('with-secrets') && given.text('emit') === undefined)
    throw usage('--with-secrets says what --emit prints, and --emit is not given', 'with-secrets')
  const image = imageOf(given, context.version)
  const broker = await openBroker(context, given)
  const api = await openKube(context, given)
  const seen = await onCluster(api, async () => {
    await checkOwnId(api, clusterId)
    return find(given, api)
  })
  for (const row of networkRows(seen)) say(context, factLine(row))
  for (const note of [...seen.networks.notes, ...unusedNotes(chosen)]) say(context, `note: ${note}`)
  await onBroker(broker, () => checkMember(broker, clusterId, seen))
  if (chosen.serviceDiscovery) await onBroker(broker, () => checkServices(broker))
  const gateways = await settleGateways(context, given, seen.seen)
  say(context, factLine(gatewayRow(gateways)))
  const spread = spreadNote(seen.seen.nodes, gateways.nodes)
  if (spread !== undefined) say(context, `note: ${spread}`)
  const found: Found = { ...seen, gateways }
  const joining = await plan(context, given, { clusterId, broker, api, found, image })
  if (
    found.hasJoined &&
    joining.stages[1].changes.some(({ object, action }) => object.metadata.name === PSK_SECRET && action === 'changed')
  )
    say(context, KEY_CHANGES)
  if (given.text('emit') !== undefined) {
    context.stdout.write(emitted(given, joining))
    return undefined
  }
  if (given.on('plan') || image === undefined) {
    const areNamesSet = given.on('plan') || (await apply(context, given, joining, deadlineOf(context, given)))
    print(context, given, resultLines(joining, given.on('plan'), areNamesSet), resultData(joining, given.on('plan'), areNamesSet))
    return undefined
  }
  // One for both.
  const deadline = deadlineOf(context, given)
  const areNamesSet = await apply(context, given, joining, deadline)
  await tellAndWait(context, given, { ...joining, areNamesSet }, deadline)
  return undefined
}

/** People get the result, and its ports, ahead of the wait that they may have to mend; as data it comes once, with how the wait ended. */
async function tellAndWait(
  context: Context,
  given: Given,
  joining: Joining & { readonly areNamesSet: boolean },
  deadline: number,
): Promise<void> {
  const { settings, broker, stages, areNamesSet } = joining
  const isForPeople = given.need('output') === 'table'
  if (isForPeople) print(context, given, resultLines(joining, false, areNamesSet), {})
  const expected = expectedOnBroker(broker.api, broker.info.namespace, settings.clusterId, context.clock)
  const { steps, error } = await waitIfWanted(context, given, { api: stages[1].api, namespace: settings.namespace, expected, deadline })
  if (!isForPeople) print(context, given, [], { ...resultData(joining, false, areNamesSet), ...(steps && { steps }) })
  if (error !== undefined) throw error
  await onCluster(stages[1].api, () => checkStillOurs(stages[1].api, settings))
}

const KEY_CHANGES =
  'warning: the broker file has another key of the tunnels than this cluster. Those that stand go on; new ones come up with the clusters alone that have joined with this file too'

const factLine = ([what, value, source]: FactRow): string => `${what.padEnd(10)} ${value.padEnd(28)} ${source}`

interface Subject {
  readonly clusterId: string
  readonly broker: Broker
  readonly api: Stage['api']
  readonly found: Found
  /** Undefined where the agents are not to be installed. */
  readonly image: Image | undefined
}

/** What differs, asked of both servers by dry runs; a credential that is still to be made counts as a change. */
async function plan(context: Context, given: Given, { clusterId, broker, api, found, image }: Subject): Promise<Joining> {
  const { uid } = found.seen
  const wished = settingsOf(given, clusterId, found.networks, {
    url: broker.url,
    namespace: broker.info.namespace,
    customDomains: broker.info.customDomains,
  })
  const names = await onCluster(api, () => planNames(api, wished))
  const settings = { ...wished, dnsServer: names.mode === 'own' }
  const known = await onBroker(broker, () => knownCredential(broker, clusterId))
  const secrets = { broker: brokerSecret(known), psk: { psk: broker.info.psk } }
  const pods = image && { ...image, isOpenShift: await onCluster(api, () => hasConstraints(api)) }
  const adopted = settings.serviceDiscovery ? await onCluster(api, () => adoptedKinds(api)) : []
  const objectsOf = (all: typeof settings) =>
    planInstall(all, found.gateways.nodes, secrets, pods).filter((object) => !isAdopted(object, adopted))
  const objects = objectsOf(settings)
  const namesBack = await onCluster(api, () => planNamesBack(api, settings, objectsOf))
  const there = await onBroker(broker, () => compareRead(broker.api, brokerObjects(broker, settings, uid)))
  const here = await onCluster(api, () => compare(api, objects))
  const leave = found.hasJoined ? await onCluster(api, () => planServicesLeave(api, settings, context)) : undefined
  return {
    settings,
    names,
    namesBack,
    image,
    leave,
    found,
    stages: [
      { where: 'broker', api: broker.api, changes: there },
      { where: 'cluster', api, changes: here },
    ],
    broker,
    ports: portsOf(settings),
  }
}

/** The broker first: whoever has the account there has the id. Run again after a failure it goes on where it stopped. Says whether the cluster's DNS is as planned. */
async function apply(context: Context, given: Given, joining: Joining, deadline: number): Promise<boolean> {
  const { names, image, stages } = joining
  const progress = { ...applyOptions(context, given), deadline, say: (text: string): void => say(context, text) }
  checkConflicts(given, stages[1].changes)
  const named = names.begin(stages[1].api, progress, image)
  try {
    return await applyStages(context, given, joining, { deadline, named })
  } finally {
    await named.close()
  }
}

async function applyStages(
  context: Context,
  given: Given,
  joining: Joining,
  { deadline, named }: { readonly deadline: number; readonly named: NamesRun },
): Promise<boolean> {
  const { settings, namesBack, leave, found, stages, broker } = joining
  const [, here] = stages
  context.journal?.begin()
  planIn(context, stages)
  const options = { ...applyOptions(context, given), deadline }
  const progress = { ...options, say: (text: string): void => say(context, text) }
  const credential = await onBroker(broker, () => applyOnBroker(context, joining, options))
  const data = brokerSecret(credential)
  const changes = here.changes.map((change) =>
    isBrokerSecret(change.object, settings.broker.secret) ? { ...change, object: { ...change.object, data } } : change,
  )
  const replaces = await onCluster(here.api, () => changesCharon(here.api, changes))
  const leaveIf = async (what: ServicesLeave['what']): Promise<void> => {
    if (leave?.what !== what) return
    const member = { clusterId: settings.clusterId, clusterUid: found.seen.uid, brokerNamespace: broker.info.namespace }
    await leaveServices(here.api, leave, { ...progress, ...member, broker: await openMember(context, broker, credential) })
  }
  const areNamesSet = await onCluster(here.api, async () => {
    await leaveIf('services')
    if (replaces && isWaiting(context, given)) await applyReplacing(context, given, { api: here.api, changes, deadline })
    else {
      await applyStage({ ...here, changes }, options)
      if (hasCharon(changes)) await mendCharon(context, here.api, options)
    }
    // What is not changed still asks our server.
    // What is not changed asks our server still.
    const isSet = await applyOrBack(here.api, named, namesBack, progress)
    if (isSet) await leaveIf('dns')
    await forgetUninstall(here.api, settings.namespace, progress.say)
    await checkStillOurs(here.api, settings)
    return isSet
  })
  if (replaces && !isWaiting(context, given)) say(context, charonStays(context, given))
  return areNamesSet
}

async function applyOnBroker(
  context: Context,
  { settings, found, stages: [there], broker }: Joining,
  options: ApplyOptions,
): Promise<Credential> {
  const timeoutMs = Math.max(0, options.deadline - context.clock.now())
  const member = { clusterId: settings.clusterId, clusterUid: found.seen.uid, namespace: broker.info.namespace }
  const tell = ({ kind, metadata: { name } }: Resource): void => {
    const change = there.changes.find(({ object }) => object.kind === kind && object.metadata.name === name)
    if (change !== undefined && change.action !== 'unchanged') options.progress(change)
  }
  const made = await makeCredential(broker.api, member, { ...options, timeoutMs, there: tell })
  const own = ownCluster(settings, found.seen.uid)
  await ensure(broker.api, own)
  tell(own)
  return made
}

const isBrokerSecret = (object: Resource, name: string): boolean => object.kind === 'Secret' && object.metadata.name === name
