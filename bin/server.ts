import { serverRuns } from '../src/commands/runs/server.ts'
import { beginAgent } from './agent.ts'

beginAgent(serverRuns)
