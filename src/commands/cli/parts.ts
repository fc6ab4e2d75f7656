import type { Part } from './spec.ts'

/** The part that runs a command line, told by its first word alone: what is not named here is the laptop's. A test compares it with the table of commands. */
export const PART_OF_WORD: Readonly<Record<string, Part>> = {
  engine: 'agent',
  'route-agent': 'agent',
  charon: 'agent',
  discovery: 'agent',
  dns: 'agent',
  nettest: 'agent',
  version: 'agent',
  help: 'agent',
  completion: 'agent',
  explain: 'agent',
  '--version': 'agent',
  '--help': 'agent',
  '-h': 'agent',
  'serve-broker': 'server',
}
