import type { Part } from './specs/spec.ts'

/** The part that runs a command line, told by its first word alone: what is not named here is the laptop's. A test compares it with the table of commands. */
export const PART_OF_WORD: Readonly<Record<string, Part>> = {
  engine: 'engine',
  'route-agent': 'route-agent',
  charon: 'light',
  discovery: 'discovery',
  dns: 'dns',
  nettest: 'light',
  version: 'light',
  help: 'light',
  completion: 'light',
  explain: 'light',
  '--version': 'light',
  '--help': 'light',
  '-h': 'light',
  'serve-broker': 'server',
}
