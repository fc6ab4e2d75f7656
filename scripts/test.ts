// Runs the suites one after the other and counts. A test of a real kernel, server or cluster that failed and passed at its second go
// counts as passed and is named at the end (docs/decisions/0001).
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Count, countOf, lastLine, type TestFile } from './test-count.ts'

interface Suite {
  readonly workers: number
  readonly limitMinutes: number
  readonly root: boolean
}
const SUITES: Readonly<Record<string, Suite>> = {
  unit: { workers: 2, limitMinutes: 5, root: false },
  kernel: { workers: 1, limitMinutes: 20, root: true },
  api: { workers: 1, limitMinutes: 20, root: false },
  lab: { workers: 1, limitMinutes: 45, root: true },
  cluster: { workers: 1, limitMinutes: 30, root: true },
  vm: { workers: 1, limitMinutes: 90, root: true },
  image: { workers: 1, limitMinutes: 30, root: true },
}
const BY_DEFAULT = ['unit', 'kernel', 'api', 'lab']

// Colours are for a person alone; libraries take CI for one.
const PLAIN = process.stdout.isTTY ? {} : { FORCE_COLOR: '0' }

const running = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => endAll(signal))

const suites = suitesOf(process.argv.slice(2))
const counts =
  suites.every((suite) => suite === 'unit') || (await prepare(suites)) ? await runAll(suites) : [failure('set-up', 'it failed')]
process.exitCode = report(counts)

function suitesOf(args: readonly string[]): readonly string[] {
  const names = args.filter((arg) => arg !== '--suite').flatMap((arg) => arg.replace(/^--suite=/, '').split(','))
  const unknown = names.filter((name) => !(name in SUITES))
  if (unknown.length > 0) {
    console.error(`no suite ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`)
    process.exit(64)
  }
  return names.length === 0 ? BY_DEFAULT : names
}

async function prepare(names: readonly string[]): Promise<boolean> {
  const steps = [
    ['scripts/setup', 'lab', ...(names.includes('cluster') ? ['cluster'] : [])],
    ['scripts/build'],
    ...(names.some((name) => !['kernel', 'image'].includes(name)) ? [['scripts/kube-build']] : []),
    ...(names.includes('cluster') ? [['scripts/kube-build', 'cluster']] : []),
  ]
  for (const [script = '', ...args] of steps) {
    console.log(`--- ${[script, ...args].join(' ')}`)
    if ((await end(start(script, args, {}))) !== 0) return false
  }
  return true
}

async function runAll(names: readonly string[]): Promise<readonly Count[]> {
  const all: Count[] = []
  for (const name of names) all.push(await runSuite(name))
  return all
}

async function runSuite(name: string): Promise<Count> {
  const suite = SUITES[name] ?? { workers: 1, limitMinutes: 1, root: false }
  console.log(`--- suite ${name}`)
  if (suite.root && process.getuid?.() !== 0) return failure(name, 'it needs root: sudo ./scripts/test')
  const limitMinutes = Number(process.env.SUBCTL_SUITE_MINUTES ?? suite.limitMinutes)
  const folder = mkdtempSync(join(tmpdir(), 'subctl-test-'))
  try {
    const tally = join(folder, 'tally')
    const flags = ['--ci', `--maxWorkers=${suite.workers}`, '--reporters=default', '--reporters=./scripts/jest-tally.mjs']
    const jest = start('scripts/jest', [name, ...flags], { SUBCTL_TALLY: tally })
    let cutOff = false
    const limit = setTimeout(() => {
      cutOff = true
      kill(jest)
    }, limitMinutes * 60_000)
    const code = await end(jest)
    clearTimeout(limit)
    const lines = existsSync(tally) ? readFileSync(tally, 'utf8').trim().split('\n') : []
    const files = lines.map((line) => JSON.parse(line) as TestFile)
    return countOf(name, files, cutOff ? `not done within ${limitMinutes} minutes` : code === 0 ? undefined : `jest ended with ${code}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Starts a script as the head of a process group of its own, so that all that it starts can be ended with it. */
function start(script: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(script, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { CI: 'true', ...PLAIN, ...process.env, ...env },
  })
  running.add(child)
  return child
}

function end(child: ChildProcess): Promise<number> {
  return new Promise((settle) => {
    child.on('error', (error) => {
      console.error(String(error))
      settle(-1)
    })
    child.on('close', (code) => {
      running.delete(child)
      settle(code ?? -1)
    })
  })
}

function kill(child: ChildProcess): void {
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), signal)
    } catch {
      // It has ended by itself.
    }
  }
  signalGroup('SIGTERM')
  setTimeout(() => signalGroup('SIGKILL'), 10_000).unref()
}

function endAll(signal: NodeJS.Signals): void {
  const code = signal === 'SIGINT' ? 130 : 143
  if (running.size === 0) process.exit(code)
  for (const child of running) {
    kill(child)
    child.once('close', () => running.size === 0 && process.exit(code))
  }
}

function failure(suite: string, why: string): Count {
  return { suite, passed: 0, skipped: [], failures: [`${suite}: ${why}`], secondGo: [] }
}

function report(all: readonly Count[]): number {
  const failures = all.flatMap((count) => count.failures)
  const sections = {
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
