// What scripts with a command line of their own share.
import { type ParseArgsConfig, parseArgs } from 'node:util'

export class UsageError extends Error {}

/** Runs it on the process's arguments: usage errors are told with the usage and end with 64, others with 1. */
export async function runScript(name: string, usage: string, main: (args: readonly string[]) => Promise<number>): Promise<void> {
  // Whoever reads the output may have read enough.
  process.stdout.on('error', () => process.exit(0))
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    const isUsage = error instanceof UsageError
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}${isUsage ? `\n\n${usage}` : ''}`)
    process.exitCode = isUsage ? 64 : 1
  }
}

/** Flags and words. Throws usage errors. */
export function parseWords<T extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** `a,b` in its parts. */
export const list = (text: string): readonly string[] => text.split(',').filter((item) => item !== '')

export function oneOf<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw new UsageError(`--${flag} is "${value}"; it can be ${choices.join(', ')}`)
  return found
}

export function count(flag: string, value: string, most: number): number {
  if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > most) throw new UsageError(`--${flag} is a number from 1 to ${most}`)
  return Number(value)
}

/** Aborted where the user, or whoever runs this, has had enough. */
export function interruption(): AbortSignal {
  const stop = new AbortController()
  // Not `once`: execa ends this process where it finds nobody else listening.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stop.abort(new Error('interrupted: what was up goes down')))
  return stop.signal
}
