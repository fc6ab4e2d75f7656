import { lightRuns } from '../src/commands/runs/light.ts'
import { beginAgent } from './agent.ts'

beginAgent(lightRuns)
