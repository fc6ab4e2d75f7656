import { charon } from './charon.ts'
import type { Runs } from './cli/run.ts'
import { infoRuns } from './info-runs.ts'

/** What the light part runs: what speaks to no API, and needs half as much code as an agent. */
export const lightRuns: Runs = { ...infoRuns, charon }
