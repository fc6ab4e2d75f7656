// Which charon runs, and who keeps it: written down, since a keeper that is killed leaves its charon running.
import type { Child } from '../../../system/child.ts'
import type { Clock } from '../../../system/clock.ts'
import type { Files } from '../../../system/files.ts'
import { ownPid, type ProcessId, processOf, signalProcess } from '../../../system/processes.ts'

export interface RunningCharon extends ProcessId {
  /** How it ended, in words. */
  readonly ended: Promise<string>
  signal(name: 'SIGTERM' | 'SIGKILL'): void
}

/** Those that run; a process that has ended is not there. */
export interface Pids {
  readonly charon?: ProcessId
  /** Another one than this process. */
  readonly keeper?: ProcessId
}

const pathOf = (runDir: string): string => `${runDir}/charon.pids`
const POLL_MS = 250

export async function readPids(files: Files, runDir: string): Promise<Pids> {
  const text = await files.readIfThere(pathOf(runDir))
  const written = (kind: string): ProcessId | undefined => {
    const [, pid = '', started = ''] = new RegExp(`^${kind} (\\d+) (\\d+)$`, 'm').exec(text ?? '') ?? []
    return pid === '' ? undefined : { pid: Number(pid), started }
  }
  const [charon, keeper] = [await runningAs(files, written('charon')), await runningAs(files, written('keeper'))]
  return { ...(charon && { charon }), ...(keeper && keeper.pid !== ownPid() ? { keeper } : {}) }
}

export async function rememberPids(files: Files, runDir: string, charon: ProcessId): Promise<void> {
  const keeper = await processNow(files, ownPid())
  const line = (kind: string, id: ProcessId | undefined): string => (id === undefined ? '' : `${kind} ${id.pid} ${id.started}\n`)
  await files.write(pathOf(runDir), line('keeper', keeper) + line('charon', charon), 0o600)
}

export const forgetPids = (files: Files, runDir: string): Promise<void> => files.remove(pathOf(runDir))

/** A charon that is our own child. */
export async function startedCharon(child: Child, files: Files): Promise<RunningCharon> {
  const id = await processNow(files, child.pid)
  return { pid: child.pid, started: id?.started ?? '', ended: child.ended, signal: child.signal }
}

/** A charon that another process has started. */
export function runningCharon(id: ProcessId, { files, clock }: { readonly files: Files; readonly clock: Clock }): RunningCharon {
  const watch = async (): Promise<string> => {
    while ((await runningAs(files, id)) !== undefined) await clock.sleep(POLL_MS)
    return 'gone'
  }
  return { ...id, ended: watch(), signal: (name) => signalProcess(id.pid, name) }
}

const processNow = async (files: Files, pid: number): Promise<ProcessId | undefined> =>
  processOf(pid, await files.readIfThere(`/proc/${pid}/stat`).catch(() => undefined))

async function runningAs(files: Files, id: ProcessId | undefined): Promise<ProcessId | undefined> {
  const now = id === undefined ? undefined : await processNow(files, id.pid)
  return now?.started === id?.started ? now : undefined
}
