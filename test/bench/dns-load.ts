// dnsperf on a core of its own, and what it says.
import { writeFile } from 'node:fs/promises'
import { exec } from '../../src/system/exec.ts'

export interface Load {
  readonly port: number
  /** A file of questions; see writeQuestions. */
  readonly questions: string
  readonly seconds: number
  /** Ends sooner once all questions were asked so many times. */
  readonly rounds?: number
  /** Questions a second; undefined: as many as get answers. */
  readonly perSecond?: number
  /** The core it is pinned to. */
  readonly core: number
}
export interface LoadResult {
  readonly perSecond: number
  readonly completed: number
  readonly latenciesMs: readonly number[]
}

const HEAD_START_MS = 30_000

/** Throws where an answer was no success, or more than one in a hundred was lost. */
export async function ask({ port, questions, seconds, rounds, perSecond, core }: Load): Promise<LoadResult> {
  const rate = perSecond === undefined ? [] : ['-Q', String(perSecond), '-v']
  const most = rounds === undefined ? [] : ['-n', String(rounds)]
  const { stdout } = await exec(
    [
      ...(['taskset', '-c', String(core), 'dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', questions] as const),
      ...['-l', String(seconds), '-c', '8', '-T', '1', ...most, ...rate],
    ],
    { timeoutMs: seconds * 1_000 + HEAD_START_MS },
  )
  return parseDnsperf(stdout)
}

export function parseDnsperf(text: string): LoadResult {
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1]
    if (found === undefined) throw new Error(`dnsperf does not say ${pattern.source}`)
    return Number(found)
  }
  const [sent, completed] = [number(/Queries sent: +(\d+)/), number(/Queries completed: +(\d+)/)]
  const good = number(/Response codes: +NOERROR (\d+)/)
  if (good !== completed || sent - completed > sent / 100)
    throw new Error(`of ${sent} questions ${completed} were answered, ${good} of them well`)
  return {
    completed,
    perSecond: number(/Queries per second: +([\d.]+)/),
    latenciesMs: [...text.matchAll(/^> NOERROR \S+ \S+ ([\d.]+)$/gm)].map(([, time]) => Number(time) * 1_000),
  }
}

export const writeQuestions = (file: string, names: readonly string[]): Promise<void> =>
  writeFile(file, names.map((name) => `${name} A\n`).join(''))
