import { execa } from 'execa'
import { type Argv, ExecError } from './exec.ts'

export interface FollowEvents {
  /** A line of standard output, as it comes. */
  onLine(line: string): void
  /** A line of standard error; the last of them stands in the error besides. */
  onNote?(line: string): void
}

/**
 * Runs a program that goes on until the signal is aborted, without a shell, in the C locale. Settles when it has ended: without an error after the
 * abort, else with an ExecError. The program never outlives this process.
 */
export type Follow = (argv: Argv, events: FollowEvents, signal: AbortSignal) => Promise<void>

/** A program that does not end by SIGTERM within this time is killed. */
const GRACE_MS = 2_000

export const follow: Follow = async (argv, { onLine, onNote }, signal) => {
  if (signal.aborted) return
  const running = execa('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    stdin: 'ignore',
    buffer: false,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: GRACE_MS,
    env: { LC_ALL: 'C' },
  })
  let last = ''
  running.stdout.setEncoding('utf8').on('data', lineReader(onLine))
  running.stderr.setEncoding('utf8').on(
    'data',
    lineReader((line) => {
      last = line
      onNote?.(line)
    }),
  )
  const done = await running
  if (!signal.aborted) throw new ExecError(argv, { code: done.exitCode ?? -1, stdout: '', stderr: last }, whyOf(done))
}

interface Done {
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly originalMessage?: string | undefined
}
const whyOf = ({ exitCode, signal, originalMessage }: Done): string =>
  exitCode !== undefined ? `ended with ${exitCode}` : signal !== undefined ? `killed by ${signal}` : (originalMessage ?? 'not started')

const MOST_LINE = 64 * 1024

/** Takes text in pieces and gives whole lines, without those that are blank; what is longer than 64 KiB without an end is thrown away. */
export function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MOST_LINE) rest = ''
    for (const line of lines) if (line.trim() !== '') onLine(line)
  }
}
