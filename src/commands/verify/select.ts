import { stringify } from 'yaml'
import type { Check } from '../../checks/check.ts'
import { FAILOVER_CHECKS } from '../../checks/paths/failover-checks.ts'
import type { CheckContext } from '../../checks/subject.ts'
import { CHECKS } from '../../checks/table.ts'
import { EXIT, messageOf, UserError } from '../../model/errors.ts'
import { type Given, usage } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { textTable } from '../look/tables.ts'

export interface Selected {
  readonly checks: readonly Check<CheckContext>[]
  /** Those that break something for a while, where they are asked for. */
  readonly disruptive: readonly Check<CheckContext>[]
}

/** The checks that the flags ask for. */
export function selectChecks(given: Given): Selected {
  const text = given.text('test')
  const pattern = text === undefined ? undefined : patternOf(text)
  const chosen = (checks: readonly Check<CheckContext>[]) => checks.filter(({ id, name }) => pattern?.test(`${id} ${name}`) !== false)
  const selected = { checks: chosen(CHECKS), disruptive: given.on('disruptive') ? chosen(FAILOVER_CHECKS) : [] }
  if (selected.checks.length + selected.disruptive.length === 0)
    throw usage(`no check matches --test "${text}"${chosen(FAILOVER_CHECKS).length > 0 ? ' without --disruptive' : ''}`, 'list')
  return selected
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'i')
  } catch (error) {
    throw usage(`--test: ${messageOf(error)}`, 'test')
  }
}

/** `--list`: every check that would be made, without making any, as a table or for programs. */
export function listing({ checks, disruptive }: Selected, format: string): string {
  const all = [...checks, ...disruptive].map(({ id, name }) => ({ id, name }))
  const value = { apiVersion: 'subctl.submariner.io/v1', kind: 'VerifyCheckList', checks: all }
  if (format === 'json') return JSON.stringify(value, null, 2)
  if (format === 'yaml') return stringify(value).trimEnd()
  return textTable(
    ['check', 'what'],
    all.map(({ id, name }) => [id, name]),
  )
}

/** Asks whether gateways may be ended; --yes answers beforehand. Throws UserError where nobody agrees. */
export async function agree(context: Context, given: Given): Promise<void> {
  if (given.on('yes')) return
  if (context.ask === undefined)
    throw new UserError('SUB0102', '--disruptive ends gateways: traffic may stand still for seconds', {
      hint: 'Agree with --yes.',
      exitCode: EXIT.usage,
    })
  const answer = await context.ask(
    'This ends the active gateway of each cluster, twice: traffic may stand still for seconds. Go on? [y/N] ',
    '--yes',
  )
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new UserError('SUB0102', 'Not agreed: nothing was ended', { hint: 'Leave out --disruptive.', exitCode: EXIT.failed })
}
