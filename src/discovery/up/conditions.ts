// What a ServiceExport says of itself: conditions by the API's types and reasons, in words for the person who made it.
import { isSame } from '../../model/canonical.ts'
import { type Condition, IN_PART, type ServiceExport } from '../../model/mcs.ts'
import type { Verdict } from './plan.ts'

export interface Say {
  readonly type: string
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
}

/** A service that the broker has stays ready while a change of it is on its way, but not where nothing goes there any more. */
export function sayings({ own, merged, state: now, note }: Verdict): readonly Say[] {
  const wasReady = own.wish.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  const state = now === 'pending' && wasReady && note === '' ? 'exported' : now
  if (own.invalid !== undefined)
    return [
      { type: 'Valid', status: 'False', ...own.invalid },
      { type: 'Ready', status: 'False', reason: 'Failed', message: 'the service is not exported: it is not valid' },
      NO_CONFLICT,
    ]
  const valid: Say = { type: 'Valid', status: 'True', reason: 'Valid', message: 'the service can be exported' }
  const conflicts = merged?.conflicts ?? []
  const conflict: Say =
    conflicts.length === 0
      ? NO_CONFLICT
      : {
          type: 'Conflict',
          status: 'True',
          reason: conflicts.map(({ reason }) => reason).join(','),
          message: conflicts.map(({ message }) => message).join('\n'),
        }
  return [valid, readySaying(state, { own, merged, note }), conflict]
}

const NODE_LOCAL = 'internalTrafficPolicy is Local, so that clusters use their own backends alone and none of another’s'

function readySaying(state: Verdict['state'], { own: { outside }, merged, note }: Pick<Verdict, 'own' | 'merged' | 'note'>): Say {
  const isInPart = state === 'exported' && outside !== undefined && !outside.isAll
  const { message, ...ready } = READY[state]
  const left =
    outside === undefined
      ? ''
      : state === 'unusable'
        ? outside.text
        : isInPart
          ? `other clusters leave out a part of its backends: ${outside.text}`
          : ''
  const isLocal = state === 'exported' && merged?.type === 'ClusterSetIP' && merged.internalTrafficPolicy === 'Local'
  const text = [message, left, isLocal ? NODE_LOCAL : '', note].filter((one) => one !== '').join('; ')
  return { type: 'Ready', ...ready, ...(isInPart && { reason: IN_PART }), message: text }
}

const NO_CONFLICT: Say = {
  type: 'Conflict',
  status: 'False',
  reason: 'NoConflicts',
  message: 'no other cluster exports the service in another way',
}
const READY: Readonly<Record<Verdict['state'], Omit<Say, 'type'>>> = {
  invalid: { status: 'False', reason: 'Failed', message: 'the service is not exported: it is not valid' },
  rejected: {
    status: 'False',
    reason: 'Failed',
    message: 'the service takes no part: an older export is of another type (see the condition Conflict)',
  },
  unusable: { status: 'False', reason: 'Failed', message: 'the broker has the service, and no other cluster takes any of its backends' },
  pending: { status: 'False', reason: 'Pending', message: 'the service is on its way to the broker' },
  exported: { status: 'True', reason: 'Exported', message: 'the broker has the service' },
}

/** The export with these conditions over its own; undefined where it says all that already. Conditions of other types stay as they are. */
export function withConditions(wish: ServiceExport, says: readonly Say[], nowMs: number): ServiceExport | undefined {
  const old = wish.status?.conditions ?? []
  // Who never had a conflict says nothing of conflicts.
  const said = says.filter(({ type, status }) => type !== 'Conflict' || status === 'True' || old.some((one) => one.type === type))
  const made = said.map((say) =>
    renewed(
      old.find(({ type }) => type === say.type),
      say,
      { nowMs, generation: wish.metadata.generation },
    ),
  )
  const conditions = [...old.filter(({ type }) => !said.some((say) => say.type === type)), ...made]
  const sorted = (list: readonly Condition[]): readonly Condition[] => [...list].sort((a, b) => (a.type < b.type ? -1 : 1))
  return isSame(sorted(old), sorted(conditions)) ? undefined : { ...wish, status: { ...wish.status, conditions } }
}

interface Moment {
  readonly nowMs: number
  readonly generation: number | undefined
}
/** A condition whose status is the same keeps its time. */
export function renewed(old: Condition | undefined, say: Say, { nowMs, generation }: Moment): Condition {
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    ...say,
    lastTransitionTime: old?.status === say.status ? old.lastTransitionTime : now,
    ...(generation !== undefined && { observedGeneration: generation }),
  }
}
