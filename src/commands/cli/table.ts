import type { CommandSpec } from './spec.ts'
import { AGENT_COMMANDS } from './specs-agent.ts'
import { INFO_COMMANDS } from './specs-info.ts'
import { INSTALL_COMMANDS } from './specs-install.ts'
import { LOOK_COMMANDS } from './specs-look.ts'
import { SERVER_COMMANDS } from './specs-server.ts'

/** Every command of the binary, in the order of help. Each part holds this table; it is all that help and completion need. */
export const COMMANDS: readonly CommandSpec[] = [
  ...INSTALL_COMMANDS,
  ...LOOK_COMMANDS,
  ...AGENT_COMMANDS,
  ...SERVER_COMMANDS,
  ...INFO_COMMANDS,
]
