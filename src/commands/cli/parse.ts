import { Argument, Command, CommanderError, Option } from 'commander'
import { EXIT, UserError } from '../../model/errors.ts'
import { type Given, given, usage } from './given.ts'
import { type CommandSpec, type FlagSpec, GLOBAL_FLAGS } from './specs/spec.ts'

/** A command line understood: which command, and what was given; `help` where help was asked for, of all commands where `spec` is undefined. */
export type Parsed =
  | { readonly what: 'run'; readonly spec: CommandSpec; readonly given: Given }
  | { readonly what: 'help'; readonly spec: CommandSpec | undefined }

type Env = Readonly<Record<string, string | undefined>>

/** Reads a command line. Flags may stand before the command's word too. Throws usage errors. */
export function parse(argv: readonly string[], commands: readonly CommandSpec[], env: Env): Parsed {
  const words = verbFirst(argv[0] === '--version' ? ['version', ...argv.slice(1)] : withValues(argv, commands), commands)
  if (words[0] === undefined || words[0] === '--help' || words[0] === '-h') return { what: 'help', spec: undefined }
  if (words[0].startsWith('-')) throw usage(`${words[0]} stands without a command`)
  return read(words, commands, env)
}

const flagsOf = (spec: CommandSpec): readonly FlagSpec[] => [...spec.flags, ...GLOBAL_FLAGS]

/** The same words with a value for each flag that may stand without, unless one of its values is the next word. */
function withValues(argv: readonly string[], commands: readonly CommandSpec[]): readonly string[] {
  const bare = new Map<string, FlagSpec>(
    commands.flatMap(flagsOf).flatMap((f) => (f.bare === undefined ? [] : [[`--${f.name}`, f] as const])),
  )
  return argv.map((word, i) => {
    const flag = bare.get(word)
    return flag === undefined || flag.choices?.includes(argv[i + 1] ?? '') === true ? word : `${word}=${flag.bare}`
  })
}

/** The same words with the flags ahead of the verb moved behind it. */
function verbFirst(argv: readonly string[], commands: readonly CommandSpec[]): readonly string[] {
  const takesNext = (word: string): boolean =>
    commands.some((spec) => flagsOf(spec).some((f) => f.value !== undefined && (word === `--${f.name}` || word === `-${f.short}`)))
  let verb = 0
  while (verb < argv.length && argv[verb]?.startsWith('-') === true) verb += takesNext(argv[verb] ?? '') ? 2 : 1
  if (verb === 0 || verb >= argv.length) return argv
  return [...argv.slice(verb), ...argv.slice(0, verb)]
}

function read(words: readonly string[], commands: readonly CommandSpec[], env: Env): Parsed {
  let parsed: Parsed | undefined
  const program = quiet(new Command('subctl'))
  for (const spec of candidates(words, commands)) {
    const command = commandOf(spec, program)
    command.action(() => {
      const values = Object.fromEntries(command.options.map((o) => [o.long?.slice(2) ?? '', command.getOptionValue(o.attributeName())]))
      parsed =
        values.help === true
          ? { what: 'help', spec }
          : { what: 'run', spec, given: chosen(spec, given(flagsOf(spec), values, command.args, env)) }
    })
  }
  try {
    program.parse(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError || error instanceof UserError)) throw error
    const asked = commands.find((spec) => spec.name === words.slice(0, spec.name.split(' ').length).join(' '))
    // Help is wanted all the more where an argument is missing or wrong.
    if (asked !== undefined && (words.includes('--help') || words.includes('-h'))) return { what: 'help', spec: asked }
    throw error instanceof UserError ? error : commandLineError(error.message, asked)
  }
  return parsed ?? { what: 'help', spec: undefined }
}

/** Those that the first word leads to; all of them where it leads to none, since what is alike is named then. To make them all is half of an agent's reading. */
function candidates([first]: readonly string[], commands: readonly CommandSpec[]): readonly CommandSpec[] {
  const meant = commands.filter(({ name }) => name.split(' ', 1)[0] === first)
  return meant.length > 0 ? meant : commands
}

/** The same, once each flag that has choices is one of them: before the command asks anybody. */
function chosen(spec: CommandSpec, what: Given): Given {
  for (const { name, choices } of flagsOf(spec)) if (choices !== undefined) what.text(name)
  return what
}

function commandOf(spec: CommandSpec, program: Command): Command {
  const [first = '', second] = spec.name.split(' ')
  const parent = second === undefined ? program : (program.commands.find((c) => c.name() === first) ?? quiet(program.command(first)))
  const command = quiet(parent.command(second ?? first)).allowExcessArguments(false)
  for (const arg of spec.args ?? []) {
    const argument = new Argument(arg.optional ? `[${arg.name}]` : `<${arg.name}>`, arg.brief)
    command.addArgument(arg.choices === undefined ? argument : argument.choices([...arg.choices]))
  }
  for (const flag of flagsOf(spec)) command.addOption(optionOf(flag))
  return command
}

function optionOf(flag: FlagSpec): Option {
  const names = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`
  if (flag.value === undefined) return new Option(names)
  const option = new Option(`${names} <${flag.value}>`)
  if (flag.many === true) return option.argParser((value: string, before: readonly string[] = []) => [...before, value])
  // Which of two is meant nobody can tell: the last one alone would be acted on without a word.
  return option.argParser((value: string, before?: string) => {
    if (before !== undefined) throw usage(`--${flag.name} is given twice: "${before}" and "${value}"; it takes one value`, flag.name)
    return value
  })
}

/** Says nothing and ends nothing by itself: every mistake is thrown. */
const quiet = (command: Command): Command =>
  command
    .exitOverride()
    .helpOption(false)
    .helpCommand(false)
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })

function commandLineError(message: string, spec: CommandSpec | undefined): UserError {
  const [first = '', ...more] = message.replace(/^error: /, '').split('\n')
  const suggestion = more.join(' ').trim()
  const help = spec === undefined ? 'See `subctl help`.' : `See \`subctl help ${spec.name}\`.`
  return new UserError('SUB0101', suggestion === '' ? first : `${first} ${suggestion}`, { hint: help, exitCode: EXIT.usage })
}
