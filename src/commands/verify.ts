import { barredBy, type Check, type Outcome, runChecks } from '../checks/check.ts'
import type { CheckContext } from '../checks/subject.ts'
import { EXIT, messageOf, UserError } from '../model/errors.ts'
import type { Given } from './cli/given.ts'
import { contextFlags, pointed } from './cli/hint.ts'
import type { Run } from './cli/run.ts'
import type { Context, Output } from './context.ts'
import { type Marks, marksFor } from './look/marks.ts'
import { type Broken, type ClusterReport, countOf, junit, reportText, unfinishedJunit } from './look/report.ts'
import { subjects } from './look/subjects.ts'
import { checkContexts } from './verify/contexts.ts'
import { openGate } from './verify/gate.ts'
import { foldSkipped, outcomeLine, type StatusLine, statusLine } from './verify/lines.ts'
import { openPodRun, type PodRun } from './verify/pod-run.ts'
import { agree, listing, selectChecks } from './verify/select.ts'

/** Pods end by themselves so long after the last moment at which they could be needed. */
const POD_SPARE_MS = 60_000

/** `subctl verify`: runs the checks over each cluster asked about. Exit code 2 when one fails, 75 when time runs out. */
export const verify: Run = async (context, given) => {
  const { checks, disruptive } = selectChecks(given)
  if (given.on('list')) {
    context.stdout.write(`${listing({ checks, disruptive }, given.need('output'))}\n`)
    return undefined
  }
  const parallel = given.number('parallel', 1, 256)
  const found = await subjects(context, given)
  if (disruptive.length > 0) await agree(context, given)
  // A place that cannot be written is known before anything is checked.
  await checkJunit(context, given)
  await writeJunit(context, given, unfinishedJunit())
  const timeoutMs = given.duration('timeout')
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([context.signal, deadline])
  const namespace = given.need('namespace')
  const pods = openPodRun({
    subjects: found,
    namespace,
    when: podsWanted(given),
    image: given.text('image'),
    parallel,
    clock: context.clock,
    lifeMs: timeoutMs + POD_SPARE_MS,
  })
  const out = given.need('output') === 'table' ? context.stdout : context.stderr
  const round: Round = {
    context,
    out,
    signal,
    marks: marksFor(out, context, given),
    status: statusLine(context.stderr),
    parallel,
    place: (name) => contextFlags(given, name, context.env),
  }
  try {
    const clusters = checkContexts(context, found, namespace, pods)
    const reports = await runRound(round, clusters, checks)
    const whole = disruptive.length === 0 ? reports : await disrupt(round, { clusters, checks: disruptive, reports })
    return await conclude(context, given, { reports: whole, out, timedOut: deadline.aborted })
  } finally {
    await close(context, pods, signal.aborted)
  }
}

function podsWanted(given: Given): 'auto' | 'true' | 'false' {
  const when = given.need('pods')
  return when === 'true' || when === 'false' ? when : 'auto'
}

interface Round {
  readonly context: Context
  readonly out: Output
  readonly signal: AbortSignal
  readonly marks: Marks
  readonly status: StatusLine
  readonly parallel: number
  /** Flags that name the cluster of a context in what is to be typed. */
  readonly place: (name: string) => string
}

/** Checks the clusters side by side, and tells of one after the other. */
async function runRound(round: Round, clusters: readonly CheckContext[], checks: readonly Check<CheckContext>[]) {
  const { out, marks } = round
  const reports: ClusterReport[] = []
  const gate = openGate(round.parallel)
  const running = clusters.map((cluster) => runAhead(cluster, checks, round, gate))
  for (const run of running) {
    out.write(`Cluster of context "${run.name}"\n`)
    const outcomes: Outcome[] = []
    const fold = foldSkipped()
    for await (const seen of run.outcomes()) {
      const outcome = placed(seen, round.place(run.name))
      outcomes.push(outcome)
      if (!fold.takes(outcome)) out.write(`${outcomeLine(outcome, marks)}\n`)
    }
    out.write(fold.line(marks))
    reports.push({ context: run.name, outcomes })
  }
  return reports
}

const placed = (outcome: Outcome, flags: string): Outcome => {
  const { verdict } = outcome
  if (!('hint' in verdict) || verdict.hint === undefined) return outcome
  return { ...outcome, verdict: { ...verdict, hint: pointed(verdict.hint, flags) } }
}

