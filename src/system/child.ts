import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { messageOf } from '../model/errors.ts'

/** A program that runs until it is told to end. */
export interface Child {
  readonly pid: number
  /** How it ended, in words; settles once. */
  readonly ended: Promise<string>
  signal(name: 'SIGTERM' | 'SIGKILL'): void
}
/**
 * Starts a program without a shell; what it prints goes where our own output goes, so that it outlives us if it must.
 * Rejects where it cannot be started.
 */
export type StartChild = (argv: readonly [program: string, ...args: string[]], env: Readonly<Record<string, string>>) => Promise<Child>

export const startChild: StartChild = async (argv, env) => {
  const child = spawn(argv[0], argv.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, LC_ALL: 'C', ...env },
    cwd: '/',
  })
  const ended = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal === null ? `exit ${code}` : signal))
    child.on('error', (error) => resolve(messageOf(error)))
  })
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error(`${argv[0]} has no process id`)
  return { pid, ended, signal: (name) => void child.kill(name) }
}
