// The command line of scripts/bench: results on stdout, progress on stderr.
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { Bench, BenchOptions } from '../test/bench/bench.ts'
import { endSites } from '../test/bench/open-sites.ts'
import { type Result, table } from '../test/bench/series.ts'
import { BENCHES } from '../test/bench/table.ts'

const USAGE = `Usage: scripts/bench NAME... [-o table|json]

  NAME          ${BENCHES.map(({ name }) => name).join(', ')}, or all
  -o, --output  table or json (table)
  --runs N      how often each thing is measured; default: as often as each bench says
  --long        the form for published figures
  --quick       the shortest form
  --list        what each bench measures
`
const OPTIONS = {
  output: { type: 'string', short: 'o', default: 'table' },
  runs: { type: 'string' },
  long: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

class UsageError extends Error {}

// Not `once`: execa ends this process where it finds nobody else listening.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void endSites().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143)))

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UsageError ? `bench: ${error.message}\n\n${USAGE}` : error)
  return error instanceof UsageError ? 64 : 1
})

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv)
  if (values.help) console.log(USAGE)
  if (values.list) console.log(BENCHES.map(({ name, brief }) => `${name.padEnd(14)} ${brief}`).join('\n'))
  if (values.help || values.list) return 0
  if (values.output !== 'table' && values.output !== 'json') throw new UsageError(`--output is "${values.output}"; it can be table or json`)
  const benches = chosen(positionals).filter((bench) => !isLeftOut(bench, positionals))
  const { done, failed } = await measure(benches, {
    quick: values.quick,
    long: values.long,
    ...(values.runs !== undefined && { runs: runsOf(values.runs) }),
  })
  console.log(values.output === 'json' ? JSON.stringify(done, undefined, 2) : table(done))
  for (const { name, error } of failed) console.error(`bench ${name} failed:`, error)
  return failed.length === 0 ? 0 : 1
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function chosen(names: readonly string[]): readonly Bench[] {
  if (names.length === 0) throw new UsageError('which one?')
  const benches = names.flatMap((name) => {
    const found = name === 'all' ? BENCHES : BENCHES.filter((bench) => bench.name === name)
    if (found.length === 0) throw new UsageError(`there is no bench "${name}"`)
    return found
  })
  const rootless = benches.find(({ needsRoot }) => needsRoot)
  if (rootless !== undefined && process.getuid?.() !== 0) throw new UsageError(`${rootless.name} makes network namespaces: run it as root`)
  return benches
}

/** What was asked for by its name fails where something is lacking; what `all` stands for is left out, and it is said why. */
function isLeftOut({ name, lacks }: Bench, names: readonly string[]): boolean {
  const why = names.includes(name) ? undefined : lacks?.()
  if (why !== undefined) console.error(`bench: ${name} is left out: ${why}`)
  return why !== undefined
}

function runsOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError('--runs is a number from 1 to 9999')
  return Number(text)
}

/** How busy the machine is, with what is measured and with everything else. */
function machine(): string {
  return `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} CPUs`
}

interface Measured {
  readonly done: readonly Result[]
  readonly failed: readonly { readonly name: string; readonly error: unknown }[]
}

/** One after the other; what fails does not stop the others. */
async function measure(benches: readonly Bench[], how: Omit<BenchOptions, 'say'>): Promise<Measured> {
  const done: Result[] = []
  const failed: Measured['failed'][number][] = []
  for (const bench of benches) {
    const say = (what: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${bench.name}: ${what}`)
    try {
      const why = bench.lacks?.()
      if (why !== undefined) throw new Error(`it cannot be measured here: ${why}`)
      const results = await bench.run({ ...how, say })
      done.push(...results.map((line) => ({ ...line, conditions: `${line.conditions}; ${machine()}` })))
    } catch (error) {
      failed.push({ name: bench.name, error })
      say('it failed')
    }
  }
  return { done, failed }
}
