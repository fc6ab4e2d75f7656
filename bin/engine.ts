import { engineRuns } from '../src/commands/runs/engine.ts'
import { beginAgent } from './agent.ts'

beginAgent(engineRuns)
