export type ProblemId = `SUB${string}`

export interface Problem {
  /** What is wrong, in a few words. */
  readonly title: string
  /** The likely cause, in one or two sentences. */
  readonly cause: string
  /** What to do, best with the command to type. */
  readonly next: string
}
export type Problems = Readonly<Record<ProblemId, Problem>>
