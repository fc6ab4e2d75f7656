import type { CommandSpec } from './spec.ts'

export const INSTALL_COMMANDS: readonly CommandSpec[] = []
