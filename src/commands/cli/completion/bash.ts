import type { CommandSpec, FlagSpec } from '../specs/spec.ts'
import { allFlags, argumentWords, flagWords, takesPath } from './words.ts'

/** A completion script for bash 4 and later; it needs no other package. */
export function bashCompletion(commands: readonly CommandSpec[]): string {
  const withValue = commands.flatMap(allFlags).filter((flag) => flag.value !== undefined)
  return `# bash completion of subctl: source <(subctl completion bash)
_subctl() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= word= skip= words= n=0 i
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $skip ]]; then
      [[ $word == = ]] || skip=
      continue
    fi
    case $word in
      ${unique(withValue.flatMap(flagWords)).join(' | ')}) skip=1 ;;
      -*) ;;
      *) case "$path$word" in ${prefixes(commands).join(' | ')}) path="$path$word " ;; *) n=$((n + 1)) ;; esac ;;
    esac
  done
  case "$path$prev" in
${commands.flatMap((spec) => choiceCases(spec)).join('\n')}
  esac
  if [[ -z $words ]]; then
    case "$prev" in
      ${or(unique(withValue.filter(takesPath).flatMap(flagWords)))}) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
      ${unique(withValue.flatMap(flagWords)).join(' | ')}) return ;;
    esac
    case "$path" in
      '') words='${unique(commands.map((spec) => spec.name.split(' ')[0] ?? '')).join(' ')}' ;;
${commands.map((spec) => commandCase(spec, commands)).join('\n')}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _subctl subctl
`
}

const unique = (words: readonly string[]): string[] => [...new Set(words)]
// A case needs one pattern at least; no word has a blank in it.
const or = (words: readonly string[]): string => (words.length === 0 ? "' '" : words.join(' | '))

/** Each command's words one after the other: `'show'`, and `'export' | 'export service'` of a name of two. */
const prefixes = (commands: readonly CommandSpec[]): string[] =>
  unique(commands.flatMap(({ name }) => name.split(' ').map((_, i, words) => `'${words.slice(0, i + 1).join(' ')}'`)))

/** Flags may come anywhere, each argument once. */
function commandCase(spec: CommandSpec, commands: readonly CommandSpec[]): string {
  const flags = `'${allFlags(spec)
    .map((flag) => `--${flag.name}`)
    .join(' ')}'`
  const nth = (spec.args ?? []).flatMap((arg, i) => {
    const words = argumentWords({ ...spec, args: [arg] }, commands)
    return words.length === 0 ? [] : [`[[ $n == ${i} ]] && words="${words.join(' ')} $words"`]
  })
  return `      '${spec.name} ') ${[`words=${flags}`, ...nth].join('; ')} ;;`
}

function choiceCases(spec: CommandSpec): readonly string[] {
  const line = (flag: FlagSpec): string =>
    `    ${flagWords(flag)
      .map((word) => `'${spec.name} ${word}'`)
      .join(' | ')}) words='${flag.choices?.join(' ')}' ;;`
  return allFlags(spec)
    .filter((flag) => flag.choices !== undefined)
    .map(line)
}
