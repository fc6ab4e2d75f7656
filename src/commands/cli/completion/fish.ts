import type { CommandSpec, FlagSpec } from '../specs/spec.ts'
import { allFlags, argumentWords, takesPath } from './words.ts'

/** A completion script for fish. */
export function fishCompletion(commands: readonly CommandSpec[]): string {
  const lines = ['# fish completion of subctl: subctl completion fish | source', 'complete -c subctl -f']
  for (const spec of commands) {
    const [first = ''] = spec.name.split(' ')
    lines.push(`complete -c subctl -n __fish_use_subcommand -a ${quoted(first)} -d ${quoted(spec.brief)}`)
    const seen = `complete -c subctl -n ${quoted(`__fish_seen_subcommand_from ${first}`)}`
    const words = argumentWords(spec, commands)
    // Behind one of them another argument comes, or none.
    const fresh = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${words.filter((word) => word !== first).join(' ')}`
    if (words.length > 0) lines.push(`complete -c subctl -n ${quoted(fresh)} -a ${quoted(words.join(' '))}`)
    else if ((spec.args ?? []).length > 0) lines.push(`${seen} -F`)
    for (const flag of allFlags(spec)) lines.push(`${seen} ${flagText(flag)}`)
  }
  return `${lines.join('\n')}\n`
}

function flagText(flag: FlagSpec): string {
  const letter = flag.short === undefined ? '' : `-s ${flag.short} `
  const value =
    flag.value === undefined
      ? ''
      : takesPath(flag)
        ? ' -r -F'
        : flag.choices === undefined
          ? ' -x'
          : ` -x -a ${quoted(flag.choices.join(' '))}`
  return `${letter}-l ${flag.name}${value} -d ${quoted(flag.brief)}`
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
