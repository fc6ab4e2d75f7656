// The loop that keeps the tunnels: all of them while this gateway leads, none once another does, and what is there while nobody knows.
import { failureOf } from '../../model/gateway-status.ts'
import type { Connection } from '../../model/resources.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { type Carrying, openCarrying, RESYNC_MS } from './carry.ts'
import { ownedAddresses } from './self.ts'
import { type EngineState, roleOf, specOf } from './state.ts'
import { openWanted } from './view.ts'

/** Whether a pass is due by the time is looked at this often: one that an event caused and that had nothing to do puts it off. */
const LOOK_MS = 5_000
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
  impossible: readonly Connection[]
  isKnown: boolean
  failingSince: number | undefined
  isCleared: boolean
  followingSince: number | undefined
  /** Whether a pass was asked for by name: by charon, by the clock, or since the last one failed. */
  isDue: boolean
  keptAt: number
}
interface Work {
  readonly engine: EngineState
  readonly state: State
  readonly carrying: Carrying
  readonly wanted: ReturnType<typeof openWanted>
  readonly askIn: (ms: number) => void
}

export function runCables(engine: EngineState, onChange: () => void): CableLoop {
  const { world, stop } = engine
  const { clock } = world
  const log = world.log.with({ loop: 'cables' })
  const state: State = {
    impossible: [],
    isKnown: false,
    failingSince: undefined,
    isCleared: false,
    followingSince: undefined,
    isDue: true,
    keptAt: 0,
  }
  const say = (lines: readonly string[]): void => {
    for (const line of lines) log.info(line)
  }
  const carrying = openCarrying({ ...world, say })
  const askIn = openTimer(engine, () => due())
  const work: Work = { engine, state, carrying, wanted: openWanted(world.settings.forceEncaps), askIn }
  const changed = openNews()
  const pass = async (): Promise<void> => {
    const isNews = changed(keyOf(engine))
    if (!isNews && !state.isDue && clock.now() - state.keptAt < RESYNC_MS) return
    Object.assign(state, { isDue: false, keptAt: clock.now() })
    try {
      const isAsked = await keep(work)
      if (isAsked) state.failingSince = undefined
      if (isAsked) engine.failures.delete('cables')
    } catch (error) {
      state.failingSince ??= clock.now()
      state.isKnown = true
      state.isDue = true
      engine.failures.set('cables', failureOf(error))
      throw error
    } finally {
      onChange()
    }
  }
  const loop = runLoop(pass, { name: 'cables', clock, log, signal: stop, resyncMs: LOOK_MS, backoff: { firstMs: 50, mostMs: 500 } })
  const due = (): void => {
    state.isDue = true
    loop.kick()
  }
  engine.loops.add(loop)
  world.onTunnelChange((names) => {
    carrying.tell(names)
    due()
  })
  return loopWith({ loop, due }, state, carrying)
}

/** All that a pass depends on but for charon, the kernel and the time: a change of the API's objects that leaves it as it is makes none. */
function keyOf(engine: EngineState): readonly unknown[] {
  const role = roleOf(engine)
  return role === 'leading' ? [role, engine.self, ...engine.view().remotes.flatMap(({ gateways }) => gateways)] : [role]
}

/** Whether the key differs from the one before. */
function openNews(): (key: readonly unknown[]) => boolean {
  let last: readonly unknown[] = []
  return (key) => {
    const isNew = key.length !== last.length || key.some((part, i) => part !== last[i])
    last = key
    return isNew
  }
}

/** Does what this gateway's role asks for. Says whether the daemon was asked: where it was asked for nothing it has shown nothing either. */
async function keep({ engine, state, carrying, wanted, askIn }: Work): Promise<boolean> {
  const role = roleOf(engine)
  const spec = specOf(engine)
  if (role !== 'following') [state.followingSince, state.isCleared] = [undefined, false]
  if (role === 'following') {
    await clear({ engine, state, carrying, wanted, askIn })
    return state.isCleared
  }
  if (role !== 'leading' || spec === undefined || engine.self === undefined) return false
  const { cables, impossible } = wanted(spec, engine.view().remotes)
  askIn(await carrying.pass(cables, ownedAddresses(engine.world.settings, engine.self.facts)))
  state.impossible = impossible
  state.isKnown = true
  return true
}

async function clear({ engine, state, carrying, askIn }: Work): Promise<void> {
  const { clock } = engine.world
  state.followingSince ??= clock.now()
  const left = state.followingSince + LINGER_MS - clock.now()
  if (carrying.isCarrying && left > 0) return askIn(left)
  await carrying.clear()
  Object.assign(state, { impossible: [], isKnown: false, isCleared: true })
}

/** Calls back after a time; a later time that is set takes the place of an earlier one. */
function openTimer({ world, stop }: EngineState, act: () => void): (ms: number) => void {
  let timer = new AbortController()
  return (ms) => {
    timer.abort()
    timer = new AbortController()
    const { signal } = timer
    void world.clock.sleep(ms, AbortSignal.any([signal, stop])).then(() => signal.aborted || stop.aborted || act())
  }
}

const loopWith = ({ loop, due }: { loop: Loop; due: () => void }, state: State, carrying: Carrying): CableLoop => ({
  kick: due,
  ended: loop.ended,
  get passes() {
    return loop.passes
  },
  get connections() {
    return [...carrying.connections, ...state.impossible]
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
})
