import { discoveryRuns } from '../src/commands/runs/discovery.ts'
import { beginAgent } from './agent.ts'

beginAgent(discoveryRuns)
