import type { CommandSpec } from './spec.ts'

export const AGENT_COMMANDS: readonly CommandSpec[] = []
