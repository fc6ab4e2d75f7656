import type { Runs } from '../cli/run.ts'
import { serveBroker } from '../serve-broker.ts'
import { infoRuns } from './info.ts'

/** What the central API server's part runs. */
export const serverRuns: Runs = { ...infoRuns, 'serve-broker': serveBroker }
