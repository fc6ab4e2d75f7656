import { refusalText } from '../../model/decode.ts'
import { refusedOf } from '../../model/gateway-status.ts'
import { apiVersionOf } from '../../model/kinds.ts'
import type { Connection, Gateway, Resource } from '../../model/resources.ts'
import type { EngineState } from './state.ts'

/** A word on something that happened, on the Gateway object: `kubectl describe gateway` shows it. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** No more than this within a minute: an Event costs the API a write. */
const MOST_A_MINUTE = 30

/** What changed from one Gateway object to the next, in words. */
export function noticesOf(before: Gateway | undefined, after: Gateway): readonly Notice[] {
  const old = new Map(before?.status.connections.map((connection) => [connection.endpoint.cable_name, connection.status]))
  const notices = after.status.connections.flatMap((connection) => notice(old.get(connection.endpoint.cable_name), connection))
  const there = new Set(after.status.connections.map(({ endpoint }) => endpoint.cable_name))
  const gone = (before?.status.connections ?? [])
    .filter(({ endpoint }) => !there.has(endpoint.cable_name))
    .map(
      ({ endpoint }): Notice => ({
        type: 'Normal',
        reason: 'ConnectionRemoved',
        message: `no tunnel to ${endpoint.hostname} of cluster ${endpoint.cluster_id} any more`,
      }),
    )
  const was = before?.status
  const ha: readonly Notice[] =
    was?.haStatus === after.status.haStatus
      ? []
      : [
          {
            type: 'Normal',
            reason: after.status.haStatus === 'active' ? 'GatewayActive' : 'GatewayPassive',
            message: `this gateway is ${after.status.haStatus}`,
          },
        ]
  const { statusFailure } = after.status
  const failure: readonly Notice[] =
    statusFailure === '' || statusFailure === was?.statusFailure
      ? []
      : [{ type: 'Warning', reason: 'GatewayFailure', message: statusFailure }]
  const known = new Set(refusedOf(before?.metadata.annotations).map(refusalText))
  const refused = refusedOf(after.metadata.annotations)
    .map(refusalText)
    .filter((text) => !known.has(text))
    .map((text): Notice => ({ type: 'Warning', reason: 'ObjectRefused', message: text }))
  return [...ha, ...failure, ...notices, ...refused, ...(after.status.haStatus === 'active' ? gone : [])]
}

function notice(before: Connection['status'] | undefined, { status, statusMessage, endpoint, usingIP }: Connection): readonly Notice[] {
  if (before === status || status === 'connecting') return []
  const to = `${endpoint.hostname} of cluster ${endpoint.cluster_id}${usingIP === undefined ? '' : ` (${usingIP})`}`
  return status === 'connected'
    ? [{ type: 'Normal', reason: 'ConnectionEstablished', message: `connected to ${to}` }]
    : [{ type: 'Warning', reason: 'ConnectionFailed', message: `${to}: ${statusMessage}` }]
}

/** Writes notices as Events. What cannot be written is left out: nothing depends on an Event. */
export function openEvents({ world }: EngineState): (gateway: Gateway, notices: readonly Notice[]) => Promise<void> {
  const { clock, local, log } = world
  let minute = { started: clock.now(), count: 0 }
  let serial = 0
  return async (gateway, notices) => {
    if (clock.now() - minute.started >= 60_000) minute = { started: clock.now(), count: 0 }
    for (const item of notices.slice(0, Math.max(0, MOST_A_MINUTE - minute.count))) {
      minute.count += 1
      serial += 1
      await local
        .create(eventOf(gateway, item, clock.now(), serial))
        .catch((error: unknown) => log.debug('an Event could not be written', { error: String(error) }))
    }
  }
}

function eventOf({ metadata, apiVersion, kind }: Gateway, { type, reason, message }: Notice, nowMs: number, serial: number): Resource {
  const time = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
  const { name, namespace = '' } = metadata
  const event = {
    apiVersion: apiVersionOf('Event'),
    kind: 'Event',
    metadata: { name: `${name}.${nowMs.toString(16)}.${serial}`, namespace },
    involvedObject: { apiVersion, kind, name, namespace },
    type,
    reason,
    message: message.slice(0, 1_000),
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component: 'submariner-gateway', host: name },
  }
  return event
}
