import { routeAgentRuns } from '../src/commands/runs/route-agent.ts'
import { beginAgent } from './agent.ts'

beginAgent(routeAgentRuns)
