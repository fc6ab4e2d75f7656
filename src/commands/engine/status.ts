// The loop that writes this gateway's object: at once when its state changes, otherwise as a heartbeat that carries round-trip times.
import { write } from '../../broker/write.ts'
import type { Refusal } from '../../model/decode.ts'
import { detailText, type Echo, gatewayObject, sinceStates, stateText, withEcho } from '../../model/gateway-status.ts'
import type { Connection, EndpointSpec, Gateway } from '../../model/resources.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { paceOf } from '../agent/pace.ts'
import { openRefusals } from '../agent/refusals.ts'
import { openAnswer } from './answer.ts'
import type { CableLoop } from './cables.ts'
import { noticesOf, openEvents } from './events.ts'
import { wantedPort } from './self.ts'
import { type EngineState, isPublished, ownName, roleOf, specOf } from './state.ts'
import type { Successors } from './succession.ts'
import type { SyncLoop } from './sync.ts'
import { probesOf } from './view.ts'

const HEARTBEAT_MS = 30_000
/** Health is looked at this often, besides when the prober says that it has changed; it is the prober's memory, no packet. */
const LOOK_MS = 1_000

export interface StatusParts {
  readonly cables: CableLoop
  readonly sync: SyncLoop
  readonly successors: Successors
}

export function runStatus(engine: EngineState, { cables, sync, successors }: StatusParts): Loop {
  const { world, stores, stop } = engine
  const { clock, log, local, settings } = world
  const tell = openEvents(engine)
  const sayRefused = openRefusals(log.with({ gateway: ownName(engine) }))
  const answer = openAnswer(cables)
  let written: Written | undefined
  let since: Readonly<Record<string, string>> = {}

  const save = async (gateway: Gateway, answered: Readonly<Record<string, string>> = {}): Promise<void> => {
    const before = stores.gateways.get(gateway.metadata.name, settings.namespace)
    const annotations = { ...before?.metadata.annotations, ...gateway.metadata.annotations, ...answered }
    const lines = await write(local, {
      put: [{ ...gateway, metadata: { ...before?.metadata, ...gateway.metadata, annotations } }],
      drop: [],
    })
    // Somebody else wrote it in between, or our copy is not of today yet: the next pass tries again.
    if (lines.length === 0) return
    const notices = noticesOf(written?.gateway ?? before, gateway)
    written = { gateway, state: stateText(gateway), detail: detailText(gateway), atMs: clock.now() }
    await tell(gateway, notices)
  }
  const sweep = async (): Promise<void> => {
    if (engine.leading) for (const line of await write(local, { put: [], drop: successors.stale() })) log.info(line)
  }
  const pass = async (): Promise<void> => {
    const spec = specOf(engine)
    if (spec === undefined) return
    const role = roleOf(engine)
    // With its Endpoint published and no other leader in sight it carries traffic, whether it still leads or not.
    const isActive = role === 'leading' || (role === 'waiting' && isPublished(engine))
    const connections = isActive ? withEchoes(engine, cables.connections) : []
    if (!isActive) world.health.probe([])
    since = sinceStates(written?.gateway.status.connections ?? [], since, connections, new Date(clock.now()).toISOString())
    const refused = [...engine.view().refused, ...(sync.state?.refused ?? [])]
    const gateway = draft(engine, { spec, isActive, connections, since, refused })
    const isReady = stores.clusters.synced && stores.endpoints.synced && cables.failingSince === undefined
    world.observe({ isLeading: engine.leading, isReady, gateway, syncs: sync.passes })
    sayRefused(refused)
    // A process that has just started knows nothing of the tunnels that it finds; what was said of them stays until it leads and has asked.
    if (isActive && (role === 'waiting' ? !engine.hasLed : !cables.isKnown)) return
    const seen = stores.gateways.get(ownName(engine), settings.namespace)
    const isGone = stores.gateways.synced && seen === undefined
    const answered = answer(seen)
    if (answered !== undefined || isNews(written, gateway, { isGone, nowMs: clock.now() })) await save(gateway, answered)
    await sweep()
  }
  const loop = runLoop(pass, {
    name: 'status',
    clock,
    log,
    signal: stop,
    resyncMs: LOOK_MS,
    backoff: { firstMs: 200, mostMs: 5_000 },
    gatherMs: 50,
    leastRestMs: 50,
  })
  engine.loops.add(loop)
  world.health.onChange(loop.kick)
  return loop
}

interface Written {
  readonly gateway: Gateway
  readonly state: string
  readonly detail: string
  readonly atMs: number
}
/** Whether the object is to be written now: what is gone or has another state at once, so far as its pace allows, the rest after a while. */
function isNews(written: Written | undefined, gateway: Gateway, { isGone, nowMs }: { isGone: boolean; nowMs: number }): boolean {
  if (written === undefined) return true
  const age = nowMs - written.atMs
  const { restMs, detailMs } = paceOf(gateway.status.connections.length)
  if (age >= restMs && written.state !== stateText(gateway)) return true
  return age >= HEARTBEAT_MS || (isGone && age >= LOOK_MS) || (age >= detailMs && written.detail !== detailText(gateway))
}

interface Draft {
  readonly spec: EndpointSpec
  readonly isActive: boolean
  readonly connections: readonly Connection[]
  readonly since: Readonly<Record<string, string>>
  readonly refused: readonly Refusal[]
}

/** What the broker's copies suffer from; "" where both are there, undefined until the broker has answered. */
function brokerTrouble({ stores: { broker } }: EngineState): string | undefined {
  if (broker === undefined) return undefined
  const trouble = broker.clusters.trouble ?? broker.endpoints.trouble
  if (trouble !== undefined) return trouble
  return [broker.clusters, broker.endpoints].every((store) => store.heardMs() !== Number.POSITIVE_INFINITY) ? '' : undefined
}

const draft = (engine: EngineState, { spec, isActive, connections, since, refused }: Draft): Gateway =>
  gatewayObject({
    refused,
    hostname: engine.world.hostname,
    namespace: engine.world.settings.namespace,
    version: engine.world.version,
    isActive,
    endpoint: spec,
    failures: [...engine.failures.values()],
    connections,
    since,
    nowMs: engine.world.clock.now(),
    brokerTrouble: brokerTrouble(engine),
    wantedPort: engine.self && wantedPort(engine.self),
  })

/** Connections as packets find them: what is not probed is as the driver says. */
function withEchoes({ world, view }: EngineState, connections: readonly Connection[]): readonly Connection[] {
  if (!world.settings.health.enabled) return connections
  const targets = probesOf(view().remotes)
  world.health.probe([...new Set(targets.values())])
  return connections.map((connection) => {
    const target = targets.get(connection.endpoint.cable_name)
    if (target === undefined) return connection
    const { state, rtt } = world.health.pulse(target)
    const echo: Echo = { state, target, ...(rtt !== undefined && { rtt }) }
    return withEcho(connection, echo)
  })
}
