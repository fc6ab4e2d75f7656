import type { Runs } from './cli/run.ts'
import { discovery } from './discovery.ts'
import { dns } from './dns.ts'
import { engine } from './engine.ts'
import { infoRuns } from './info-runs.ts'
import { nettest } from './nettest.ts'
import { routeAgent } from './route-agent.ts'

/** What the agents' part runs. */
export const agentRuns: Runs = {
  ...infoRuns,
  discovery,
  dns,
  engine,
  'route-agent': routeAgent,
  nettest,
}
