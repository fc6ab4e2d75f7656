import type { CommandSpec } from './spec.ts'

export const SERVER_COMMANDS: readonly CommandSpec[] = []
