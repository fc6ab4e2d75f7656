import { type Argv, type Exec, ExecError } from '../../system/exec.ts'

/** A part of a pass; returns one line for each change that it made. */
export type Step = () => Promise<readonly string[]>

/** Takes every step, whatever becomes of the others; then throws what the first that failed did. */
export async function attempt(steps: readonly Step[]): Promise<readonly string[]> {
  const said: string[] = []
  const errors: unknown[] = []
  for (const step of steps) {
    try {
      said.push(...(await step()))
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
  return said
}

/** One run of a program that takes lines on its standard input; none where there is no line. */
export const batch =
  (exec: Exec, argv: Argv, lines: readonly string[]): Step =>
  async () => {
    if (lines.length === 0) return []
    try {
      await exec(argv, { input: `${lines.join('\n')}\n` })
    } catch (error) {
      throw named(error, lines)
    }
    return lines
  }

/** `ip` and `bridge` tell the number of the line that failed, after the reason. */
function named(error: unknown, lines: readonly string[]): unknown {
  if (!(error instanceof ExecError)) return error
  const said = error.result.stderr.trim().split('\n')
  const at = said.findIndex((line) => line.startsWith('Command failed -:'))
  const line = lines[Number(said[at]?.split(':')[1]) - 1]
  return at < 1 || line === undefined ? error : new Error(`${error.argv[0]} ${line}: ${said[at - 1]}`, { cause: error })
}
