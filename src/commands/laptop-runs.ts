import type { Runs } from './cli/run.ts'
import { deployBroker } from './deploy-broker.ts'
import { infoRuns } from './info-runs.ts'
import { join } from './join.ts'
import { show } from './show.ts'
import { upgrade } from './upgrade.ts'
import { verify } from './verify.ts'

/** What the laptop's part runs. */
export const laptopRuns: Runs = { ...infoRuns, 'deploy-broker': deployBroker, join, show, upgrade, verify }
