import { flagName, usageLine } from '../src/commands/cli/help-text.ts'
import { type CommandSpec, type FlagSpec, GLOBAL_FLAGS } from '../src/commands/cli/specs/spec.ts'
import { COMMANDS, GROUPS } from '../src/commands/cli/table.ts'

const MARKS = ['<!-- commands: written by scripts/docs -->', '<!-- end of commands -->'] as const

/** Every generated file, by its path, with what it should hold. `read` gives what is there, "" where there is no such file. */
export function generatedDocs(read: (path: string) => string): ReadonlyMap<string, string> {
  const pages = COMMANDS.map((spec) => {
    const guide = `docs/${spec.name.replaceAll(' ', '-')}.md`
    return [pagePath(spec), page(spec, read(guide) === '' ? undefined : guide)] as const
  })
  return new Map([...pages, ['README.md', withTable(read('README.md'))]])
}

const pagePath = (spec: CommandSpec): string => `docs/commands/${spec.name.replaceAll(' ', '-')}.md`

function page(spec: CommandSpec, guide: string | undefined): string {
  const parts = [
    '<!-- Written by scripts/docs from the table of commands: change src/commands/cli/specs/*.ts instead. -->',
    `# subctl ${spec.name}`,
    `${spec.brief}.`,
    ...(spec.text === undefined ? [] : [spec.text]),
    `    ${usageLine(spec)}`,
    ...(guide === undefined ? [] : [`The guide: [${guide.replace('docs/', '')}](${guide.replace('docs/', '../')})`]),
    '## Examples',
    spec.examples.map(([line, what]) => `- \`${line}\`: ${what}`).join('\n'),
  ]
  if (spec.args !== undefined) parts.push('## Arguments', table(['Argument', 'What'], spec.args.map(argumentRow)))
  parts.push('## Flags', table(['Flag', 'What', 'Default', 'Environment'], [...spec.flags, ...GLOBAL_FLAGS].map(flagRow)))
  return `${parts.join('\n\n')}\n`
}

function argumentRow(arg: NonNullable<CommandSpec['args']>[number]): string[] {
  return [`\`${arg.name.toUpperCase()}\``, `${arg.brief}${choices(arg.choices)}${arg.optional === true ? '; may be left out' : ''}`]
}

function flagRow(flag: FlagSpec): string[] {
  const more = flag.many === true ? '; may be repeated' : ''
  const code = (text: string | undefined): string => (text === undefined || text === '' ? '' : `\`${text}\``)
  return [code(flagName(flag)), flag.brief + choices(flag.choices) + more, code(flag.fallback), code(flag.env)]
}

const choices = (words: readonly string[] | undefined): string =>
  words === undefined ? '' : ` (${words.map((w) => `\`${w}\``).join(', ')})`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The text with the table of commands between its marks. */
function withTable(text: string): string {
  const [start, end] = MARKS
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`README.md lacks the marks ${MARKS.join(' and ')}`)
  const rows = GROUPS.flatMap((group) => group.commands.map((spec) => [`[\`${spec.name}\`](${pagePath(spec)})`, spec.brief, group.title]))
  return `${text.slice(0, from)}${start}\n${table(['Command', 'What it does', 'For'], rows)}\n${text.slice(to)}`
}
