import { charon } from '../charon.ts'
import type { Runs } from '../cli/run.ts'
import { nettest } from '../nettest.ts'
import { infoRuns } from './info.ts'

/** What the light part runs: what speaks to no API, and needs less code than an agent. */
export const lightRuns: Runs = { ...infoRuns, charon, nettest }
