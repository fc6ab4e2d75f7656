import { EXIT, UserError } from '../model/errors.ts'
import type { ProblemId } from '../model/problem.ts'
import { PROBLEMS } from '../model/problems.ts'
import type { Run } from './cli/run.ts'

/** `subctl explain [ID]`: what an error or a check means and what to do; without an id, all of them in a line each. */
export const explain: Run = async (context, given) => {
  const [asked] = given.args
  if (asked === undefined) {
    const lines = Object.entries(PROBLEMS).map(([id, problem]) => `${id}  ${problem.title}\n`)
    context.stdout.write(lines.sort().join(''))
    return undefined
  }
  const id: ProblemId = `SUB${asked.toUpperCase().replace(/^SUB/, '')}`
  const problem = PROBLEMS[id]
  if (problem === undefined) {
    throw new UserError('SUB0101', `there is no ${asked}`, { hint: '`subctl explain` lists all ids.', exitCode: EXIT.usage })
  }
  context.stdout.write(`${id}: ${problem.title}\n\nCause: ${problem.cause}\nNext:  ${problem.next}\n`)
  return undefined
}
