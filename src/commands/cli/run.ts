import type { ExitCode } from '../../model/errors.ts'
import type { Context } from '../context.ts'
import type { Given } from './given.ts'

/** What a command does. Returns its exit code, 0 where it returns none; a UserError carries its own. */
export type Run = (context: Context, given: Given) => Promise<ExitCode | undefined>
/** The runs of one part, by the command's name. */
export type Runs = Readonly<Record<string, Run>>
