import { execa } from 'execa'

export type Argv = readonly [program: string, ...args: string[]]

export interface ExecOptions {
  /** Written to the program's standard input. */
  readonly input?: string
  /** Exit codes that are not failures. Default: 0 alone. */
  readonly okCodes?: readonly number[]
  /** Default: 10 s. The program is killed afterwards. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Added to this process's own environment. Never holds a secret. */
  readonly env?: Readonly<Record<string, string>>
}
export interface ExecResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs one program to its end, without a shell, in the C locale. The only way the code starts a process that ends. */
export type Exec = (argv: Argv, options?: ExecOptions) => Promise<ExecResult>

/** Names the command, its exit code (-1: killed or never started) and the last line that it wrote to stderr. */
export class ExecError extends Error {
  override readonly name = 'ExecError'
  readonly argv: Argv
  readonly result: ExecResult
  constructor(argv: Argv, result: ExecResult, why?: string) {
    const last = result.stderr.trim().split('\n').at(-1) ?? ''
    super(`${argv.join(' ')}: ${why ?? `exit ${result.code}`}${last === '' ? '' : `: ${last}`}`)
    this.argv = argv
    this.result = result
  }
}

export const exec: Exec = async (argv, options = {}) => {
  const { input = '', okCodes = [0], timeoutMs = 10_000, signal, env = {} } = options
  const done = await execa(argv[0], argv.slice(1), {
    input,
    reject: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    stripFinalNewline: false,
    env: { LC_ALL: 'C', ...env },
    ...(signal && { cancelSignal: signal }),
  })
  const result = { code: done.exitCode ?? -1, stdout: done.stdout, stderr: done.stderr }
  if (done.exitCode === undefined)
    throw new ExecError(argv, result, done.timedOut ? `no end within ${timeoutMs} ms` : (done.originalMessage ?? done.shortMessage))
  if (!okCodes.includes(result.code)) throw new ExecError(argv, result)
  return result
}
