import { type ChildProcess, spawn } from 'node:child_process'

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

/**
 * As an agent runs the many programs of its passes: straight on node:child_process, for a third of the CPU time that execa takes for a program
 * (docs/decisions/0013).
 */
export const exec: Exec = async (argv, options = {}) => {
  const { input = '', okCodes = [0], timeoutMs = 10_000, signal, env } = options
  if (signal?.aborted === true) throw new ExecError(argv, NOTHING, 'not started: aborted')
  const stdin = input === '' ? 'ignore' : 'pipe'
  const child = spawn(argv[0], argv.slice(1), { stdio: [stdin, 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C', ...env } })
  const out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      out[name] += text
    })
  // A program that ends before it has read everything says why by its exit code.
  child.stdin?.on('error', () => undefined).end(input)
  const { code, why } = await ending(child, timeoutMs, signal)
  const result = { code, ...out }
  if (why !== undefined || !okCodes.includes(code)) throw new ExecError(argv, result, why)
  return result
}

const NOTHING: ExecResult = { code: -1, stdout: '', stderr: '' }

interface Ending {
  readonly code: number
  /** Why there is no exit code. */
  readonly why?: string
}

/** Waits for the end of the program and of its output. What is killed leaves its output at once: a child of its own may hold it open. */
function ending(child: ChildProcess, timeoutMs: number, signal: AbortSignal | undefined): Promise<Ending> {
  return new Promise((settle) => {
    let why: string | undefined
    const kill = (reason: string, name: 'SIGTERM' | 'SIGKILL'): void => {
      why ??= reason
      child.kill(name)
      child.stdout?.destroy()
      child.stderr?.destroy()
    }
    const abort = (): void => kill('aborted', 'SIGTERM')
    const timer = setTimeout(() => kill(`no end within ${timeoutMs} ms`, 'SIGKILL'), timeoutMs)
    const end = (done: Ending): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      settle(done)
    }
    signal?.addEventListener('abort', abort, { once: true })
    child.on('error', (error) => end({ code: -1, why: error.message }))
    child.on('close', (code, by) => {
      why ??= code === null ? `killed by ${by}` : undefined
      end(why === undefined ? { code: code ?? -1 } : { code: -1, why })
    })
  })
}
