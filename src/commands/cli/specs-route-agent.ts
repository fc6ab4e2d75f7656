import type { CommandSpec } from './spec.ts'

export const ROUTE_AGENT_COMMANDS: readonly CommandSpec[] = []
