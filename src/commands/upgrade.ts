import { compare } from '../install/compare.ts'
import { planInstall } from '../install/plan.ts'
import { podsOf } from '../install/rollout/rollout.ts'
import { hasConstraints, PULL_POLICIES } from '../install/workloads.ts'
import type { KubeApi } from '../k8s/api.ts'
import { EXIT, UserError } from '../model/errors.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD } from '../model/names.ts'
import type { Gateway } from '../model/resources.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { checkConflicts } from './join/conflicts.ts'
import { onCluster, openKube, print, type Stage, say, stageLines, stageRecords } from './join/stage.ts'
import { othersOf, teller } from './join/up.ts'
import { checkVersions, type Installed, imageFor, readInstalled } from './upgrade/installed.ts'
import { hasStandby, outdated } from './upgrade/order.ts'
import { lookAtGateways, runUpgrade } from './upgrade/run.ts'
import { settingsFrom } from './upgrade/settings.ts'

/** What is not well when an upgrade begins is given so long. */
const START_MS = 15_000
const LOOK_MS = 500

/** `subctl upgrade`: the agents of a cluster become those of this version, without a gap where there are two gateways. */
export const upgrade: Run = async (context, given) => {
  given.duration('timeout')
  const api = await openKube(context, given)
  await onCluster(api, () => upgradeCluster(context, given, api))
  return undefined
}

async function upgradeCluster(context: Context, given: Given, api: KubeApi): Promise<void> {
  const installed = await readInstalled(api)
  checkVersions(installed.versions, context.version, { downgrade: given.on('allow-downgrade') })
  const image = imageFor(installed.image, given.text('image'), context.version)
  const stage: Stage = { where: 'cluster', api, changes: await changesFor(api, installed, image) }
  const withCharon = given.need('charon') === 'true'
  const gap = withCharon ? await gapOf(context, api, stage) : undefined
  const data = { kind: 'Upgrade', from: installed.versions, to: context.version, image, gap: gap ?? null, objects: stageRecords([stage]) }
  say(context, `agents     ${installed.versions.join(', ') || 'of unknown version'} -> ${context.version}`)
  say(context, `image      ${installed.image} -> ${image}`)
  if (given.on('plan')) {
    const notes = gap === undefined ? [] : ['', `Note: ${gap}.`]
    print(context, given, [...stageLines([stage], true), ...notes], { ...data, plan: true })
    return
  }
  checkConflicts(given, stage.changes)
  if (gap !== undefined) await accept(context, given, gap)
  const { clock, signal } = context
  await runUpgrade({
    api,
    changes: stage.changes,
    withCharon,
    expected: await connectedNow(context, api, installed),
    ...{ clock, signal, timeoutMs: given.duration('timeout') },
    say: (text) => say(context, text),
    tell: teller(context, given),
  })
  print(context, given, [`The agents are of image ${image} now, and every connection is up.`], { ...data, plan: false })
}

/** What applying this version would change. Secrets and labels of nodes are the join's. */
async function changesFor(api: KubeApi, { settings, daemonSets }: Installed, image: string): Promise<Stage['changes']> {
  const containers = daemonSets.flatMap(({ spec }) => spec?.template?.spec?.containers ?? [])
  const policy: unknown = containers.map((container) => Reflect.get(container, 'imagePullPolicy')).find((value) => value !== undefined)
  const imagePullPolicy = PULL_POLICIES.find((name) => name === policy) ?? PULL_POLICIES[0]
  const pods = { image, imagePullPolicy, isOpenShift: await hasConstraints(api) }
  const objects = planInstall(settingsFrom(settings), [], { broker: {}, psk: {} }, pods)
  return compare(
    api,
    objects.filter(({ kind }) => kind !== 'Secret'),
  )
}

/** Why tunnels will be down for a moment; undefined where they need not be. A standby that is there is given a moment to say that it is well. */
async function gapOf({ clock, signal }: Context, api: KubeApi, { changes }: Stage): Promise<string | undefined> {
  const set = changes.find(({ object }) => object.kind === 'DaemonSet' && object.metadata.name === CHARON_WORKLOAD)
  const isNewTemplate = set?.fields.some(({ path }) => path.startsWith('spec.template')) === true
  const deadline = clock.now() + START_MS
  for (;;) {
    const sight = await lookAtGateways(api, true)
    if (!isNewTemplate && outdated(sight, CHARON_WORKLOAD).length === 0) return undefined
    const active = sight.gateways.find(({ status }) => status?.haStatus === 'active')
    if (active === undefined || hasStandby(sight, active.metadata.name)) return undefined
    const isAlone = podsOf(sight.pods, GATEWAY_WORKLOAD).length < 2
    if (isAlone || clock.now() >= deadline)
      return `${active.metadata.name} is the only gateway that can carry traffic: while its charon is replaced, a few seconds, no packet passes between the clusters`
    await clock.sleep(LOOK_MS, signal)
    signal.throwIfAborted()
  }
}

async function accept(context: Context, given: Given, gap: string): Promise<void> {
  if (given.on('yes')) return say(context, `note: ${gap}`)
  const answer = await context.ask?.(`${gap}.\nReplace it now? [y/N] `)
  if (answer !== undefined && /^y(es)?$/i.test(answer.trim())) return
  throw new UserError('SUB0426', `Nothing was changed: ${gap}`, {
    exitCode: EXIT.usage,
    hint: 'Accept it by --yes, or leave charon as it is by --charon=false; with a second gateway there is no gap.',
  })
}

/** The clusters that are connected now; those that are not, after a moment of patience, are said and not waited for. */
async function connectedNow(context: Context, api: KubeApi, { settings }: Installed): Promise<readonly string[]> {
  const { clock, signal } = context
  const namespace = settings.SUBMARINER_NAMESPACE ?? 'submariner'
  const known = othersOf((await api.list('Endpoint', { namespace })).items, settings.SUBMARINER_CLUSTERID ?? '')
  const deadline = clock.now() + START_MS
  for (;;) {
    const connected = connectedIn((await api.list('Gateway', { namespace })).items)
    const missing = known.filter((id) => !connected.has(id))
    if (missing.length === 0) return known
    if (clock.now() >= deadline) {
      say(context, `note: not connected before the upgrade, and so not waited for: ${missing.join(', ')}`)
      return known.filter((id) => connected.has(id))
    }
    await clock.sleep(LOOK_MS, signal)
    signal.throwIfAborted()
  }
}

const connectedIn = (gateways: readonly Gateway[]): ReadonlySet<string> =>
  new Set(
    gateways
      .filter(({ status }) => status?.haStatus === 'active')
      .flatMap(({ status }) => status.connections.filter((connection) => connection.status === 'connected'))
      .map(({ endpoint }) => endpoint.cluster_id),
  )
