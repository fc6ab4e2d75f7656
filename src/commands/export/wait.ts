// `--wait`: looks until the agents have done what was asked for, or say that they do not.
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { EXIT, messageOf, UserError } from '../../model/errors.ts'
import { type Condition, IN_PART, type ServiceExport } from '../../model/mcs.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { say } from '../join/stage.ts'
import { marksFor } from '../look/marks.ts'
import { printable } from '../look/tables.ts'
import type { ClusterSteps, Step } from './steps.ts'

/** How one service of one cluster stands. */
export interface Effect {
  readonly context: string
  readonly name: string
  readonly state: 'done' | 'waiting' | 'failed'
  readonly text: string
  /** What clusters disagree about. */
  readonly conflict?: string
  /** What ails the cluster's agent, where that is seen and the service waits for it. */
  readonly cause?: string
}
type Judged = Omit<Effect, 'context' | 'name' | 'cause'>
/** Looks at the services of one cluster, by their names. */
export type Judge = (api: KubeApi, steps: readonly Step[]) => Promise<ReadonlyMap<string, Judged>>

const POLL_MS = 500
/** An agent may not have seen yet what is in the API. */
const SETTLE_MS = 3_000

export const isWaiting = (context: Context, given: Given): boolean => (given.text('wait') ?? String(context.stderr.isTty)) === 'true'

/** Settles with the last look once each is done, has failed for a while, or time is up. */
export async function waitFor(context: Context, given: Given, clusters: readonly ClusterSteps[], judge: Judge): Promise<readonly Effect[]> {
  const { clock, signal } = context
  const deadline = clock.now() + given.duration('timeout')
  const tell = teller(context, given, clusters.length > 1)
  let stuckAt: number | undefined
  for (;;) {
    const effects = await look(clusters, judge)
    for (const effect of effects) tell(effect)
    if (effects.every(({ state }) => state === 'done')) return effects
    const isStuck = effects.every(({ state }) => state !== 'waiting')
    stuckAt = isStuck ? (stuckAt ?? clock.now()) : undefined
    if ((stuckAt !== undefined && clock.now() - stuckAt >= SETTLE_MS) || clock.now() >= deadline) return effects
    await clock.sleep(POLL_MS, signal)
    signal.throwIfAborted()
  }
}

const look = async (clusters: readonly ClusterSteps[], judge: Judge): Promise<readonly Effect[]> =>
  (
    await Promise.all(
      clusters.map(async ({ subject, steps }) => {
        const judged = steps.length === 0 ? new Map<string, Judged>() : await judgeOnce(subject.api, steps, judge)
        return [...judged].map(([name, one]): Effect => ({ context: subject.name, name, ...one }))
      }),
    )
  ).flat()

/** An API that does not answer for a moment, as one that restarts, is waited for too. */
async function judgeOnce(api: KubeApi, steps: readonly Step[], judge: Judge): Promise<ReadonlyMap<string, Judged>> {
  try {
    return await judge(api, steps)
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 0 && error.code < 500 && error.code !== 429)) throw error
    return new Map(steps.map(({ name }) => [name, { state: 'waiting', text: `the API does not answer: ${messageOf(error)}` }]))
  }
}

/** Says each when it stands otherwise. */
function teller(context: Context, given: Given, isSeveral: boolean): (effect: Effect) => void {
  const { ok, failed, warning, skipped } = marksFor(context.stderr, context, given)
  const said = new Map<string, string>()
  return ({ context: cluster, name, state, text, conflict }) => {
    const title = isSeveral ? `${cluster}: ${name}` : name
    const line = `${{ done: ok, failed, waiting: skipped }[state]} ${title}: ${printable(text)}`
    const lines = conflict === undefined ? [line] : [line, ...conflict.split('\n').map((one) => `${warning} ${title}: ${printable(one)}`)]
    if (said.get(title) === lines.join('\n')) return
    said.set(title, lines.join('\n'))
    say(context, lines.join('\n'))
  }
}

export const wordsOf = ({ text, cause }: Effect): string => (cause === undefined ? text : `${text}: ${cause}`)

/** Throws where something is not done: what was refused weighs more than what is late. */
export function checkEffects(effects: readonly Effect[]): void {
  const failed = effects.filter(({ state }) => state === 'failed')
  const late = effects.filter(({ state }) => state === 'waiting')
  const listed = (some: readonly Effect[]): string =>
    some.map((one) => `  ${one.name} (context ${one.context}): ${printable(wordsOf(one))}`).join('\n')
  if (failed.length > 0)
    throw new UserError('SUB0906', `Not exported:\n${listed([...failed, ...late])}`, {
      hint: 'Mend what is said; it is looked at again by itself.',
    })
  if (late.length > 0)
    throw new UserError('SUB0907', `Time ran out (--timeout) before an agent had done it:\n${listed(late)}`, {
      hint: late.every(({ cause }) => cause !== undefined)
        ? 'What was done here stays; the agent does the rest by itself once that is mended.'
        : 'What was done here stays. Look into the log of `subctl discovery` in that cluster.',
      exitCode: EXIT.timedOut,
    })
}

/** What the conditions of an export say; those of an older generation say nothing. */
export function effectOf(wish: ServiceExport | undefined): Judged {
  if (wish === undefined) return { state: 'failed', text: 'the ServiceExport is gone' }
  const { generation = 0 } = wish.metadata
  const find = (type: string): Condition | undefined =>
    wish.status?.conditions?.find((one) => one.type === type && (one.observedGeneration ?? generation) >= generation)
  const [valid, ready, conflict] = [find('Valid'), find('Ready'), find('Conflict')]
  const more = conflict?.status === 'True' ? { conflict: conflict.message || conflict.reason } : {}
  if (valid?.status === 'False') return { state: 'failed', text: valid.message || valid.reason, ...more }
  if (ready?.status === 'True' && valid?.status === 'True')
    return { state: 'done', text: ready.reason === IN_PART ? ready.message : 'the broker has it', ...more }
  // Reasons for what an agent has refused, ours and upstream's; any other is on its way.
  if (ready?.status === 'False' && /^(Export)?Failed$/.test(ready.reason))
    return { state: 'failed', text: ready.message || ready.reason, ...more }
  return { state: 'waiting', text: ready?.message || ready?.reason || 'no agent has looked at it yet', ...more }
}
