import { usage } from './cli/given.ts'
import { commandHelp, overview } from './cli/help-text.ts'
import type { Run } from './cli/run.ts'
import { COMMANDS } from './cli/table.ts'

/** `subctl help [COMMAND]` */
export const help: Run = async (context, given) => {
  const name = given.args.join(' ')
  const spec = COMMANDS.find((s) => s.name === name)
  if (name !== '' && spec === undefined) throw usage(`there is no command "${name}"`)
  context.stdout.write(spec === undefined ? overview(context.version) : commandHelp(spec))
  return undefined
}
