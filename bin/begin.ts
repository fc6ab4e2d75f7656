import { hostname } from 'node:os'
import { openKube, type ReadKubeconfig } from '../src/commands/cli/kube.ts'
import { main, outputFault } from '../src/commands/cli/main.ts'
import type { Runs } from '../src/commands/cli/run.ts'
import type { Context } from '../src/commands/context.ts'
import { EXIT } from '../src/model/errors.ts'
import { realClock } from '../src/system/clock.ts'
import type { Exec } from '../src/system/exec.ts'
import { realFiles } from '../src/system/files.ts'
import { follow } from '../src/system/follow.ts'
import { openLog } from '../src/system/log.ts'
import { endSignal, openAsk, openTextStream } from '../src/system/terminal.ts'
import { loadPart } from './parts.ts'
import { VERSION } from './version.ts'

/** A command is done when its main is: what some library still holds open does not keep the process. */
const LEFT_OPEN_MS = 2_000

interface Ways {
  readonly exec: Exec
  readonly logLevel: 'info' | 'warn'
}

/** Runs the command line of this process in the real world. */
export async function begin(runs: Runs, { exec, logLevel }: Ways): Promise<void> {
  const { env } = process
  const stdout = openTextStream(process.stdout, env)
  const stderr = openTextStream(process.stderr, env)
  const signal = endSignal(() => process.exit(EXIT.interrupted))
  const log = openLog(stderr, env.SUBMARINER_DEBUG === 'true' ? 'debug' : logLevel)
  const files = realFiles
  // The client library is big: its part is loaded where a kubeconfig is to be read, and only then.
  const readKubeconfig: ReadKubeconfig = async (choice) => {
    const part = (await loadPart('kubeconfig')) as typeof import('./kubeconfig.ts')
    return part.kubeconfigAccess(choice, { env, clock: realClock, files, exec })
  }
  const context: Context = {
    stdout,
    stderr,
    ask: openAsk({ stdin: () => process.stdin, stderr: process.stderr, signal, interrupt: () => process.kill(process.pid, 'SIGINT') }),
    env,
    signal,
    clock: realClock,
    log,
    exec,
    follow,
    files,
    kube: openKube({ clock: realClock, env, files, log, signal }, readKubeconfig),
    version: VERSION,
    hostname: hostname(),
  }
  const code = await main(process.argv.slice(2), context, runs)
  const fault = await stdout.flushed()
  process.exitCode = fault === undefined ? code : outputFault(fault, context)
  setTimeout(() => process.exit(), LEFT_OPEN_MS).unref()
}
