import type { Change } from '../../install/apply/compare.ts'
import { titleOf } from '../../install/apply/report.ts'
import { UserError } from '../../model/errors.ts'
import type { Given } from '../cli/given.ts'

/** Throws where fields would be taken from another manager, unless the user has said so. Nothing has been written then. */
export function checkConflicts(given: Given, changes: readonly Change[]): void {
  const all = changes.flatMap(({ object, conflicts = [] }) => conflicts.map((conflict) => ({ title: titleOf(object), ...conflict })))
  if (all.length === 0 || given.on('force-conflicts')) return
  const most = 10
  const lines = all.slice(0, most).map(({ title, field, manager }) => `  ${title} ${field}: of "${manager}"`)
  const more = all.length > most ? `\n  and ${all.length - most} more` : ''
  throw new UserError(
    'SUB0421',
    `Nothing was changed: these fields are another program’s by now, with other values:\n${lines.join('\n')}${more}`,
    {
      hint: 'See --plan. Change them where that program has them, or take them over by --force-conflicts.',
    },
  )
}
