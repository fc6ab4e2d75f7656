// An API server that has just started: for some seconds it does not serve all that it will.
import type { Clock } from '../system/clock.ts'
import type { HttpAnswer } from '../system/http.ts'

export interface Patience {
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/** A server takes a few seconds to come to all of its paths. */
export const STARTING_MS = 15_000
export const PAUSE_MS = 500

/** What kube-apiserver says, with 503, to a path that may still come; it has done nothing then. */
const isStarting = ({ status, text }: Pick<HttpAnswer, 'status' | 'text'>): boolean =>
  status === 503 && text.includes('before all known HTTP paths have been installed')

/** Asks again while the server says that it has just started; the last answer where that lasts. */
export async function pastStart(ask: () => Promise<HttpAnswer>, { clock, signal }: Patience): Promise<HttpAnswer> {
  const until = clock.now() + STARTING_MS
  for (;;) {
    const answer = await ask()
    if (!isStarting(answer) || clock.now() >= until || signal?.aborted === true) return answer
    await clock.sleep(PAUSE_MS, signal)
  }
}
