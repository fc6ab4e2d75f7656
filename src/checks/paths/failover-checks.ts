import type { Check, Verdict } from '../check.ts'
import type { CheckContext, Failover } from '../subject.ts'

/** What `verify --disruptive` asks besides, one cluster after the other. */
export const FAILOVER_CHECKS: readonly Check<CheckContext>[] = [
  {
    id: 'SUB0631',
    name: 'traffic goes on while the active gateway hands over',
    needs: ['SUB0620', 'SUB0627'],
    run: (context, signal) => survived(context, signal, { how: 'planned', aimMs: 1_000 }),
  },
  {
    id: 'SUB0632',
    name: 'traffic comes back when engine and charon of the active gateway are deleted without grace',
    needs: ['SUB0620', 'SUB0627'],
    run: (context, signal) => survived(context, signal, { how: 'lost', aimMs: 5_000 }),
  },
]

async function survived(
  context: CheckContext,
  signal: AbortSignal,
  { how, aimMs }: { how: Failover['how']; aimMs: number },
): Promise<Verdict> {
  const found = await context.failover(how, signal)
  if ('skipped' in found) return { is: 'skipped', reason: found.skipped }
  const { from, to, lost, sent, ms, isBack, isWhole } = found
  const what = `${from === to ? `${from} again` : `${from} to ${to}`}: ${ms} ms, ${lost} of ${sent} datagrams lost`
  if (!isBack)
    return {
      is: 'failed',
      reason: `nothing has come back since: ${what}`,
      hint: LOOK,
    }
  if (!isWhole) return { is: 'failed', reason: `the gateways are not as before since: ${what}`, hint: LOOK }
  if (ms > aimMs)
    return { is: 'warning', reason: `${what}; ${aimMs} ms is the aim`, hint: 'see the logs of both gateways around that time' }
  return { is: 'ok', note: what }
}

const LOOK = 'run `subctl show gateways`, and see the logs of the engines'
