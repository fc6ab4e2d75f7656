// How charon's keeper knows that the engine of its node is handing over: a word in a file of the folder that they share. Processes of two pods do not see each other.
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { Files } from '../../system/files.ts'
import type { Log } from '../../system/log.ts'

interface Shared {
  readonly files: Files
  readonly runDir: string
  readonly clock: Clock
  readonly log: Log
  /** SIGTERM. */
  readonly signal: AbortSignal
}

const pathOf = (runDir: string): string => `${runDir}/engine.state`
const [RUNNING, LEAVING] = ['running', 'leaving']

/** Says that this node's engine runs, and after SIGTERM that it is leaving; the result says that it is gone. */
export async function present({ files, runDir, signal, log }: Omit<Shared, 'clock'>): Promise<() => Promise<void>> {
  const attempt = (act: () => Promise<void>): Promise<void> =>
    act().catch((error: unknown) => log.warn('charon cannot be told of the engine', { error: messageOf(error) }))
  const write = (word: string): Promise<void> => attempt(() => files.write(pathOf(runDir), `${word}\n`, 0o600))
  let last = write(signal.aborted ? LEAVING : RUNNING)
  const leave = (): void => {
    last = last.then(() => write(LEAVING))
  }
  signal.addEventListener('abort', leave, { once: true })
  await last
  return async () => {
    signal.removeEventListener('abort', leave)
    await last
    await attempt(() => files.remove(pathOf(runDir)))
  }
}

/** SIGTERM reaches the pods of a node within this time of each other. */
const TOGETHER_MS = 1_500
const LOOK_MS = 100

/** A signal that comes after SIGTERM, once the engine is done with its tunnels: at once where none runs or it stays, else when it has gone, within the grace. */
export function afterEngine({ files, runDir, clock, log, signal }: Shared, graceMs: number): AbortSignal {
  const late = new AbortController()
  const word = async (): Promise<string> => ((await files.readIfThere(pathOf(runDir)).catch(() => undefined)) ?? '').trim()
  const wait = async (wanted: (now: string) => boolean, mostMs: number): Promise<void> => {
    for (const end = clock.now() + mostMs; clock.now() < end && !wanted(await word()); ) await clock.sleep(LOOK_MS)
  }
  const outlast = async (): Promise<void> => {
    if ((await word()) === RUNNING) await wait((now) => now !== RUNNING, Math.min(TOGETHER_MS, graceMs))
    if ((await word()) !== LEAVING) return
    log.info('the engine hands over: its tunnels stay until it has gone', { longestMs: graceMs })
    await wait((now) => now !== LEAVING, graceMs)
  }
  const end = (): void => void outlast().finally(() => late.abort())
  if (signal.aborted) late.abort()
  else signal.addEventListener('abort', end, { once: true })
  return late.signal
}
