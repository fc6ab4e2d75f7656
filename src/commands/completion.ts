import { bashCompletion } from './cli/completion/bash.ts'
import { fishCompletion } from './cli/completion/fish.ts'
import { zshCompletion } from './cli/completion/zsh.ts'
import type { Run } from './cli/run.ts'
import { COMMANDS } from './cli/table.ts'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** `subctl completion SHELL`: a script that needs no call of this binary at each key. */
export const completion: Run = async (context, given) => {
  const shell = given.args[0]
  if (shell === 'bash' || shell === 'zsh' || shell === 'fish') context.stdout.write(SCRIPTS[shell](COMMANDS))
  return undefined
}
