import { agentRuns } from '../src/commands/agent-runs.ts'
import { begin } from './begin.ts'

void begin(agentRuns, 'info')
