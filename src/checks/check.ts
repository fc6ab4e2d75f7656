import type { ProblemId } from '../model/problem.ts'
import type { Clock } from '../system/clock.ts'

/** What a check saw. `reason` names the fact; `hint` is what to do about it, best a command to type. */
export type Verdict =
  | { readonly is: 'ok'; readonly note?: string }
  | {
      readonly is: 'skipped'
      readonly reason: string
      /** The check that makes this one impossible. */
      readonly ground?: ProblemId
    }
  | {
      readonly is: 'failed' | 'warning'
      readonly reason: string
      readonly hint?: string
      /** Some of it is in order: what needs this check can be told of the rest. */
      readonly isPartial?: boolean
    }

/** One question about a running system. C is what it may look at. */
export interface Check<C> {
  readonly id: ProblemId
  readonly name: string
  /** Checks that cannot succeed where one of these failed, in all it asks, or was skipped. */
  readonly needs?: readonly ProblemId[]
  /** How long a failure may mend itself before it counts: clusters take their time after a change. Default: not at all. */
  readonly patienceMs?: number
  readonly run: (context: C, signal: AbortSignal) => Promise<Verdict>
  /** Begins, beside the checks before it, what takes its time and judges nothing yet. */
  readonly ahead?: (context: C, signal: AbortSignal) => void
}

export interface Outcome {
  readonly id: ProblemId
  readonly name: string
  readonly verdict: Verdict
  /** Time that the check took, in milliseconds. */
  readonly tookMs: number
}

export interface RunOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly explain?: (error: unknown) => string
  /** Called with the name of each check that takes its time, when it starts. */
  readonly onStart?: (name: string) => void
}

/** Runs the checks in order and yields each outcome as it is known. A check that throws has failed with the error's message. */
export async function* runChecks<C>(checks: readonly Check<C>[], context: C, options: RunOptions): AsyncGenerator<Outcome> {
  const barred = new Map<ProblemId, Verdict>()
  for (const check of checks) check.ahead?.(context, options.signal)
  for (const check of checks) {
    if (options.signal.aborted) return
    const startedAt = options.clock.now()
    const verdict = barredBy(check, barred) ?? (await patiently(check, context, options))
    // What fails because it was given up says nothing.
    if (options.signal.aborted && verdict.is === 'failed') return
    if (verdict.is === 'skipped' || (verdict.is === 'failed' && verdict.isPartial !== true)) barred.set(check.id, verdict)
    yield { id: check.id, name: check.name, verdict, tookMs: options.clock.now() - startedAt }
  }
}

/** Why a check cannot succeed: another is not in order, or what that one was skipped for. Undefined where it can. */
export function barredBy<C>(check: Check<C>, barred: ReadonlyMap<ProblemId, Verdict>): Verdict | undefined {
  const obstacle = check.needs?.find((id) => barred.has(id))
  const verdict = obstacle === undefined ? undefined : barred.get(obstacle)
  if (obstacle === undefined || verdict === undefined) return undefined
  return verdict.is === 'skipped'
    ? { is: 'skipped', reason: verdict.reason, ground: verdict.ground ?? obstacle }
    : { is: 'skipped', reason: `it cannot be told while ${obstacle} is not in order`, ground: obstacle }
}

/** What an error that the user can mend says is to be done. */
function hintOf(error: unknown): { readonly hint?: string } {
  const hint: unknown = error instanceof Error ? Reflect.get(error, 'hint') : undefined
  return typeof hint === 'string' ? { hint } : {}
}

const RETRY_MS = 500

async function patiently<C>(check: Check<C>, context: C, options: RunOptions): Promise<Verdict> {
  const until = options.clock.now() + (check.patienceMs ?? 0)
  options.onStart?.(check.name)
  for (;;) {
    const verdict = await check
      .run(context, options.signal)
      .catch((error: unknown): Verdict => ({ is: 'failed', reason: (options.explain ?? String)(error), ...hintOf(error) }))
    if (verdict.is !== 'failed' || options.clock.now() + RETRY_MS > until || options.signal.aborted) return verdict
    await options.clock.sleep(RETRY_MS, options.signal)
  }
}
