import { execa } from 'execa'
import { type Exec, ExecError } from './exec.ts'

/** As a laptop's commands run the few programs that they need. */
export const execByLibrary: Exec = async (argv, options = {}) => {
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
