import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { EXIT, messageOf, UserError } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import { listAt, textAt } from '../tree.ts'
import type { Change } from './compare.ts'

export interface ApplyOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number
  /** Told of each object that is put. */
  readonly progress: (change: Change) => void
  /** Whether what is unchanged is put too, which makes this program an owner of each field that it sets. */
  readonly isForced?: boolean
}

/** Applies what differs, in the order given, and waits until new kinds are served. Run again after a failure it goes on where it stopped. */
export async function applyPlan(api: KubeApi, changes: readonly Change[], options: ApplyOptions): Promise<void> {
  for (const change of changes.filter(({ action }) => action !== 'unchanged' || options.isForced === true)) {
    checkTime(options, `${change.object.kind} ${change.object.metadata.name} is not applied yet`)
    await api.apply(change.object)
    if (change.action !== 'unchanged') options.progress(change)
  }
  for (const { object, action } of changes) {
    if (object.kind === 'CustomResourceDefinition' && action === 'created') await untilServed(api, object.metadata.name, options)
  }
}

async function untilServed(api: KubeApi, crd: string, options: ApplyOptions): Promise<void> {
  await until(
    async () => {
      const found = await api.get('CustomResourceDefinition', crd)
      return listAt(found, 'status', 'conditions').some(
        (condition) => textAt(condition, 'type') === 'Established' && textAt(condition, 'status') === 'True',
      )
    },
    `the kind ${crd} is not served yet`,
    options,
  )
}

/** Asks until it is so. Throws a UserError with exit code 75 at the deadline. */
export async function until(isSo: () => Promise<boolean>, what: string, options: Limit): Promise<void> {
  for (let waitMs = 100; !(await isSo()); waitMs = Math.min(waitMs * 2, 2000)) {
    checkTime(options, what)
    await options.clock.sleep(waitMs, options.signal)
  }
}

export type Limit = Pick<ApplyOptions, 'clock' | 'signal' | 'deadline'>

function checkTime({ clock, signal, deadline }: Limit, what: string): void {
  signal.throwIfAborted()
  if (clock.now() >= deadline) throw new UserError('SUB0105', `Time ran out: ${what}`, { exitCode: EXIT.timedOut })
}

/** An answer of the API in terms of the user: rights that are missing, or an object that it does not take. */
export function asUserError(error: unknown, server: string): unknown {
  if (!(error instanceof ApiError) || error.code === 0) return error
  if (error.code === 403 && /because it is being terminated/.test(error.message))
    return new UserError('SUB0429', `A namespace at ${server} is being removed, and takes nothing new: ${messageOf(error)}`, {
      cause: error,
      hint: GOING_AWAY,
    })
  if (error.code === 403) return new UserError('SUB0416', `The API at ${server} does not allow it: ${messageOf(error)}`, { cause: error })
  return error
}

const GOING_AWAY =
  'Wait until it is gone (kubectl get namespaces), then run the command again. Where it stays, kubectl describe namespace says what holds it, and subctl uninstall takes away what is ours.'
