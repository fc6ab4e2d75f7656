// What export and unexport do, service by service: the same for a plan, for people and for programs.
import type { ServiceExport } from '../../model/mcs.ts'
import type { Subject } from '../look/subjects.ts'

/** `kept`: left as it is, for the reason. `refused`: cannot be exported, for the reason. */
export type Action = 'created' | 'changed' | 'unchanged' | 'removed' | 'kept' | 'refused'

/** One service of one cluster, and what becomes of its export. */
export interface Step {
  readonly namespace: string
  readonly name: string
  readonly action: Action
  /** In words, where the action does not say it all. */
  readonly reason?: string
  /** The ServiceExport: as it is to be, or of one that is to go, as it is. */
  readonly object?: ServiceExport
}
export interface ClusterSteps {
  readonly subject: Subject
  readonly steps: readonly Step[]
}

export const isOpen = ({ action }: Step): boolean => action === 'created' || action === 'changed' || action === 'removed'

/** The name of a service in every cluster that has its namespace. */
export const nameEverywhere = ({ name, namespace }: Pick<Step, 'name' | 'namespace'>): string => `${name}.${namespace}.svc.clusterset.local`

const AT_ONCE = 16

/** The results of all, in their order; some are asked for at once, and no more. */
export async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += AT_ONCE) results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(work))))
  return results
}
