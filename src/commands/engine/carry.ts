// Carrying the tunnels of a gateway that leads: what has changed or has been told of is looked at at once, everything from time to time.
import type { Cable, CableDriver } from '../../dataplane/cable.ts'
import type { Target } from '../../dataplane/target.ts'
import type { Ip } from '../../model/net.ts'
import type { Connection } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import { type Fresh, openFresh } from './fresh.ts'

/** The longest time between two passes that put right whatever differs. */
export const RESYNC_MS = 15_000
/** How soon all is looked at again: while a tunnel is down, while all are up. */
const ASK_MS = { down: 2_000, up: 5_000 }
/** And not before so many times what it took. Tunnels tell of themselves; to ask is for what was not told, and among hundreds of them it costs. */
const ASK_SHARE = 50
/** With more cables than this to look at one by one, a look at all of them costs no more. */
const MOST_NAMES = 16

export interface CarryWorld {
  readonly clock: Clock
  readonly driver: CableDriver
  readonly owned: Target<readonly Ip[]>
  readonly say: (lines: readonly string[]) => void
}

export interface Carrying {
  /** What the daemon last said, in the order of the cables. */
  readonly connections: readonly Connection[]
  /** Whether something of ours may be on the node. */
  readonly isCarrying: boolean
  /** Brings the node to these cables and addresses; gives the milliseconds until the next pass is due. */
  pass(cables: readonly Cable[], addresses: readonly Ip[]): Promise<number>
  /** The daemon has news of these cables, or of any. */
  tell(names?: readonly string[]): void
  /** Takes everything away. */
  clear(): Promise<void>
}

interface Known {
  readonly cable: Cable
  readonly connection: Connection
}
interface Carry {
  readonly world: CarryWorld
  readonly fresh: Fresh
  /** By cable name, as of the last look at each. */
  known: ReadonlyMap<string, Known>
  owned: string
  isCarrying: boolean
  /** Whether everything is to be put right, whatever the time: at the start, after a failure, after news of no cable in particular. */
  isAllDue: boolean
  told: Set<string>
  /** When everything was put right, and when it is to be looked at again. */
  allAtMs: number
  dueAtMs: number
}

export function openCarrying(world: CarryWorld): Carrying {
  const state: Carry = { world, fresh: openFresh(world.clock), ...NOTHING, told: new Set() }
  let connections: readonly Connection[] = []
  return {
    get connections() {
      return connections
    },
    get isCarrying() {
      return state.isCarrying
    },
    async pass(cables, addresses) {
      try {
        const nextMs = await pass(state, cables, addresses)
        connections = cables.flatMap(({ remote }) => state.known.get(remote.cable_name)?.connection ?? [])
        return nextMs
      } catch (error) {
        state.isAllDue = true
        throw error
      }
    },
    tell(names) {
      if (names === undefined) state.isAllDue = true
      for (const name of names ?? []) state.told.add(name)
    },
    async clear() {
      world.say(await world.driver.reconcile([]))
      world.say(await world.owned.reconcile([]))
      connections = []
      Object.assign(state, NOTHING)
    },
  }
}

const NOTHING = { known: new Map<string, Known>(), owned: '', isCarrying: false, isAllDue: true, allAtMs: 0, dueAtMs: 0 } as const

async function pass(state: Carry, cables: readonly Cable[], addresses: readonly Ip[]): Promise<number> {
  const { clock } = state.world
  const changed = changedIn(state.known, cables)
  const names = new Set([...changed, ...state.told, ...state.fresh.due()])
  const isDue = state.isAllDue || state.known.size === 0 || addresses.join() !== state.owned || names.size > MOST_NAMES
  state.told = new Set()
  state.isAllDue = false
  state.isCarrying = true
  if (isDue || clock.now() >= state.dueAtMs) await passAll(state, cables, { addresses, isDue: isDue || changed.size > 0 })
  else if (names.size > 0) await passSome(state, cables, { names, changed })
  const isDown = (name: string): boolean => state.known.get(name)?.connection.status !== 'connected'
  const freshMs = state.fresh.note(changed.size > MOST_NAMES ? [] : changed, (name) => state.known.has(name) && isDown(name))
  return Math.max(0, Math.min(state.dueAtMs - clock.now(), freshMs))
}

/** Names of cables that are others than at the last look, and of those that are gone. */
function changedIn(known: ReadonlyMap<string, Known>, cables: readonly Cable[]): ReadonlySet<string> {
  const gone = new Set(known.keys())
  const changed = new Set<string>()
  for (const cable of cables) {
    const name = cable.remote.cable_name
    gone.delete(name)
    if (known.get(name)?.cable !== cable) changed.add(name)
  }
  return new Set([...changed, ...gone])
}

interface All {
  readonly addresses: readonly Ip[]
  /** Whether it is to be put right as well, where it is not time for that yet and nothing is down. */
  readonly isDue: boolean
}
async function passAll(state: Carry, cables: readonly Cable[], { addresses, isDue }: All): Promise<void> {
  const { clock, driver, owned, say } = state.world
  const now = clock.now()
  const isDown = [...state.known.values()].some(({ connection }) => connection.status !== 'connected')
  if (isDue || isDown || now - state.allAtMs >= RESYNC_MS) {
    say(await owned.reconcile(addresses))
    say(await driver.reconcile(cables))
    Object.assign(state, { owned: addresses.join(), allAtMs: now })
  }
  const connections = cables.length === 0 ? [] : (await driver.connections(cables)).map(withNat)
  state.known = new Map(knownOf(cables, connections))
  const isUp = connections.every(({ status }) => status === 'connected')
  const tookMs = clock.now() - now
  state.dueAtMs = clock.now() + Math.max(isUp ? ASK_MS.up : ASK_MS.down, Math.min(RESYNC_MS, tookMs * ASK_SHARE))
}

interface Some {
  readonly names: ReadonlySet<string>
  readonly changed: ReadonlySet<string>
}
async function passSome(state: Carry, cables: readonly Cable[], { names, changed }: Some): Promise<void> {
  const { driver, say } = state.world
  const isDown = (name: string): boolean => state.known.get(name)?.connection.status !== 'connected'
  if (changed.size > 0 || [...names].some(isDown)) say(await driver.reconcile(cables, names))
  const mine = cables.filter(({ remote }) => names.has(remote.cable_name))
  const connections = mine.length === 0 ? [] : (await driver.connections(cables, names)).map(withNat)
  const others = [...state.known].filter(([name]) => !names.has(name))
  state.known = new Map([...others, ...knownOf(mine, connections)])
}

const knownOf = (cables: readonly Cable[], connections: readonly Connection[]): readonly (readonly [string, Known])[] =>
  cables.flatMap((cable, i) => {
    const connection = connections[i]
    return connection === undefined ? [] : [[cable.remote.cable_name, { cable, connection }] as const]
  })

/** ESP may go in UDP without a translation: what is said is whether an address was translated. */
const withNat = (connection: Connection): Connection => ({
  ...connection,
  ...(connection.usingIP !== undefined && { usingNAT: connection.usingIP !== connection.endpoint.private_ip }),
})
