// Scripts that scripts/test starts: each the head of a process group of its own, so that all that it starts ends with it.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Stands before each line of its output, where others write at the same time. */
  readonly prefix?: string
}

// Colours are for a person alone; libraries take CI for one.
const PLAIN = process.stdout.isTTY ? {} : { FORCE_COLOR: '0' }

const running = new Set<ChildProcess>()

export function start([script = '', ...args]: readonly string[], { env = {}, prefix }: StartOptions = {}): ChildProcess {
  const output = prefix === undefined ? 'inherit' : 'pipe'
  const child = spawn(script, args, {
    stdio: ['ignore', output, output],
    detached: true,
    env: { CI: 'true', ...PLAIN, ...process.env, ...env },
  })
  for (const input of [child.stdout, child.stderr])
    if (input !== null) createInterface({ input }).on('line', (line) => console.log(`${prefix}${line}`))
  running.add(child)
  return child
}

/** The exit code; -1 where it could not be started or was killed. */
export function end(child: ChildProcess): Promise<number> {
  return new Promise((settle) => {
    child.on('error', (error) => {
      console.error(String(error))
      running.delete(child)
      settle(-1)
    })
    child.on('close', (code) => {
      running.delete(child)
      settle(code ?? -1)
    })
  })
}

/** Ends a script and all that it has started, by force where it does not end in time. */
export function kill(child: ChildProcess): void {
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), signal)
    } catch {
      // It has ended by itself.
    }
  }
  signalGroup('SIGTERM')
  setTimeout(() => signalGroup('SIGKILL'), 10_000).unref()
}

/** Ends this process on a signal, after all scripts that run. */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => endAll(signal))
}

function endAll(signal: NodeJS.Signals): void {
  const code = signal === 'SIGINT' ? 130 : 143
  if (running.size === 0) process.exit(code)
  for (const child of running) {
    kill(child)
    child.once('close', () => running.size === 0 && process.exit(code))
  }
}
