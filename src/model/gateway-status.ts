// The Gateway object: what a gateway says of itself and its connections.
import { canonical, remembered } from './canonical.ts'
import { WANTED_PORT_ANNOTATION } from './charon-port.ts'
import { nameOf, type Refusal, refusalText } from './decode.ts'
import { messageOf, UserError } from './errors.ts'
import { sanitise } from './names.ts'
import type { ProblemId } from './problem.ts'
import type { Connection, EndpointSpec, Gateway, LatencyRtt, Resource } from './resources.ts'

/** Decimal unix seconds of the last write. */
export const UPDATE_ANNOTATION = 'update-timestamp'
/** JSON: cable name to the time, RFC 3339, since when the connection is in its state. */
export const SINCE_STATES_ANNOTATION = 'submariner.io/connections-since'
/** Whether the gateway's node reaches the broker: `reached`, or what stands in the way. Missing where there is no broker, or nothing is known yet. */
export const BROKER_ANNOTATION = 'submariner.io/broker'
const REACHED = 'reached'
/** Ids of the problems that `statusFailure` tells of, as far as they have one: `SUB0501 SUB0304`. */
export const FAILURE_ANNOTATION = 'submariner.io/failure'
/** JSON: what other clusters have written and this gateway does not take, a Refusal an object, the first few; `[]` where there is nothing. */
export const REFUSED_ANNOTATION = 'submariner.io/refused'
const MOST_REFUSED = 8

type Annotations = Readonly<Record<string, string>> | undefined

/** What the gateway refuses, by its annotation; nothing where that is not what a gateway writes. */
export function refusedOf(annotations: Annotations): readonly Refusal[] {
  try {
    const list: unknown = JSON.parse(annotations?.[REFUSED_ANNOTATION] ?? '[]')
    return Array.isArray(list) ? list.filter(isRefusal) : []
  } catch {
    return []
  }
}

const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && ['object', 'field', 'reason'].every((key) => typeof Reflect.get(value, key) === 'string')

/** Those of the refusals that are of one of these objects. */
export function refusedAmong(annotations: Annotations, objects: readonly Named[]): readonly Refusal[] {
  const names = objects.map((object) => nameOf(object.kind, object))
  return refusedOf(annotations).filter(({ object }) => names.includes(object))
}
type Named = Pick<Resource, 'kind'> & { readonly metadata: { readonly name: string } }

/** The Cluster object that a cluster of this id publishes. */
export const clusterNamed = (id: string): Named => ({ kind: 'Cluster', metadata: { name: sanitise(id) } })

/** Whether the gateway suffers from this problem, as far as it says. */
export const suffersFrom = ({ metadata }: Pick<Gateway, 'metadata'>, id: ProblemId): boolean =>
  (metadata.annotations?.[FAILURE_ANNOTATION] ?? '').split(' ').includes(id)

/** What keeps a loop of an agent from its work. */
export interface Failure {
  readonly text: string
  readonly id?: ProblemId
}
export const failureOf = (error: unknown): Failure => ({
  text: messageOf(error),
  ...(error instanceof UserError && { id: error.id }),
})

/** The annotation in parts. */
export function brokerState(
  annotations: Readonly<Record<string, string>> | undefined,
): { readonly isReached: boolean; readonly why: string } | undefined {
  const text = annotations?.[BROKER_ANNOTATION]
  return (text ?? '') === '' ? undefined : { isReached: text === REACHED, why: text === REACHED ? '' : (text ?? '') }
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
  readonly failures: readonly Failure[]
  readonly connections: readonly Connection[]
  /** By cable name, RFC 3339. */
  readonly since: Readonly<Record<string, string>>
  readonly nowMs: number
  /** What keeps the broker from being reached; "" where it is, undefined where that is not known. */
  readonly brokerTrouble?: string | undefined
  /** The port that the settings want, where charon has another one. */
  readonly wantedPort?: number | undefined
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
      // An engine that knows nothing yet takes back what the one before it has said.
      [BROKER_ANNOTATION]: facts.brokerTrouble === undefined ? '' : facts.brokerTrouble || REACHED,
      [FAILURE_ANNOTATION]: facts.failures.flatMap(({ id }) => id ?? []).join(' '),
      [REFUSED_ANNOTATION]: refusedText(facts.refused ?? []),
      [WANTED_PORT_ANNOTATION]: facts.wantedPort === undefined ? '' : String(facts.wantedPort),
    },
  },
  status: {
    version: facts.version,
    haStatus: facts.isActive ? 'active' : 'passive',
    localEndpoint: facts.endpoint,
    statusFailure: facts.failures.map(({ text }) => text).join('; '),
    connections: facts.connections,
  },
})

const sinceText = remembered(canonical)

/** The first few, in the order of their texts, each of them once. */
const refusedText = (refused: readonly Refusal[]): string => {
  const byText = new Map(refused.map((one) => [refusalText(one), one]))
  const first = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MOST_REFUSED)
  return JSON.stringify(
    first.map(([, { object, field, reason }]) => ({ object, field: field.slice(0, 100), reason: reason.slice(0, 200) })),
  )
}

/** The state of a Gateway, without times, and without what its connections' endpoints are: what is written at once when it changes. */
export const stateText = ({ metadata, status: { connections, ...rest } }: Gateway): string =>
  [
    canonical({ ...rest, broker: metadata.annotations?.[BROKER_ANNOTATION], wantedPort: metadata.annotations?.[WANTED_PORT_ANNOTATION] }),
    ...connections.map(stateOf),
  ].join('\n')

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
