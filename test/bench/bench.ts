import type { Result } from './series.ts'

export interface BenchOptions {
  /** How often each thing is measured; default: as often as the bench says. */
  readonly runs?: number
  /** The shortest form that still measures something: for tests of the bench itself. */
  readonly quick: boolean
  /** The form for figures that are published. */
  readonly long: boolean
  /** Told what is being done. */
  say(what: string): void
}

export interface Bench {
  readonly name: string
  /** What is measured, in one line. */
  readonly brief: string
  /** Whether it makes network namespaces. */
  readonly needsRoot: boolean
  /** What this machine lacks for it; undefined where nothing is lacking. */
  lacks?(): string | undefined
  run(options: BenchOptions): Promise<readonly Result[]>
}

/** How often: as the user says, once under --quick, else as the bench has it. */
export const runsOf = ({ runs, quick, long }: BenchOptions, usual: number, published = usual): number =>
  runs ?? (quick ? 1 : long ? published : usual)

/** Does it so many times, one after the other. */
export async function repeat<T>(times: number, once: (index: number) => Promise<T>): Promise<readonly T[]> {
  const all: T[] = []
  for (let i = 0; i < times; i += 1) all.push(await once(i))
  return all
}
