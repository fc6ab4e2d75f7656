import { type CommandSpec, type FlagSpec, GLOBAL_FLAGS } from './specs/spec.ts'
import { GROUPS } from './table.ts'

const WIDTH = 100

/** What `subctl help` prints: every command in a line. */
export function overview(version: string): string {
  const width = Math.max(...GROUPS.flatMap((group) => group.commands.map((spec) => spec.name.length)))
  const groups = GROUPS.filter((group) => group.commands.length > 0).map((group) =>
    section(
      group.title,
      group.commands.map((spec) => [spec.name, spec.brief] as const),
      width,
    ),
  )
  return [
    `subctl ${version} connects Kubernetes clusters at layer 3.\n\nUsage: subctl COMMAND [flags]\n`,
    ...groups,
    '`subctl help COMMAND` tells more of one; `subctl explain ID` of an error.\n',
  ].join('\n')
}

/** What `subctl help COMMAND` prints. */
export function commandHelp(spec: CommandSpec): string {
  const parts = [`${spec.brief}.\n`]
  if (spec.text !== undefined) parts.push(`${wrapped(spec.text, WIDTH).join('\n')}\n`)
  parts.push(`Usage: ${usageLine(spec)}\n`)
  if (spec.args !== undefined && spec.args.length > 0) {
    parts.push(
      section(
        'Arguments',
        spec.args.map((arg) => [arg.name.toUpperCase(), withNotes(arg.brief, arg.choices && `one of: ${arg.choices.join(', ')}`)]),
      ),
    )
  }
  parts.push(
    section(
      'Flags',
      [...spec.flags, ...GLOBAL_FLAGS].map((flag) => [flagName(flag), flagText(flag)]),
    ),
    section('Examples', spec.examples),
  )
  return parts.join('\n')
}

/** `subctl join [BROKER-INFO] [flags]` */
export function usageLine(spec: CommandSpec): string {
  const args = (spec.args ?? []).map((arg) => (arg.optional === true ? `[${arg.name.toUpperCase()}]` : arg.name.toUpperCase()))
  return ['subctl', spec.name, ...args, ...(spec.flags.length > 0 ? ['[flags]'] : [])].join(' ')
}

/** `-o, --output FORMAT` */
export function flagName(flag: FlagSpec): string {
  const long = flag.value === undefined ? `--${flag.name}` : `--${flag.name} ${flag.value}`
  return flag.short === undefined ? long : `-${flag.short}, ${long}`
}

function flagText(flag: FlagSpec): string {
  return withNotes(
    flag.brief,
    flag.choices && `one of: ${flag.choices.join(', ')}`,
    flag.fallback === undefined ? undefined : `default: ${flag.fallback}`,
    flag.env === undefined ? undefined : `environment: ${flag.env}`,
    flag.many === true ? 'may be repeated' : undefined,
  )
}

function withNotes(text: string, ...notes: readonly (string | undefined)[]): string {
  const said = notes.filter((note) => note !== undefined)
  return said.length === 0 ? text : `${text} (${said.join('; ')})`
}

type Row = readonly [name: string, text: string]

/** A title and two columns; a name too long for its column has the text under it. */
function section(title: string, rows: readonly Row[], nameWidth?: number): string {
  const width = nameWidth ?? Math.min(32, Math.max(...rows.map(([name]) => name.length)))
  const indent = ' '.repeat(width + 4)
  const lines = rows.flatMap(([name, text]) => {
    const [first = '', ...more] = wrapped(text, WIDTH - indent.length)
    const head = name.length > width ? [`  ${name}`, `${indent}${first}`] : [`  ${name.padEnd(width)}  ${first}`]
    return [...head, ...more.map((line) => indent + line)]
  })
  return `${title}:\n${lines.join('\n')}\n`
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
