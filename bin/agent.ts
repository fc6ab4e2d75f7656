import type { Runs } from '../src/commands/cli/run.ts'
import { exec } from '../src/system/exec.ts'
import { collectGarbage } from '../src/system/heap.ts'
import { begin } from './begin.ts'

// Past the start, when what stays has been made.
const COLLECT_MS = 5_000

/** Runs the command line of a process that may be there for months. */
export function beginAgent(runs: Runs): void {
  collectGarbage(COLLECT_MS)
  void begin(runs, { exec, logLevel: 'info' })
}
