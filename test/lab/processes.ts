// Processes that outlive the one that started them: known by pid and start time, so that a pid used again is never taken for ours.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

export interface ProcessId {
  readonly pid: number
  /** In clock ticks since the machine started. */
  readonly started: string
}

/** The identity of a running process. Throws where there is none. */
export function processId(pid: number): ProcessId {
  const seen = statOf(pid)
  if (seen === undefined) throw new Error(`no process ${pid}`)
  return { pid, started: seen.started }
}

/** A zombie does not run. */
export function isRunning({ pid, started }: ProcessId): boolean {
  const seen = statOf(pid)
  return seen !== undefined && seen.started === started && seen.state !== 'Z' && seen.state !== 'X'
}

export function signal(process_: ProcessId, name: NodeJS.Signals): void {
  if (!isRunning(process_)) return
  try {
    process.kill(process_.pid, name)
  } catch (error) {
    if (isRunning(process_)) throw error
  }
}

/** Waits until the process has ended. */
export async function waitEnded(process_: ProcessId, timeoutMs = 30_000): Promise<void> {
  const until = Date.now() + timeoutMs
  while (isRunning(process_)) {
    if (Date.now() > until) throw new Error(`process ${process_.pid} has not ended within ${timeoutMs} ms`)
    await wait(10)
  }
}

/** All of them end, again and again while new ones appear. */
export async function killAll(list: () => Promise<readonly number[]>): Promise<void> {
  for (;;) {
    const found = (await list()).flatMap((pid) => {
      try {
        return [processId(pid)].filter(isRunning)
      } catch {
        return []
      }
    })
    if (found.length === 0) return
    for (const process_ of found) signal(process_, 'SIGKILL')
    await Promise.all(found.map((process_) => waitEnded(process_)))
  }
}

/** Starts a program that outlives this process; what it prints is added to the file. */
export function startDaemon(
  argv: readonly string[],
  log: string,
  env: Readonly<Record<string, string>> = process.env as Record<string, string>,
): ProcessId {
  const out = openSync(log, 'a')
  try {
    const child = spawn(argv[0] ?? '', argv.slice(1), { detached: true, stdio: ['ignore', out, out], env, cwd: '/' })
    child.on('error', () => undefined)
    if (child.pid === undefined) throw new Error(`${argv[0]} cannot be started`)
    child.unref()
    return processId(child.pid)
  } finally {
    closeSync(out)
  }
}

function statOf(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold blanks and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}
