import { AGENT_COMMANDS } from './specs/agent.ts'
import { EXPORT_COMMANDS } from './specs/export.ts'
import { INFO_COMMANDS } from './specs/info.ts'
import { INSTALL_COMMANDS } from './specs/install.ts'
import { LOOK_COMMANDS } from './specs/look.ts'
import { REMOVE_COMMANDS } from './specs/remove.ts'
import { SERVER_COMMANDS } from './specs/server.ts'
import type { CommandSpec } from './specs/spec.ts'
import { UPGRADE_COMMANDS } from './specs/upgrade.ts'

export interface CommandGroup {
  readonly title: string
  readonly commands: readonly CommandSpec[]
}

/** The groups of help, in its order. */
export const GROUPS: readonly CommandGroup[] = [
  { title: 'Connect clusters', commands: [...INSTALL_COMMANDS, ...UPGRADE_COMMANDS] },
  { title: 'Services across clusters', commands: EXPORT_COMMANDS },
  { title: 'Look and prove', commands: LOOK_COMMANDS },
  { title: 'Leave', commands: REMOVE_COMMANDS },
  { title: 'On the nodes of a cluster', commands: AGENT_COMMANDS },
  { title: 'A broker without a cluster', commands: SERVER_COMMANDS },
  { title: 'About this binary', commands: INFO_COMMANDS },
]

/** Every command of the binary. Each part holds this table; it is all that help and completion need. */
export const COMMANDS: readonly CommandSpec[] = GROUPS.flatMap((group) => group.commands)
