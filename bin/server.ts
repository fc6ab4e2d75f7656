import { serverRuns } from '../src/commands/server-runs.ts'
import { begin } from './begin.ts'

void begin(serverRuns, 'info')
