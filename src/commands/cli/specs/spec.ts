/** One flag. Flags without `value` are switches; every other one takes one value. */
export interface FlagSpec {
  readonly name: string
  readonly short?: string
  /** The value's name in help, such as `FILE`. */
  readonly value?: string
  /** What the flag says where none of its choices follows, as `--wait`; `--wait false` and `--wait=false` give another. */
  readonly bare?: string
  readonly brief: string
  /** Where the flag is not given, the environment variable that is read instead. */
  readonly env?: string
  readonly fallback?: string
  /** The values that are allowed, where they can be counted. */
  readonly choices?: readonly string[]
  /** May be given several times; the values come as a list. */
  readonly many?: boolean
}

/** Which part of the binary runs a command (scripts/build): each agent has its own and stays small, the laptop's has the big libraries. */
export type Part = 'engine' | 'route-agent' | 'discovery' | 'dns' | 'light' | 'server' | 'laptop'

/** A command as data: help, completion and parsing are made of it. What it does stands in its part's table of runs. */
export interface CommandSpec {
  /** One word, or two for a verb with a noun: `show endpoints` is `show` with an argument. */
  readonly name: string
  readonly part: Part
  readonly brief: string
  /** More than one line of what it does, for its help. */
  readonly text?: string
  readonly args?: readonly {
    readonly name: string
    readonly brief: string
    readonly optional?: boolean
    readonly choices?: readonly string[]
  }[]
  readonly flags: readonly FlagSpec[]
  /** Lines to type, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[]
}

/** Flags that many commands share. */
export const OUTPUT_FLAG: FlagSpec = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  brief: 'how to print',
  choices: ['table', 'json', 'yaml'],
  fallback: 'table',
}
export const KUBE_FLAGS: readonly FlagSpec[] = [
  { name: 'kubeconfig', value: 'FILE', brief: 'the kubeconfig to use', env: 'KUBECONFIG' },
  { name: 'context', value: 'NAME', brief: 'its context; default: the current one' },
]
/** Of commands whose -n is the namespace of services. */
export const AGENTS_FLAG: FlagSpec = { name: 'agents-namespace', value: 'NAME', brief: 'where the agents live', fallback: 'submariner' }
/** Every command takes these. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  { name: 'help', short: 'h', brief: 'print help' },
  { name: 'color', value: 'WHEN', brief: 'colours in output', choices: ['auto', 'always', 'never'], fallback: 'auto' },
]
