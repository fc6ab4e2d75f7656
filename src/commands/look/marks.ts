import { Chalk, type ChalkInstance } from 'chalk'
import { isUtf8 } from '../../system/terminal.ts'
import type { Given } from '../cli/given.ts'
import type { Context, Output } from '../context.ts'

/** How results are marked on this output: in colour where a person looks and wants it, in ASCII where UTF-8 is missing. */
export interface Marks {
  readonly ok: string
  readonly failed: string
  readonly warning: string
  readonly skipped: string
  readonly paint: ChalkInstance
}

export function marksFor(output: Output, context: Context, given: Given): Marks {
  const { env } = context
  const when = given.text('color') ?? 'auto'
  const colour = when === 'always' || (when === 'auto' && output.isTty && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb')
  const paint = new Chalk({ level: colour ? 1 : 0 })
  const [ok, failed, warning, skipped] = isUtf8(env) ? ['✓', '✗', '⚠', '○'] : ['ok', 'FAILED', 'warning', 'skipped']
  return { ok: paint.green(ok), failed: paint.red(failed), warning: paint.yellow(warning), skipped: paint.dim(skipped), paint }
}
