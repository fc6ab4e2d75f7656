// How a member's gateway stands with its broker and with the other clusters, from the objects of the API to lines for people. Pure.
import { oldPortOf, oldPortText, replaceCharon } from '../../model/charon-port.ts'
import { refusalText } from '../../model/decode.ts'
import { brokerState, clusterNamed, refusedAmong } from '../../model/gateway-status.ts'
import { GATEWAY_WORKLOAD, sanitise } from '../../model/names.ts'
import type { Connection, Endpoint, Gateway, Pod } from '../../model/resources.ts'
import { allPodsOf, isReady, nodeOf } from './rollout.ts'
import type { Step } from './step.ts'

export interface ConnectionSight {
  readonly gateways: readonly Gateway[]
  /** Of this cluster and copies of the others'. */
  readonly endpoints: readonly Endpoint[]
  /** Ids of the clusters that a connection is expected to. */
  readonly expected: readonly string[]
}

/** What an engine has written that does not run now is no news. */
export function speaking(gateways: readonly Gateway[], pods: readonly Pod[]): readonly Gateway[] {
  const running = allPodsOf(pods, GATEWAY_WORKLOAD)
    .filter(isReady)
    .map((pod) => sanitise(nodeOf(pod)))
  return gateways.filter(({ metadata }) => running.includes(metadata.name))
}

/** A step for the gateway, one for its way to the broker, and one for each cluster that it should be connected to. */
export function connectionSteps({ gateways, endpoints, expected }: ConnectionSight): readonly Step[] {
  const active = gateways.find(({ status }) => status?.haStatus === 'active')
  if (active === undefined) return [{ what: 'leader', state: 'waiting', text: 'no gateway leads yet' }]
  return [
    leader(active),
    ...gateways.map(brokerStep),
    ...gateways.map(portStep).filter((step) => step !== undefined),
    ...[...expected].sort().map((id) => connectionStep(id, active, endpoints)),
  ]
}

function leader({ metadata, status: { statusFailure } }: Gateway): Step {
  return statusFailure === ''
    ? { what: 'leader', state: 'ok', text: metadata.name }
    : { what: 'leader', state: 'failing', text: `${metadata.name}: ${statusFailure}` }
}

/** What a gateway node itself says of the broker. */
function brokerStep({ metadata }: Gateway): Step {
  const state = brokerState(metadata.annotations)
  const what = `broker from ${metadata.name}`
  if (state === undefined) return { what, state: 'waiting', text: 'it has not said yet whether it reaches it' }
  if (state.isReached) return { what, state: 'ok', text: 'reached' }
  return {
    what,
    state: 'failing',
    text: `not reached: ${state.why}`,
    hint: 'The gateway nodes need a way to the broker’s API server; --broker-url gives another.',
  }
}

/** A charon that outlasts a change of its port: the engine goes by what it has, so nobody needs to wait. */
function portStep(gateway: Gateway): Step | undefined {
  const old = oldPortOf(gateway)
  return old && { what: `port of ${old.gateway}`, state: 'note', text: oldPortText(old), hint: replaceCharon() }
}

const RANK: Readonly<Record<Connection['status'], number>> = { connected: 0, connecting: 1, error: 2 }

/** One connection to a cluster is enough: while it changes gateways it may have two. */
function connectionStep(id: string, active: Gateway, endpoints: readonly Endpoint[]): Step {
  const what = `cluster ${id}`
  const [best] = active.status.connections
    .filter(({ endpoint }) => endpoint.cluster_id === id)
    .sort((a, b) => RANK[a.status] - RANK[b.status])
  if (best === undefined) {
    const known = endpoints.filter(({ spec }) => spec.cluster_id === id)
    const [refused] = refusedAmong(active.metadata.annotations, [clusterNamed(id), ...known])
    if (refused !== undefined)
      return {
        what,
        state: 'failing',
        text: `refused: ${refusalText(refused)}`,
        hint: `${id} is to mend that, or subctl forget ${id} takes it out.`,
      }
    return known.length > 0
      ? {
          what,
          state: 'waiting',
          text: 'no tunnel yet',
          hint: `If it stays so, the gateway refuses what ${id} publishes: subctl verify says why.`,
        }
      : { what, state: 'waiting', text: 'not fetched from the broker yet' }
  }
  const { status, statusMessage, endpoint, usingIP } = best
  const where = `${endpoint.hostname}${usingIP === undefined ? '' : ` (${usingIP})`}`
  if (status === 'connected') return { what, state: 'ok', text: `connected to ${where}` }
  const why = statusMessage === '' ? '' : `: ${statusMessage}`
  if (status === 'connecting') return { what, state: 'waiting', text: `connecting to ${where}${why}` }
  return {
    what,
    state: 'failing',
    text: `no connection to ${where}${why}`,
    hint: `UDP ${portOf(active)} must pass between the gateways: docs/ports.md.`,
  }
}

const portOf = ({ status }: Gateway): string => status.localEndpoint?.backend_config?.['udp-port'] ?? '4500 (or --natt-port)'
