import type { Runs } from './cli/run.ts'
import { infoRuns } from './info-runs.ts'
import { show } from './show.ts'
import { verify } from './verify.ts'

/** What the laptop's part runs. */
export const laptopRuns: Runs = { ...infoRuns, show, verify }
