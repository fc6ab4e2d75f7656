import { compare } from '../install/apply/compare.ts'
import { adoptedKinds, isAdopted } from '../install/objects/mcs-kinds.ts'
import { planInstall } from '../install/objects/plan.ts'
import { hasConstraints, PULL_POLICIES } from '../install/objects/workloads.ts'
import type { Step } from '../install/rollout/step.ts'
import type { KubeApi } from '../k8s/api.ts'
import { EXIT, UserError } from '../model/errors.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { checkConflicts } from './join/conflicts.ts'
import { onCluster, openKube, planIn, print, type Stage, say, stageLines, stageRecords } from './join/stage.ts'
import { putTeller, teller } from './join/up.ts'
import { grouped } from './join/wait.ts'
import { planNames } from './names/set-up.ts'
import { healthBefore } from './upgrade/before.ts'
import { gapOf } from './upgrade/gap.ts'
import { checkVersions, type Installed, imageFor, readInstalled } from './upgrade/installed.ts'
import { runUpgrade } from './upgrade/run.ts'
import { checkSettings, settingsFrom } from './upgrade/settings.ts'
import { checkReached, otherVersion, versionsAtLast } from './upgrade/versions.ts'

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
  const gap = withCharon ? await gapOf(context, api, stage.changes) : undefined
  const data = { kind: 'Upgrade', from: installed.versions, to: context.version, image, gap: gap ?? null, objects: stageRecords([stage]) }
  // What an image that is named has is known once it runs.
  const isNamed = given.text('image') !== undefined
  say(context, `agents     ${listed(installed.versions)}${isNamed ? '' : ` -> ${context.version}`}`)
  say(context, `image      ${installed.image} -> ${image}`)
  if (given.on('plan')) {
    const notes = gap === undefined ? [] : ['', `Note: ${gap}.`]
    print(context, given, [...stageLines([stage], true), ...notes], { ...data, plan: true })
    return
  }
  checkConflicts(given, stage.changes)
  if (gap !== undefined) await accept(context, given, gap)
  const steps = await perform(context, given, stage, { withCharon, mayGap: gap !== undefined, settings: installed.settings })
  const versions = await versionsAtLast(context, api)
  say(context, `agents     ${listed(installed.versions)} -> ${listed(versions)}`)
  checkReached(otherVersion(image, versions, context.version), isNamed, (text) => say(context, text))
  const open = steps.filter(({ state }) => state !== 'ok')
  print(context, given, endLines(image, open), { ...data, plan: false, versions, open })
}

const listed = (versions: readonly string[]): string => versions.join(', ') || 'of unknown version'

interface Performing extends Pick<Installed, 'settings'> {
  readonly withCharon: boolean
  readonly mayGap: boolean
}

async function perform(
  context: Context,
  given: Given,
  stage: Stage,
  { withCharon, mayGap, settings }: Performing,
): Promise<readonly Step[]> {
  const { clock, signal } = context
  const { api, changes } = stage
  const clusterId = settings.SUBMARINER_CLUSTERID ?? ''
  context.journal?.begin()
  planIn(context, [stage])
  context.journal?.plan([PODS])
  const steps = await runUpgrade({
    ...{ api, changes, withCharon, clusterId, mayGap },
    before: await healthBefore(context, api, clusterId),
    ...{ clock, signal, timeoutMs: given.duration('timeout') },
    isForced: given.on('force-conflicts'),
    put: putTeller(context),
    say: (text) => say(context, text),
    tell: teller(context, given),
  })
  context.journal?.did({ what: PODS, state: 'ok', text: 'replaced' })
  return steps
}

/** What an upgrade does besides what it applies. */
const PODS = 'pods of the agents, one after the other'

function endLines(image: string, open: readonly Step[]): readonly string[] {
  if (open.length === 0) return [`The agents are of image ${image} now, and all is up.`]
  return [`The agents are of image ${image} now. Not well, as before:`, ...grouped(open).map((line) => `  ${line}`)]
}

/** What applying this version would change. Secrets and labels of nodes are the join's. */
async function changesFor(api: KubeApi, { settings, daemonSets }: Installed, image: string): Promise<Stage['changes']> {
  const containers = daemonSets.flatMap(({ spec }) => spec?.template?.spec?.containers ?? [])
  const policy: unknown = containers.map((container) => Reflect.get(container, 'imagePullPolicy')).find((value) => value !== undefined)
  const imagePullPolicy = PULL_POLICIES.find((name) => name === policy) ?? PULL_POLICIES[0]
  const pods = { image, imagePullPolicy, isOpenShift: await hasConstraints(api) }
  const wished = settingsFrom(settings)
  checkSettings(wished)
  const names = await planNames(api, wished)
  const adopted = wished.serviceDiscovery ? await adoptedKinds(api) : []
  const objects = planInstall({ ...wished, dnsServer: names.mode === 'own' }, [], { broker: {}, psk: {} }, pods)
  return compare(
    api,
    objects.filter((object) => object.kind !== 'Secret' && !isAdopted(object, adopted)),
  )
}

async function accept(context: Context, given: Given, gap: string): Promise<void> {
  if (given.on('yes')) return say(context, `note: ${gap}`)
  const answer = await context.ask?.(`${gap}.\nReplace it now? [y/N] `, '--yes')
  if (answer !== undefined && /^y(es)?$/i.test(answer.trim())) return
  throw new UserError('SUB0426', `Nothing was changed: ${gap}`, {
    exitCode: EXIT.usage,
    hint: 'Accept it by --yes, or leave charon as it is by --charon=false; with a second gateway there is no gap.',
  })
}