/** Starts the checks of one cluster when the gate lets it; what they find waits until it is asked for. */
function runAhead(cluster: CheckContext, checks: readonly Check<CheckContext>[], round: Round, gate: ReturnType<typeof openGate>) {
  const { context, signal, status } = round
  let [checking, isShown] = ['', false]
  const onStart = (name: string): void => {
    checking = name
    if (isShown) status.show(`checking: ${name}`)
  }
  const slots = checks.map(() => Promise.withResolvers<Outcome | undefined>())
  const run = async (): Promise<void> => {
    const open = slots.values()
    for await (const outcome of runChecks(checks, cluster, { clock: context.clock, signal, explain: messageOf, onStart }))
      open.next().value?.resolve(outcome)
    for (const slot of open) slot.resolve(undefined)
  }
  gate(run).catch((error: unknown) => {
    for (const slot of slots) {
      // Whoever reads stops at the first of them.
      slot.promise.catch(() => undefined)
      slot.reject(error)
    }
  })
  return {
    name: cluster.name,
    async *outcomes(): AsyncGenerator<Outcome> {
      isShown = true
      for (const { promise } of slots) {
        status.show(`checking: ${checking}`)
        const outcome = await promise
        status.clear()
        if (outcome === undefined) break
        yield outcome
      }
      isShown = false
    },
  }
}

interface Disruption {
  readonly clusters: readonly CheckContext[]
  readonly checks: readonly Check<CheckContext>[]
  readonly reports: readonly ClusterReport[]
}

/** Breaks one cluster after the other, once all else is told; what was not in order before bars what cannot be told now. */
async function disrupt(round: Round, { clusters, checks, reports }: Disruption): Promise<ClusterReport[]> {
  const whole: ClusterReport[] = []
  for (const [i, report] of reports.entries()) {
    const [cluster] = clusters.slice(i, i + 1)
    if (cluster === undefined) continue
    const bad = report.outcomes.filter(({ verdict }) => verdict.is === 'failed' || verdict.is === 'skipped')
    const barred = new Map(bad.map(({ id, verdict }) => [id, verdict]))
    const able = checks.map((check) => {
      const verdict = barredBy(check, barred)
      return { ...check, needs: [], ...(verdict !== undefined && { run: async () => verdict }) }
    })
    const [more] = await runRound(round, [cluster], able)
    whole.push({ ...report, outcomes: [...report.outcomes, ...(more?.outcomes ?? [])] })
  }
  return whole
}

async function conclude(context: Context, given: Given, done: { reports: readonly ClusterReport[]; out: Output; timedOut: boolean }) {
  const { reports, out, timedOut } = done
  const format = given.need('output')
  const counts = countOf(reports)
  const brokenOff: Broken | undefined = context.signal.aborted ? 'interrupted' : timedOut ? 'timed out' : undefined
  await writeJunit(context, given, junit(reports, brokenOff))
  if (format === 'json' || format === 'yaml') context.stdout.write(`${reportText(reports, format, brokenOff)}\n`)
  if (context.signal.aborted) {
    const made = reports.reduce((sum, { outcomes }) => sum + outcomes.length, 0)
    context.stderr.write(`Interrupted: ${made === 1 ? '1 check was' : `${made} checks were`} made.\n`)
    return EXIT.interrupted
  }
  if (timedOut) {
    out.write('Time ran out before all checks were made. Give more with --timeout.\n')
    return EXIT.timedOut
  }
  const clusters = reports.length === 1 ? '' : ` over ${reports.length} clusters`
  out.write(`\n${counts.ok} checks in order, ${counts.failed} failed, ${counts.warning} warnings, ${counts.skipped} skipped${clusters}.\n`)
  return counts.failed > 0 ? EXIT.checkFailed : undefined
}

/** A folder that is not there is a mistake in its name: it is not made. */
async function checkJunit({ files }: Context, given: Given): Promise<void> {
  const file = given.text('junit-file')
  const fault = file && (await files.writeFault(file))
  if (fault !== undefined && fault !== '')
    throw new UserError('SUB0103', `--junit-file: ${file} cannot be written: ${fault}`, { exitCode: EXIT.usage })
}

async function writeJunit({ files }: Context, given: Given, text: string): Promise<void> {
  const file = given.text('junit-file')
  if (file === undefined) return
  await files.write(file, text).catch((error: unknown) => {
    throw new UserError('SUB0103', `--junit-file: ${file} cannot be written: ${messageOf(error)}`, { exitCode: EXIT.usage, cause: error })
  })
}

/** Takes the pods away again; where that is not possible it says what is left. */
async function close({ stderr }: Context, pods: PodRun, isHurried: boolean): Promise<void> {
  for (const line of await pods.close(isHurried)) stderr.write(`${line}\n`)
}
