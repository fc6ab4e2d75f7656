import type { Place } from '../../discovery/dns/server.ts'
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { Argv } from '../../system/exec.ts'
import type { Follow } from '../../system/follow.ts'
import type { Log } from '../../system/log.ts'
import type { Given } from '../cli/given.ts'
import { readTally, type Tally } from './tally.ts'

export interface WorkersOptions {
  /** What starts one. */
  readonly command: Argv
  readonly count: number
  readonly follow: Follow
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}
export interface Workers {
  /** What each that runs has said last. */
  tallies(): readonly Tally[]
  readonly ended: Promise<void>
}

const AGAIN_MS = 1_000

/** Keeps so many processes running until the signal. What they log goes into our log as it is. */
export function openWorkers({ command, count, follow, clock, log, signal }: WorkersOptions): Workers {
  const said = new Map<number, Tally>()
  const keep = async (worker: number): Promise<void> => {
    for (; !signal.aborted; await clock.sleep(AGAIN_MS, signal)) {
      const onLine = (line: string): void => {
        const tally = readTally(line)
        if (tally !== undefined) said.set(worker, tally)
      }
      const onNote = (line: string): void => log.info(`worker ${worker}: ${line}`)
      await follow(command, { onLine, onNote }, signal).catch((error: unknown) =>
        log.warn('a worker ended, and is started again', { worker, error: messageOf(error) }),
      )
      said.delete(worker)
    }
  }
  const ended = Promise.all(Array.from({ length: count }, (_, i) => keep(i + 1))).then(() => undefined)
  return { tallies: () => [...said.values()], ended }
}

const SINGLE = ['kubeconfig', 'context', 'cluster-id', 'namespace', 'broker-namespace', 'ttl', 'prefer', 'most-per-client'] as const
const MANY = ['zone', 'weight'] as const

/** The flags of a worker: ours, and the places with the ports that we have. It ends when it is told: we have waited already. */
export const workerFlags = (given: Given, places: readonly Place[]): readonly string[] => [
  '--worker',
  ...['--grace', '0ms'],
  ...SINGLE.flatMap((flag) => {
    const text = given.text(flag)
    return text === undefined ? [] : [`--${flag}`, text]
  }),
  ...MANY.flatMap((flag) => given.many(flag).flatMap((text) => [`--${flag}`, text])),
  ...places.flatMap(({ host, port }) => ['--listen', `${host.includes(':') ? `[${host}]` : host}:${port}`]),
]
