import type { CommandSpec, FlagSpec } from '../specs/spec.ts'
import { allFlags, flagWords, takesPath } from './words.ts'

/** A completion script for zsh, to be sourced or put into a folder of $fpath as `_subctl`. */
export function zshCompletion(commands: readonly CommandSpec[]): string {
  return `#compdef subctl
# zsh completion of subctl: source <(subctl completion zsh)
_subctl() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${commands.map((spec) => `    ${quoted(`${spec.name.replaceAll(' ', '\\ ')}:${spec.brief}`)}`).join('\n')}
  )
  _arguments -C '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${commands.map((spec) => `        ${spec.name.split(' ')[0]})\n          _arguments ${[...flagsOf(spec), ...argumentsOf(spec, commands)].join(' \\\n            ')} ;;`).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == _subctl ]]; then _subctl "$@"; else compdef _subctl subctl; fi
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const inBrackets = (text: string): string => text.replaceAll(/[[\]:]/g, (sign) => `\\${sign}`)

function flagsOf(spec: CommandSpec): string[] {
  return allFlags(spec).flatMap((flag) =>
    flagWords(flag).map((word) => quoted(`${flag.many === true ? '*' : ''}${word}[${inBrackets(flag.brief)}]${valuePart(flag)}`)),
  )
}

function valuePart(flag: FlagSpec): string {
  if (flag.value === undefined) return ''
  if (flag.choices !== undefined) return `:${flag.value}:(${flag.choices.join(' ')})`
  return `:${flag.value}:${takesPath(flag) ? '_files' : ''}`
}

const argumentsOf = (spec: CommandSpec, commands: readonly CommandSpec[]): string[] =>
  (spec.args ?? []).map((arg, i) => {
    const choices = arg.choices ?? (arg.name === 'command' ? commands.map((c) => c.name) : undefined)
    const optional = arg.optional === true ? ':' : ''
    return quoted(`${i + 1}:${optional}${arg.name}:${choices === undefined ? '_files' : `(${choices.join(' ')})`}`)
  })
