// The Gateway object: what a gateway says of itself and its connections.
import { canonical, remembered } from './canonical.ts'
import { type Refusal, refusalText } from './decode.ts'
import { sanitise } from './names.ts'
import type { Connection, EndpointSpec, Gateway, LatencyRtt } from './resources.ts'

/** Decimal unix seconds of the last write. */
export const UPDATE_ANNOTATION = 'update-timestamp'
/** JSON: cable name to the time, RFC 3339, since when the connection is in its state. */
export const SINCE_STATES_ANNOTATION = 'submariner.io/connections-since'
/** Whether the gateway's node reaches the broker: `reached`, or what stands in the way. Missing where there is no broker, or nothing is known yet. */
export const BROKER_ANNOTATION = 'submariner.io/broker'
const REACHED = 'reached'
/** JSON: what other clusters have written and this gateway does not take, a sentence an object, the first few; `[]` where there is nothing. */
export const REFUSED_ANNOTATION = 'submariner.io/refused'
const MOST_REFUSED = 8

/** What the gateway refuses, by its annotation; nothing where that is not what a gateway writes. */
export function refusedOf(annotations: Readonly<Record<string, string>> | undefined): readonly string[] {
  try {
    const list: unknown = JSON.parse(annotations?.[REFUSED_ANNOTATION] ?? '[]')
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
  } catch {
    return []
  }
}

/** Those of the refusals that are of one of these objects, given as `Endpoint "name"`. */
export const refusedAmong = (annotations: Readonly<Record<string, string>> | undefined, objects: readonly string[]): readonly string[] =>
  refusedOf(annotations).filter((text) => objects.some((object) => text.startsWith(`${object}: `)))

/** The annotation in parts. */
export function brokerState(
  annotations: Readonly<Record<string, string>> | undefined,
): { readonly isReached: boolean; readonly why: string } | undefined {
  const text = annotations?.[BROKER_ANNOTATION]
  return text === undefined ? undefined : { isReached: text === REACHED, why: text === REACHED ? '' : text }
}

/** What echo requests say of one connection. */
export interface Echo {
  readonly state: 'alive' | 'dead' | 'unknown'
  readonly target: string
  readonly rtt?: LatencyRtt
}

/** A connection as the driver sees it and as echo requests do, in one: a tunnel that is up and carries nothing is an error, one that carries is connected. */
export function withEcho(connection: Connection, echo: Echo | undefined): Connection {
  if (echo === undefined) return connection
  const { latencyRTT: _, ...rest } = connection
  const timed: Connection = echo.rtt === undefined ? rest : { ...rest, latencyRTT: echo.rtt }
  if (echo.state === 'dead' && connection.status === 'connected')
    return { ...timed, status: 'error', statusMessage: `the tunnel is up, but ${echo.target} does not answer through it` }
  if (echo.state === 'alive' && connection.status === 'error') return { ...timed, status: 'connected', statusMessage: '' }
  return timed
}

export interface GatewayFacts {
  readonly hostname: string
  readonly namespace: string
  readonly version: string
  readonly isActive: boolean
  readonly endpoint: EndpointSpec
  readonly failure: string
  readonly connections: readonly Connection[]
  /** By cable name, RFC 3339. */
  readonly since: Readonly<Record<string, string>>
  readonly nowMs: number
  /** What keeps the broker from being reached; "" where it is, undefined where that is not known. */
  readonly brokerTrouble?: string | undefined
  /** What others have written and this gateway does not take. */
  readonly refused?: readonly Refusal[]
}

export const gatewayObject = (facts: GatewayFacts): Gateway => ({
  apiVersion: 'submariner.io/v1',
  kind: 'Gateway',
  metadata: {
    name: sanitise(facts.hostname),
    namespace: facts.namespace,
    annotations: {
      [UPDATE_ANNOTATION]: String(Math.floor(facts.nowMs / 1000)),
      [SINCE_STATES_ANNOTATION]: sinceText(facts.since),
      ...(facts.brokerTrouble !== undefined && { [BROKER_ANNOTATION]: facts.brokerTrouble || REACHED }),
      [REFUSED_ANNOTATION]: refusedText(facts.refused ?? []),
    },
  },
  status: {
    version: facts.version,
    haStatus: facts.isActive ? 'active' : 'passive',
    localEndpoint: facts.endpoint,
    statusFailure: facts.failure,
    connections: facts.connections,
  },
})

const sinceText = remembered(canonical)

const refusedText = (refused: readonly Refusal[]): string =>
  JSON.stringify(
    [...new Set(refused.map(refusalText))]
      .sort()
      .slice(0, MOST_REFUSED)
      .map((text) => text.slice(0, 300)),
  )

/** The state of a Gateway, without times, and without what its connections' endpoints are: what is written at once when it changes. */
export const stateText = ({ metadata, status: { connections, ...rest } }: Gateway): string =>
  [canonical({ ...rest, broker: metadata.annotations?.[BROKER_ANNOTATION] }), ...connections.map(stateOf)].join('\n')

const stateOf = remembered(
  ({ endpoint, status, statusMessage, usingIP, usingNAT }: Connection): string =>
    `${endpoint.cable_name} ${status} ${usingIP} ${usingNAT} ${JSON.stringify(statusMessage)}`,
)

/** What the connections' endpoints are, and what is refused: what is written soon, of many changes together. */
export const detailText = ({ metadata, status }: Gateway): string =>
  [metadata.annotations?.[REFUSED_ANNOTATION] ?? '', ...status.connections.map(({ endpoint }) => specText(endpoint))].join('\n')

/** Specs never change once they are read, so each is written out once. */
export const specText = remembered((spec: EndpointSpec): string => canonical(spec))

/** Since when each connection is in its state: the old time where the state is the old one; the same object where the connections are the same. */
export function sinceStates(
  before: readonly Connection[],
  since: Readonly<Record<string, string>>,
  after: readonly Connection[],
  now: string,
): Readonly<Record<string, string>> {
  const isSame = (connection: Connection, i: number): boolean => connection === before[i] && connection.endpoint.cable_name in since
  if ([before.length, Object.keys(since).length].every((count) => count === after.length) && after.every(isSame)) return since
  const old = new Map(before.map(({ endpoint, status }) => [endpoint.cable_name, status]))
  return Object.fromEntries(
    after.map(({ endpoint: { cable_name: name }, status }) => [name, (old.get(name) === status && since[name]) || now]),
  )
}
