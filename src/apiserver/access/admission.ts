import type { ApiObject } from '../objects/json.ts'
import type { User } from './user.ts'

/** One change that is about to be stored. */
export interface Proposal {
  readonly user: User
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly group: string
  /** Plural. */
  readonly resource: string
  readonly namespace: string
  /** Undefined for DELETE. */
  readonly object: ApiObject | undefined
  /** Undefined for CREATE. */
  readonly before: ApiObject | undefined
}
/** A rule beyond rights: why the change is refused, or undefined. */
export type Admission = (proposal: Proposal) => string | undefined

export const admitAll: Admission = () => undefined
