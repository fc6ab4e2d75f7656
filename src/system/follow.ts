import { type ChildProcess, spawn } from 'node:child_process'
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
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  let last = ''
  child.stdout.setEncoding('utf8').on('data', lineReader(onLine))
  child.stderr.setEncoding('utf8').on(
    'data',
    lineReader((line) => {
      last = line
      onNote?.(line)
    }),
  )
  const { code, why } = await ending(child, signal)
  if (!signal.aborted) throw new ExecError(argv, { code, stdout: '', stderr: last }, why)
}

interface Ending {
  readonly code: number
  readonly why: string
}

function ending(child: ChildProcess, signal: AbortSignal): Promise<Ending> {
  return new Promise((settle) => {
    let kill: NodeJS.Timeout | undefined
    const stop = (): void => {
      child.kill('SIGTERM')
      kill = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    }
    const end = (done: Ending): void => {
      clearTimeout(kill)
      signal.removeEventListener('abort', stop)
      settle(done)
    }
    signal.addEventListener('abort', stop, { once: true })
    child.on('error', ({ message }) => end({ code: -1, why: message }))
    child.on('close', (code, by) => end({ code: code ?? -1, why: code === null ? `killed by ${by}` : `ended with ${code}` }))
  })
}

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
