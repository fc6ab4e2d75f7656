// What a join or an upgrade says while it waits, and what it waits for.
import type { Change } from '../../install/apply/compare.ts'
import { titleOf } from '../../install/apply/report.ts'
import { type Step, textOf, wholeText } from '../../install/rollout/step.ts'
import type { KubeApi } from '../../k8s/api.ts'
import type { Endpoint } from '../../model/resources.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { marksFor } from '../look/marks.ts'
import { say } from './stage.ts'
import { type Waiting, waitUntilUp } from './wait.ts'

export const isWaiting = (context: Context, given: Given): boolean => (given.text('wait') ?? String(context.stderr.isTty)) === 'true'

/** The same words are said of so many; of others in the end alone, where it matters still. */
const MOST_SAID = 3

/** Says each step with a mark, where it stands otherwise than when it was last said. */
export function teller(context: Context, given: Given): (step: Step) => void {
  const { ok, failed, warning, skipped } = marksFor(context.stderr, context, given)
  const marks: Readonly<Record<Step['state'], string>> = { ok, failing: failed, note: warning, waiting: skipped }
  const said = new Map<string, string>()
  return (step) => {
    context.journal?.saw(step)
    const key = textOf(step)
    if (said.get(step.what) === key) return
    const alike = [...said.values()].filter((other) => other === key).length
    said.set(step.what, key)
    if (step.state === 'failing' && alike >= MOST_SAID) return
    say(context, `${marks[step.state]} ${step.what}: ${wholeText(step)}`)
  }
}

/** Writes each object that an upgrade puts into the journal. */
export const putTeller =
  (context: Context) =>
  ({ object, action }: Change): void =>
    context.journal?.did({ what: titleOf(object), state: 'ok', text: action })

/** A connection to each of these is waited for: other clusters that have a gateway on the broker. Asked anew every few seconds. */
export function expectedOnBroker(
  broker: KubeApi,
  namespace: string,
  clusterId: string,
  clock: Context['clock'],
): () => Promise<readonly string[]> {
  let last: { readonly atMs: number; readonly ids: readonly string[] } | undefined
  return async () => {
    if (last === undefined || clock.now() - last.atMs >= 5_000)
      last = { atMs: clock.now(), ids: othersOf((await broker.list('Endpoint', { namespace })).items, clusterId) }
    return last.ids
  }
}

/** The ids of the other clusters that these Endpoints are of. */
export const othersOf = (endpoints: readonly Endpoint[], clusterId: string): readonly string[] =>
  [...new Set(endpoints.map(({ spec }) => spec.cluster_id))].filter((id) => id !== clusterId).sort()

/** Waits where that is wanted, and tells. Gives the steps as they ended up, and the error of a wait that ran out of time. */
export async function waitIfWanted(
  context: Context,
  given: Given,
  { deadline, ...what }: Pick<Waiting, 'api' | 'namespace' | 'expected'> & { readonly deadline: number },
): Promise<{ readonly steps?: readonly Step[]; readonly error?: unknown }> {
  if (!isWaiting(context, given)) return {}
  const { clock, signal } = context
  const latest = new Map<string, Step>()
  const tell = teller(context, given)
  try {
    const steps = await waitUntilUp({
      ...what,
      ...{ clock, signal, deadline: () => deadline },
      tell: (step) => {
        latest.set(step.what, step)
        tell(step)
      },
    })
    say(context, endOf(steps))
    return { steps }
  } catch (error) {
    return { steps: [...latest.values()], error }
  }
}

const endOf = (steps: readonly Step[]): string => {
  const connected = steps.filter(({ what }) => what.startsWith('cluster ')).length
  return connected === 0
    ? 'All is up. No other cluster has a gateway on the broker yet.'
    : `All is up: connected to ${connected} other cluster${connected === 1 ? '' : 's'}.`
}
