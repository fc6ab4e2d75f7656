import type { KubeApi } from './api.ts'
import type { LeaseName } from './candidate.ts'
import { holderOf } from './contest.ts'

export interface Hold {
  /** When the request was sent that took or renewed the lease last; -Infinity: never. */
  readonly heldAtMs: number
  readonly nowMs: number
  readonly termMs: number
}

/** Of a term: in this time after it got the lease nobody can have taken it from this process, and some is left for a write. */
const SURE = 2 / 3

/** Whether the lease is still this process's: by the time since it was renewed, or else as the API has it at this moment (docs/decisions/0016). */
export async function isHolder(api: KubeApi, { name, namespace, me }: LeaseName, { heldAtMs, nowMs, termMs }: Hold): Promise<boolean> {
  const age = nowMs - heldAtMs
  if (age >= 0 && age < termMs * SURE) return true
  return holderOf(await api.get('Lease', name, namespace)) === me
}
