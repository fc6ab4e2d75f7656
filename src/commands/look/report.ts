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

/** Why not all checks were made. */
export type Broken = 'interrupted' | 'timed out'

/** The stable form for programs: apiVersion, kind, one item a cluster; `brokenOff` where not all checks were made. */
export function reportText(reports: readonly ClusterReport[], format: 'json' | 'yaml', brokenOff?: Broken): string {
  const value = {
    apiVersion: 'subctl.submariner.io/v1',
    kind: 'VerifyReport',
    ...(brokenOff !== undefined && { brokenOff }),
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

const unfinished = (why: string): string => `  <testsuite name="subctl verify" tests="1" errors="1">
    <testcase classname="subctl verify" name="all checks were made"><error message="${xml(why)}"/></testcase>
  </testsuite>`
const suitesText = (suites: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`

/** What the file says until the checks are done. */
export const unfinishedJunit = (): string => suitesText([unfinished('the run did not end')])

/**
 * JUnit XML: a suite a cluster, a case a check; a warning is a passed case that says so in its output. A run that is broken off is no success: it has a suite
 * of its own with an error.
 */
export function junit(reports: readonly ClusterReport[], brokenOff?: Broken): string {
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
  return suitesText([...suites, ...(brokenOff === undefined ? [] : [unfinished(`the run was broken off: ${brokenOff}`)])])
}

const xml = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
