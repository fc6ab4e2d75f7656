/** What scripts/jest-tally.mjs writes of one file; `broken` where it did not even load. */
export interface TestFile {
  readonly file: string
  readonly broken?: string
  readonly seconds?: number
  readonly tests: readonly { readonly name: string; readonly status: string; readonly invocations: number }[]
}
export interface Count {
  readonly suite: string
  readonly passed: number
  /** Names of tests, which say why. */
  readonly skipped: readonly string[]
  /** One entry a failure, by the test's name. */
  readonly failures: readonly string[]
  readonly secondGo: readonly string[]
  /** A line for a person: how long it took, and which of its files. */
  readonly took?: string
}

/** The count of one suite. A file that did not load, a suite without a test and an end out of order that no test explains are failures. */
export function countOf(suite: string, files: readonly TestFile[], trouble: string | undefined): Count {
  const tests = files.flatMap(({ file, tests }) => tests.map((test) => ({ ...test, title: `${suite} ${file}: ${test.name}` })))
  const failed = tests.filter((test) => test.status === 'failed').map((test) => test.title)
  const broken = files.filter((file) => file.broken !== undefined).map((file) => `${suite} ${file.file}: ${firstLine(file.broken)}`)
  const failures = [...failed, ...broken]
  const cutOff = trouble?.startsWith('not done') === true
  if (trouble !== undefined && (cutOff || failures.length === 0)) failures.push(`${suite}: ${trouble}`)
  if (tests.length === 0 && failures.length === 0) failures.push(`${suite}: no test ran`)
  return {
    suite,
    passed: tests.filter((test) => test.status === 'passed').length,
    skipped: tests.filter((test) => ['pending', 'skipped', 'todo', 'disabled'].includes(test.status)).map((test) => test.title),
    failures,
    secondGo: tests.filter((test) => test.status === 'passed' && test.invocations > 1).map((test) => test.title),
  }
}

const firstLine = (text: string | undefined): string => (text ?? '').trim().split('\n')[0] ?? ''

/** `N passed, N failed`, and `, N skipped` where there are any. */
export function lastLine(counts: readonly { readonly passed: number; readonly failed: number; readonly skipped: number }[]): string {
  const sum = (of: 'passed' | 'failed' | 'skipped'): number => counts.reduce((total, count) => total + count[of], 0)
  return `${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}`
}

/** How long a suite took, and its files that took longest. */
export function timesOf(suite: string, files: readonly TestFile[], seconds: number): string {
  const slow = files.filter((file) => (file.seconds ?? 0) >= SLOW_SECONDS).sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0))
  return [`${suite} ${seconds} s`, ...slow.map((file) => `  ${file.seconds} s ${file.file}`)].join('\n  ')
}
const SLOW_SECONDS = 5
