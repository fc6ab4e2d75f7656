import { stringify } from 'yaml'
import type { Outcome } from '../../checks/check.ts'

/** The outcomes of one cluster. */
export interface ClusterReport {
  readonly context: string
  readonly outcomes: readonly Outcome[]
}

const COUNTED = ['ok', 'failed', 'warning', 'skipped'] as const

export const countOf = (reports: readonly ClusterReport[]): Readonly<Record<(typeof COUNTED)[number], number>> => {
  const all = reports.flatMap((report) => report.outcomes.map((outcome) => outcome.verdict.is))
  const count = (is: (typeof COUNTED)[number]): number => all.filter((one) => one === is).length
  return { ok: count('ok'), failed: count('failed'), warning: count('warning'), skipped: count('skipped') }
}

/** The stable form for programs: apiVersion, kind, one item a cluster. */
export function reportText(reports: readonly ClusterReport[], format: 'json' | 'yaml'): string {
  const value = {
    apiVersion: 'subctl.submariner.io/v1',
    kind: 'VerifyReport',
    summary: countOf(reports),
    clusters: reports.map(({ context, outcomes }) => ({
      context,
      checks: outcomes.map(({ id, name, verdict, tookMs }) => {
        const { is, ...rest } = verdict
        return { id, name, result: is, ...rest, tookMs }
      }),
    })),
  }
  return format === 'json' ? JSON.stringify(value, null, 2) : stringify(value).trimEnd()
}

/** What the file says until the checks are done: a run that is broken off is no success. */
export const UNFINISHED = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="subctl verify" tests="1" errors="1">
    <testcase classname="subctl verify" name="all checks were made"><error message="the run did not end"/></testcase>
  </testsuite>
</testsuites>
`

/** JUnit XML: a suite a cluster, a case a check; a warning is a passed case that says so in its output. */
export function junit(reports: readonly ClusterReport[]): string {
  const suites = reports.map(({ context, outcomes }) => {
    const counts = countOf([{ context, outcomes }])
    const cases = outcomes.map(({ id, name, verdict, tookMs }) => {
      const open = `    <testcase classname="${xml(context)}" name="${xml(`${id} ${name}`)}" time="${(tookMs / 1000).toFixed(3)}"`
      if (verdict.is === 'failed')
        return `${open}><failure message="${xml(verdict.reason)}">${xml(verdict.hint ?? '')}</failure></testcase>`
      if (verdict.is === 'skipped') return `${open}><skipped message="${xml(verdict.reason)}"/></testcase>`
      if (verdict.is === 'warning') return `${open}><system-out>${xml(`warning: ${verdict.reason}`)}</system-out></testcase>`
      return `${open}/>`
    })
    return `  <testsuite name="${xml(context)}" tests="${outcomes.length}" failures="${counts.failed}" skipped="${counts.skipped}">\n${cases.join('\n')}\n  </testsuite>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`
}

const xml = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
