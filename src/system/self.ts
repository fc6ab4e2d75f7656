import { isSea } from 'node:sea'
import type { Argv } from './exec.ts'

/** What starts this same program again, before its arguments: the binary, or Node with the source that it was started with. */
export const selfCommand = (): Argv => (isSea() ? [process.execPath] : [process.execPath, ...process.execArgv, ...process.argv.slice(1, 2)])
