import { codeOf } from '../model/errors.ts'

/** A process known by more than its number, which is given to another one in time. */
export interface ProcessId {
  readonly pid: number
  /** In clock ticks since the machine started. */
  readonly started: string
}

/** What stands in /proc/PID/stat says which process it is; undefined where none runs. A zombie does not run. */
export function processOf(pid: number, stat: string | undefined): ProcessId | undefined {
  if (stat === undefined) return undefined
  // The name in brackets may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = 'X', started] = [fields[0], fields[19]]
  return started === undefined || state === 'Z' || state === 'X' ? undefined : { pid, started }
}

/** Sends a signal to a process that is not our child; none is no error. */
export function signalProcess(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

export const ownPid = (): number => process.pid
