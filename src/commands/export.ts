// `subctl export service|namespace`: ServiceExports, for the agents to carry out.
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { aimOf, contextTitle, exportsOf, namespaceOf } from './export/find.ts'
import { withCauses } from './export/late.ts'
import { type ExportWish, planNamespace, planService } from './export/plan.ts'
import { emitted, tell } from './export/report.ts'
import { type ClusterSteps, inTurn, isOpen, type Step } from './export/steps.ts'
import { checkEffects, effectOf, isWaiting, type Judge, waitFor } from './export/wait.ts'
import { onCluster, say } from './join/stage.ts'
import { hasNoAgent, NO_AGENT } from './look/agent.ts'
import { type Subject, subjects } from './look/subjects.ts'

/** Looks at every cluster before anything is changed in one. */
export const exportServices: Run = async (context, given) => {
  const { name, namespace: said } = aimOf(given)
  // Mistakes on the command line come before anybody is asked.
  given.duration('timeout')
  const found = await subjects(context, given)
  const namespace = said ?? namespaceOf(found)
  const wish: ExportWish = { namespace, clustersetIp: given.text('use-clusterset-ip'), isForced: given.on('force') }
  const plan = (subject: Subject): Promise<readonly Step[]> =>
    name === undefined ? planNamespace(subject, wish) : planService(subject, name, wish)
  const clusters = await Promise.all(
    found.map(async (subject): Promise<ClusterSteps> => ({ subject, steps: await onCluster(subject.api, () => plan(subject)) })),
  )
  if (given.text('emit') !== undefined) context.stdout.write(emitted(clusters))
  else if (given.on('plan')) tell(context, given, { kind: 'Export', clusters, isPlan: true })
  else await carryOut(context, given, clusters)
  return undefined
}

async function carryOut(context: Context, given: Given, clusters: readonly ClusterSteps[]): Promise<void> {
  for (const { subject, steps } of clusters)
    await onCluster(subject.api, () =>
      inTurn(steps.filter(isOpen), async ({ object }) => object && subject.api.apply(object, { force: given.on('force') })),
    )
  await conclude(context, given, { kind: 'Export', clusters, isPlan: false }, judgeExports)
}

/** People get what was done ahead of the wait; as data it comes once, with how the wait ended. */
export async function conclude(context: Context, given: Given, outcome: Parameters<typeof tell>[2], judge: Judge): Promise<void> {
  const isForPeople = given.need('output') === 'table'
  const waited = outcome.clusters.map(({ subject, steps }) => ({ subject, steps: steps.filter(({ object }) => object !== undefined) }))
  const isLooking = isWaiting(context, given) && waited.some(({ steps }) => steps.length > 0)
  if (isForPeople) tell(context, given, outcome)
  const effects = isLooking ? await withCauses(await waitFor(context, given, waited, judge), waited) : undefined
  if (!isForPeople) tell(context, given, { ...outcome, ...(effects !== undefined && { effects }) })
  if (effects !== undefined) checkEffects(effects)
  else if (outcome.kind === 'Export') await sayWhatNext(context, outcome.clusters, isForPeople)
}

async function sayWhatNext(context: Context, clusters: readonly ClusterSteps[], isForPeople: boolean): Promise<void> {
  const without = await Promise.all(
    clusters.map(async ({ subject }) => ((await hasNoAgent(subject.api).catch(() => false)) ? [subject] : [])),
  )
  for (const subject of without.flat()) say(context, `note: ${contextTitle(subject)}: ${NO_AGENT}`)
  if (isForPeople) say(context, 'Whether the agents have taken it up: --wait, or `subctl show services`.')
}

const judgeExports: Judge = async (api, steps) => {
  if (await hasNoAgent(api)) return new Map(steps.map(({ name }) => [name, { state: 'failed', text: NO_AGENT }]))
  const there = await exportsOf(api, steps[0]?.namespace ?? '')
  return new Map(steps.map(({ name }) => [name, effectOf(there?.get(name))]))
}
