import type { CommandSpec } from './spec.ts'
import { CHARON_COMMANDS } from './specs-charon.ts'
import { DISCOVERY_COMMANDS } from './specs-discovery.ts'
import { DNS_COMMANDS } from './specs-dns.ts'
import { ENGINE_COMMANDS } from './specs-engine.ts'
import { NETTEST_COMMANDS } from './specs-nettest.ts'
import { ROUTE_AGENT_COMMANDS } from './specs-route-agent.ts'

/** What runs on the nodes. */
export const AGENT_COMMANDS: readonly CommandSpec[] = [
  ...ENGINE_COMMANDS,
  ...ROUTE_AGENT_COMMANDS,
  ...CHARON_COMMANDS,
  ...DISCOVERY_COMMANDS,
  ...DNS_COMMANDS,
  ...NETTEST_COMMANDS,
]
