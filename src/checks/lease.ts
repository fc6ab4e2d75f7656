import type { Lease } from '../model/resources.ts'
import type { CheckContext } from './subject.ts'

const LEASE_POLL_MS = 250

/** Whether the lease is seen to be renewed within its term. */
export async function isRenewed(context: CheckContext, { metadata, spec }: Lease, signal: AbortSignal): Promise<boolean> {
  const until = context.clock.now() + ((spec?.leaseDurationSeconds ?? 3) + 1) * 1000
  while (context.clock.now() < until && !signal.aborted) {
    await context.clock.sleep(LEASE_POLL_MS, signal)
    const now = await context.api.get('Lease', metadata.name, context.namespace)
    if (now?.spec?.renewTime !== spec?.renewTime) return true
  }
  return false
}
