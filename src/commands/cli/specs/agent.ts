import { CHARON_COMMANDS } from './charon.ts'
import { DISCOVERY_COMMANDS } from './discovery.ts'
import { DNS_COMMANDS } from './dns.ts'
import { ENGINE_COMMANDS } from './engine.ts'
import { NETTEST_COMMANDS } from './nettest.ts'
import { ROUTE_AGENT_COMMANDS } from './route-agent.ts'
import type { CommandSpec } from './spec.ts'

/** What runs on the nodes. */
export const AGENT_COMMANDS: readonly CommandSpec[] = [
  ...ENGINE_COMMANDS,
  ...ROUTE_AGENT_COMMANDS,
  ...CHARON_COMMANDS,
  ...DISCOVERY_COMMANDS,
  ...DNS_COMMANDS,
  ...NETTEST_COMMANDS,
]
