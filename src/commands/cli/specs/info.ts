import { type CommandSpec, OUTPUT_FLAG } from './spec.ts'

/** Commands about the binary itself; every part can run them. */
export const INFO_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'version',
    part: 'light',
    brief: 'Print the version of this binary',
    flags: [{ ...OUTPUT_FLAG, choices: ['table', 'json'] }],
    examples: [['subctl version -o json', 'version, commit and platform as JSON']],
  },
  {
    name: 'help',
    part: 'light',
    brief: 'Print help on subctl or one of its commands',
    args: [{ name: 'command', brief: 'the command', optional: true }],
    flags: [],
    examples: [['subctl help join', 'what join does, its flags and examples']],
  },
  {
    name: 'completion',
    part: 'light',
    brief: 'Print a completion script for a shell',
    args: [{ name: 'shell', brief: 'the shell', choices: ['bash', 'zsh', 'fish'] }],
    flags: [],
    examples: [['source <(subctl completion bash)', 'completion in this shell']],
  },
  {
    name: 'explain',
    part: 'light',
    brief: 'Explain an error or a check by its id',
    args: [{ name: 'id', brief: 'such as SUB0102', optional: true }],
    flags: [],
    examples: [
      ['subctl explain SUB0102', 'what it means, its likely cause, what to do'],
      ['subctl explain', 'all ids'],
    ],
  },
]
