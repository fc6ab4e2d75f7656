import { type CommandSpec, type FlagSpec, GLOBAL_FLAGS } from '../specs/spec.ts'

/** Every flag of a command, the global ones too. */
export const allFlags = (spec: CommandSpec): readonly FlagSpec[] => [...spec.flags, ...GLOBAL_FLAGS]

/** The flag as it is typed: `--output`, and `-o` where it has a letter. */
export const flagWords = (flag: FlagSpec): readonly string[] => [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]

/** Whether the value is a path. */
export const takesPath = (flag: FlagSpec): boolean => flag.value === 'FILE' || flag.value === 'DIR'

/** What can stand as the arguments of a command, where that can be listed. */
export const argumentWords = (spec: CommandSpec, commands: readonly CommandSpec[]): readonly string[] =>
  (spec.args ?? []).flatMap((arg) => arg.choices ?? (arg.name === 'command' ? commands.map((c) => c.name) : []))
