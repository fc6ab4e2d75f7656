// How the demos tell what they do.
import { messageOf } from '../src/model/errors.ts'

export const say = (text: string): void => console.log(text)
export const title = (text: string): void => console.log(`\n== ${text}`)
/** Output of a program, indented. */
export const quote = (text: string): void => say(text.trim().replaceAll(/^/gm, '   '))

/** Tells the story to its end; exit code 1 where it fails, 130 where it was interrupted. */
export async function tell(story: (stop: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController()
  // Not `once`: execa ends this process where it finds nobody else listening.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(new Error('interrupted')))
  try {
    await story(stop.signal)
    say('\nDone: all of it worked.')
  } catch (error) {
    say(`\nFailed: ${messageOf(error)}`)
    // What was under way in clusters that are gone is not waited for.
    process.exit(stop.signal.aborted ? 130 : 1)
  }
}

/** Fails when the signal comes. */
export const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason))
  })
