import type { Runs } from '../cli/run.ts'
import { routeAgent } from '../route-agent.ts'
import { infoRuns } from './info.ts'

/** What the part of `subctl route-agent` runs. */
export const routeAgentRuns: Runs = { ...infoRuns, 'route-agent': routeAgent }
