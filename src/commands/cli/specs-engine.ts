import type { CommandSpec } from './spec.ts'

export const ENGINE_COMMANDS: readonly CommandSpec[] = []
