import type { Runs } from '../cli/run.ts'
import { discovery } from '../discovery.ts'
import { infoRuns } from './info.ts'

/** What the part of `subctl discovery` runs. */
export const discoveryRuns: Runs = { ...infoRuns, discovery }
