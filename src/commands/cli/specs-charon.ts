import type { CommandSpec } from './spec.ts'

export const CHARON_COMMANDS: readonly CommandSpec[] = []
