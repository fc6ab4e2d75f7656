import { EXIT, UserError } from '../../model/errors.ts'
import type { FlagSpec } from './specs/spec.ts'

/** What the user gave, by the names of the spec. Every getter throws a usage error that names the flag. */
export interface Given {
  readonly args: readonly string[]
  /** The text of a flag, its environment variable or its fallback; undefined where none of them is there. */
  text(flag: string): string | undefined
  /** As text(), but an error where there is none. */
  need(flag: string): string
  /** Whether a switch is on: given, or its environment variable is `true`. */
  on(flag: string): boolean
  many(flag: string): readonly string[]
  /** A whole number from least to most. */
  number(flag: string, least: number, most: number): number
  /** Text such as `300ms`, `30s`, `5m` or `1h` in milliseconds. */
  duration(flag: string): number
  /** The text through a parser that throws RangeError. */
  parsed<T>(flag: string, parse: (text: string) => T): T | undefined
}

export function given(
  specs: readonly FlagSpec[],
  values: Readonly<Record<string, unknown>>,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Given {
  const specOf = (flag: string): FlagSpec => {
    const spec = specs.find((s) => s.name === flag)
    if (spec === undefined) throw new Error(`no flag --${flag} in the spec of this command`)
    return spec
  }
  const fromEnv = (spec: FlagSpec): string | undefined => {
    const text = spec.env === undefined ? undefined : env[spec.env]
    return text === '' ? undefined : text
  }
  const text = (flag: string): string | undefined => {
    const spec = specOf(flag)
    const value = values[flag]
    const chosen = typeof value === 'string' ? value : (fromEnv(spec) ?? spec.fallback)
    if (value === '') throw usage(`--${flag} is empty`, flag)
    if (chosen !== undefined && spec.choices !== undefined && !spec.choices.includes(chosen)) {
      throw usage(`--${flag} is "${chosen}"; it can be ${spec.choices.join(', ')}`, flag)
    }
    return chosen
  }
  const need = (flag: string): string => {
    const value = text(flag)
    if (value !== undefined) return value
    const { env: variable, value: name, brief } = specOf(flag)
    throw new UserError('SUB0102', `--${flag} is not given${variable === undefined ? '' : ` and ${variable} is not set`}`, {
      exitCode: EXIT.usage,
      flag,
      hint: `Give it: --${flag} ${name ?? ''}, ${brief}.`,
    })
  }
  return {
    args,
    text,
    need,
    on: (flag) => values[flag] === true || (values[flag] === undefined && fromEnv(specOf(flag)) === 'true'),
    many: (flag) => {
      const value = values[flag]
      return Array.isArray(value) ? value.map(String) : (fromEnv(specOf(flag))?.split(',') ?? [])
    },
    number: (flag, least, most) => {
      const value = need(flag)
      if (!/^\d{1,15}$/.test(value) || Number(value) < least || Number(value) > most)
        throw usage(`--${flag} is "${value}"; it must be a number from ${least} to ${most}`, flag)
      return Number(value)
    },
    duration: (flag) => {
      const value = need(flag)
      const match = /^(\d{1,9})(ms|s|m|h)$/.exec(value)
      const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? '']
      if (unit === undefined) throw usage(`--${flag} is "${value}"; it must be a time such as 300ms, 30s or 5m`, flag)
      return Number(match?.[1]) * unit
    },
    parsed: (flag, parse) => {
      const value = text(flag)
      if (value === undefined) return undefined
      try {
        return parse(value)
      } catch (error) {
        if (error instanceof RangeError) throw usage(`--${flag}: ${error.message}`, flag)
        throw error
      }
    },
  }
}

/** A mistake on the command line, in the flag `about` where it is in one: exit code 64. What to read is said by who knows the command. */
export const usage = (message: string, about?: string): UserError =>
  new UserError('SUB0101', message, {
    exitCode: EXIT.usage,
    ...(about !== undefined && { flag: about }),
  })
