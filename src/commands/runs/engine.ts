import type { Runs } from '../cli/run.ts'
import { engine } from '../engine.ts'
import { infoRuns } from './info.ts'

/** What the part of `subctl engine` runs. */
export const engineRuns: Runs = { ...infoRuns, engine }
