import { brokerAccess } from '../checks/broker-access.ts'
import { type Outcome, runChecks } from '../checks/check.ts'
import { askGateways } from '../checks/gateways.ts'
import { askProbes } from '../checks/probes.ts'
import { type CheckContext, looker } from '../checks/subject.ts'
import { CHECKS } from '../checks/table.ts'
import type { KubeApi } from '../k8s/api.ts'
import { EXIT, messageOf } from '../model/errors.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context, Output } from './context.ts'
import { type Marks, marksFor } from './look/marks.ts'
import { type ClusterReport, countOf, junit, reportText } from './look/report.ts'
import { type Subject, subjects } from './look/subjects.ts'
import { printable } from './look/tables.ts'

/** `subctl verify`: runs the checks over each cluster asked about. Exit code 2 when one fails, 75 when time runs out. */
export const verify: Run = async (context, given) => {
  const found = await subjects(context, given)
  const deadline = AbortSignal.timeout(given.duration('timeout'))
  const signal = AbortSignal.any([context.signal, deadline])
  const format = given.need('output')
  const out = format === 'table' ? context.stdout : context.stderr
  const marks = marksFor(out, context, given)
  const status = statusLine(context.stderr)
  const reports: ClusterReport[] = []
  const running = checkContexts(context, found, given).map((cluster) => runAhead(cluster, { clock: context.clock, signal, status }))
  for (const run of running) {
    out.write(`Cluster of context "${run.name}"\n`)
    const outcomes: Outcome[] = []
    for await (const outcome of run.outcomes()) {
      outcomes.push(outcome)
      out.write(`${line(outcome, marks)}\n`)
    }
    reports.push({ context: run.name, outcomes })
  }
  return conclude(context, given, { reports, out, timedOut: deadline.aborted })
}

interface Ahead {
  readonly clock: Context['clock']
  readonly signal: AbortSignal
  readonly status: StatusLine
}

/** Starts the checks of one cluster: those of all run side by side, and are told of one cluster after the other. */
function runAhead(cluster: CheckContext, { clock, signal, status }: Ahead) {
  let [checking, isShown] = ['', false]
  const onStart = (name: string): void => {
    checking = name
    if (isShown) status.show(`checking: ${name}`)
  }
  const checks = runChecks(CHECKS, cluster, { clock, signal, explain: messageOf, onStart })
  // A generator that is asked for all at once makes one after the other, whether anybody reads them or not.
  const asked = CHECKS.map(() => checks.next())
  return {
    name: cluster.name,
    async *outcomes(): AsyncGenerator<Outcome> {
      isShown = true
      for (const next of asked) {
        status.show(`checking: ${checking}`)
        const { value, done } = await next
        status.clear()
        if (done === true) break
        yield value
      }
      isShown = false
    },
  }
}

async function conclude(context: Context, given: Given, done: { reports: ClusterReport[]; out: Context['stdout']; timedOut: boolean }) {
  const { reports, out, timedOut } = done
  const format = given.need('output')
  const counts = countOf(reports)
  const file = given.text('junit-file')
  if (file !== undefined) await context.files.write(file, junit(reports))
  if (format === 'json' || format === 'yaml') context.stdout.write(`${reportText(reports, format)}\n`)
  if (context.signal.aborted) return EXIT.interrupted
  if (timedOut) {
    out.write('Time ran out before all checks were made. Give more with --timeout.\n')
    return EXIT.timedOut
  }
  const clusters = reports.length === 1 ? '' : ` over ${reports.length} clusters`
  out.write(`\n${counts.ok} checks in order, ${counts.failed} failed, ${counts.warning} warnings, ${counts.skipped} skipped${clusters}.\n`)
  return counts.failed > 0 ? EXIT.checkFailed : undefined
}

function checkContexts(context: Context, found: readonly Subject[], given: Given): readonly CheckContext[] {
  const namespace = given.need('namespace')
  const all: CheckContext[] = []
  for (const { name, api } of found) {
    let asked: ReturnType<typeof askProbes> | undefined
    let silent: ReturnType<typeof askGateways> | undefined
    const { clock, version } = context
    all.push({
      name,
      api,
      namespace,
      clock,
      version,
      all,
      look: looker(api, namespace),
      broker: async () => context.kube({ access: await brokerAccess(api, namespace) }),
      probes: (signal) => {
        asked ??= ask(api, namespace, clock, signal)
        return asked
      },
      silentGateways: (signal) => {
        silent ??= askGateways({ api, namespace, clock, signal, id: crypto.randomUUID() })
        return silent
      },
    })
  }
  return all
}

async function ask(api: KubeApi, namespace: string, clock: Context['clock'], signal: AbortSignal) {
  const nodes = (await api.list('Node')).items.map(({ metadata }) => metadata.name)
  return askProbes({ api, namespace, clock, signal, nodes, id: crypto.randomUUID() })
}

interface StatusLine {
  show(text: string): void
  clear(): void
}

/** A line that a person at a terminal sees until the next one comes; nothing where nobody looks. */
function statusLine(output: Output): StatusLine {
  const write = (text: string): void => void (output.isTty && output.write(text))
  return { show: (text) => write(`\r\u001b[K  ${text.slice(0, output.columns - 3)}`), clear: () => write('\r\u001b[K') }
}

function line({ id, name, verdict }: Outcome, marks: Marks): string {
  const { paint } = marks
  const head = `  ${marks[verdict.is]} ${paint.dim(id)} ${name}`
  if (verdict.is === 'ok') return verdict.note === undefined ? head : `${head} ${paint.dim(`(${printable(verdict.note)})`)}`
  if (verdict.is === 'skipped') return `${head}: ${paint.dim(printable(verdict.reason))}`
  return `${head}: ${printable(verdict.reason)}${verdict.hint === undefined ? '' : `\n      ${paint.dim(`-> ${verdict.hint}`)}`}`
}
