// Runs the suites and counts. A test of a real kernel, server or cluster that failed and passed at its second go counts as passed and is named at
// the end (docs/decisions/0001).
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../src/model/errors.ts'
import { type Count, countOf, lastLine, type TestFile, timesOf } from './test-count.ts'
import { end, endOnSignals, kill, start } from './test-processes.ts'
import { lanesOf, SUITES, stepsFor, suitesOf } from './test-suites.ts'

/** For the programs of Kubernetes, which are written in Go: a third less CPU for a kube-apiserver until it is ready (1.14 s for 1.76), for more memory. */
const RARE_COLLECTION = { GOGC: '400' }

endOnSignals()
const names = named(process.argv.slice(2))
process.exitCode = names === undefined ? 64 : report((await prepare(names)) ? await runAll(names) : [failure('set-up', 'it failed')])

function named(args: readonly string[]): readonly string[] | undefined {
  try {
    return suitesOf(args)
  } catch (error) {
    console.error(messageOf(error))
    return undefined
  }
}

async function prepare(names: readonly string[]): Promise<boolean> {
  for (const { argv, unless } of stepsFor(names)) {
    const why = unless?.()
    console.log(`--- ${argv.join(' ')}${why === undefined ? '' : `: not needed: ${why}`}`)
    const from = Date.now()
    if (why !== undefined) continue
    if ((await end(start(argv))) !== 0) return false
    console.log(`--- ${argv.join(' ')} took ${secondsSince(from)} s`)
  }
  return true
}

function secondsSince(ms: number): number {
  return Math.round((Date.now() - ms) / 1000)
}

async function runAll(names: readonly string[]): Promise<readonly Count[]> {
  const all: Count[] = []
  for (const lanes of lanesOf(names)) {
    const side = lanes.map(async (lane) => {
      const counts: Count[] = []
      for (const name of lane) counts.push(await runSuite(name, lanes.length > 1))
      return counts
    })
    all.push(...(await Promise.all(side)).flat())
  }
  return all
}

async function runSuite(name: string, isBesideOthers: boolean): Promise<Count> {
  const suite = SUITES[name] ?? { workers: 1, limitMinutes: 1, root: false }
  console.log(`--- suite ${name}`)
  if (suite.root && process.getuid?.() !== 0) return failure(name, 'it needs root: sudo ./scripts/test')
  const limitMinutes = Number(process.env.SUBCTL_SUITE_MINUTES ?? suite.limitMinutes)
  const folder = mkdtempSync(join(tmpdir(), 'subctl-test-'))
  const from = Date.now()
  try {
    const tally = join(folder, 'tally')
    const flags = ['--ci', `--maxWorkers=${suite.workers}`, '--reporters=default', '--reporters=./scripts/jest-tally.mjs']
    const prefix = isBesideOthers ? { prefix: `${name} | ` } : {}
    const jest = start(['scripts/jest', name, ...flags], { env: { SUBCTL_TALLY: tally, ...RARE_COLLECTION }, ...prefix })
    let cutOff = false
    const limit = setTimeout(() => {
      cutOff = true
      kill(jest)
    }, limitMinutes * 60_000)
    const code = await end(jest)
    clearTimeout(limit)
    const lines = existsSync(tally) ? readFileSync(tally, 'utf8').trim().split('\n') : []
    const files = lines.map((line) => JSON.parse(line) as TestFile)
    const trouble = cutOff ? `not done within ${limitMinutes} minutes` : code === 0 ? undefined : `jest ended with ${code}`
    return { ...countOf(name, files, trouble), took: timesOf(name, files, secondsSince(from)) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function failure(suite: string, why: string): Count {
  return { suite, passed: 0, skipped: [], failures: [`${suite}: ${why}`], secondGo: [] }
}

function report(all: readonly Count[]): number {
  const failures = all.flatMap((count) => count.failures)
  const sections = {
    took: all.flatMap(({ took }) => took ?? []),
    skipped: all.flatMap((count) => count.skipped),
    'needed a second go': all.flatMap((count) => count.secondGo),
    failed: failures,
  }
  for (const [title, names] of Object.entries(sections))
    if (names.length > 0) console.log(`\n${title}:\n${names.map((name) => `  ${name}`).join('\n')}`)
  console.log('')
  const sums = all.map((count) => ({ passed: count.passed, failed: count.failures.length, skipped: count.skipped.length }))
  for (const [i, sum] of sums.entries()) console.log(`${all[i]?.suite}: ${lastLine([sum])}`)
  console.log(lastLine(sums))
  return failures.length > 0 || all.every((count) => count.passed === 0) ? 1 : 0
}
