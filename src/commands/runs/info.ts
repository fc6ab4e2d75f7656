import type { Runs } from '../cli/run.ts'
import { completion } from '../completion.ts'
import { explain } from '../explain.ts'
import { help } from '../help.ts'
import { version } from '../version.ts'

/** Commands about the binary itself: every part runs them, since flags may stand before the verb. */
export const infoRuns: Runs = { version, help, completion, explain }
