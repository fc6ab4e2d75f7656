import type { CommandSpec } from './spec.ts'

export const LOOK_COMMANDS: readonly CommandSpec[] = []
