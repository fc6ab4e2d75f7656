// The loop that keeps the tunnels: all of them while this gateway leads, none once another does, and what is there while nobody knows.
import type { Cable } from '../../dataplane/cable.ts'
import { canonical } from '../../model/canonical.ts'
import { messageOf } from '../../model/errors.ts'
import type { RemoteCluster } from '../../model/remote.ts'
import type { Connection, EndpointSpec } from '../../model/resources.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { ownedAddresses } from './self.ts'
import { type EngineState, roleOf, specOf } from './state.ts'
import { cablesOf, impossible } from './view.ts'

const RESYNC_MS = 15_000
/** How soon the daemon is asked again: while something has just changed, while a tunnel is down, while all are up. */
const ASK_MS = { fresh: 250, down: 2_000, up: 5_000 }
/** And not before so many times what it took to ask. Tunnels tell of themselves; to ask is for what was not told, and among hundreds of them it costs. */
const ASK_SHARE = 50
const FRESH_MS = 10_000
/** The others need this long to send by the new gateway; until then the old one carries what still comes. */
const LINGER_MS = 1_000

export interface CableLoop extends Loop {
  /** What the daemon last said; empty while this gateway carries nothing. */
  readonly connections: readonly Connection[]
  /** Whether the daemon has been asked, or has refused to answer, since this gateway leads. */
  readonly isKnown: boolean
  /** Since when the daemon has not done what it was asked. */
  readonly failingSince: number | undefined
  /** Whether nothing of this gateway's is left on the node, as a gateway that follows should have it. */
  readonly isCleared: boolean
}

interface State {
  connections: readonly Connection[]
  impossible: readonly Connection[]
  isKnown: boolean
  failingSince: number | undefined
  isCleared: boolean
}
interface Done {
  readonly text: string
  readonly atMs: number
  readonly changedMs: number
}

interface Wanted {
  readonly cables: readonly Cable[]
  readonly text: string
  readonly impossible: readonly Connection[]
}
/** What the view asks for; made again only where it is another view or another self. */
function openWanted(forceEncaps: boolean): (spec: EndpointSpec, remotes: readonly RemoteCluster[]) => Wanted {
  let last: (Wanted & { readonly own: string; readonly remotes: readonly RemoteCluster[] }) | undefined
  return (spec, remotes) => {
    const own = canonical(spec)
    if (last === undefined || last.own !== own || last.remotes !== remotes) {
      const cables = cablesOf(spec, remotes, forceEncaps)
      last = { own, remotes, cables, text: canonical(cables), impossible: impossible(spec, remotes) }
    }
    return last
  }
}

/** ESP may go in UDP without a translation: what is said is whether an address was translated. */
const withNat = (connection: Connection): Connection => ({
  ...connection,
  ...(connection.usingIP !== undefined && { usingNAT: connection.usingIP !== connection.endpoint.private_ip }),
})

export function runCables(engine: EngineState, onChange: () => void): CableLoop {
  const { world, stop } = engine
  const { clock, driver, owned, settings } = world
  const log = world.log.with({ loop: 'cables' })
  const state: State = { connections: [], impossible: [], isKnown: false, failingSince: undefined, isCleared: false }
  const wanted = openWanted(settings.forceEncaps)
  let done: Done | undefined
  let followingSince: number | undefined
  let timer = new AbortController()

  const askIn = (ms: number): void => {
    timer.abort()
    timer = new AbortController()
    const { signal } = timer
    void clock.sleep(ms, AbortSignal.any([signal, stop])).then(() => signal.aborted || stop.aborted || loop.kick())
  }
  const say = (lines: readonly string[]): void => {
    for (const line of lines) log.info(line)
  }
  const carry = async ({ cables, text }: Wanted): Promise<void> => {
    const now = clock.now()
    const isNew = text !== done?.text
    const isDue =
      done === undefined || isNew || now - done.atMs >= RESYNC_MS || state.connections.some(({ status }) => status !== 'connected')
    if (isDue && engine.self !== undefined) {
      say(await owned.reconcile(ownedAddresses(settings, engine.self.facts)))
      say(await driver.reconcile(cables))
      done = { text, atMs: now, changedMs: isNew ? now : (done?.changedMs ?? now) }
    }
    state.connections = cables.length === 0 ? [] : (await driver.connections(cables)).map(withNat)
    const isUp = state.connections.every(({ status }) => status === 'connected')
    const ms = isUp ? ASK_MS.up : now - (done?.changedMs ?? 0) < FRESH_MS ? ASK_MS.fresh : ASK_MS.down
    askIn(Math.max(ms, Math.min(RESYNC_MS, (clock.now() - now) * ASK_SHARE)))
  }
  const clear = async (): Promise<void> => {
    followingSince ??= clock.now()
    const left = followingSince + LINGER_MS - clock.now()
    const isCarrying = state.connections.length > 0 || done !== undefined
    if (isCarrying && left > 0) {
      askIn(left)
      return
    }
    say(await driver.reconcile([]))
    say(await owned.reconcile([]))
    done = undefined
    Object.assign(state, { connections: [], impossible: [], isKnown: false, isCleared: true })
  }
  const pass = async (): Promise<void> => {
    const role = roleOf(engine)
    const spec = specOf(engine)
    if (role !== 'following') [followingSince, state.isCleared] = [undefined, false]
    try {
      const { remotes } = engine.view()
      if (role === 'leading' && spec !== undefined) {
        const now = wanted(spec, remotes)
        await carry(now)
        state.impossible = now.impossible
        state.isKnown = true
      }
      if (role === 'following') await clear()
      // Where the daemon was asked for nothing it has shown nothing either.
      const isAsked = role === 'leading' ? spec !== undefined : state.isCleared
      if (isAsked) state.failingSince = undefined
      if (isAsked) engine.failures.delete('cables')
    } catch (error) {
      state.failingSince ??= clock.now()
      state.isKnown = true
      engine.failures.set('cables', messageOf(error))
      throw error
    } finally {
      onChange()
    }
  }
  const loop = runLoop(pass, { name: 'cables', clock, log, signal: stop, resyncMs: RESYNC_MS, backoff: { firstMs: 250, mostMs: 1_000 } })
  engine.loops.add(loop)
  world.onTunnelChange(loop.kick)
  return {
    kick: loop.kick,
    ended: loop.ended,
    get passes() {
      return loop.passes
    },
    get connections() {
      return [...state.connections, ...state.impossible]
    },
    get isKnown() {
      return state.isKnown
    },
    get failingSince() {
      return state.failingSince
    },
    get isCleared() {
      return state.isCleared
    },
  }
}
