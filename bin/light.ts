import { lightRuns } from '../src/commands/light-runs.ts'
import { exec } from '../src/system/exec.ts'
import { collectGarbage } from '../src/system/heap.ts'
import { begin } from './begin.ts'

// Past the start, when what stays has been made.
const COLLECT_MS = 5_000

collectGarbage(COLLECT_MS)
void begin(lightRuns, { exec, logLevel: 'info' })
