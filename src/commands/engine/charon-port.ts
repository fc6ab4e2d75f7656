// The port of the charon beside this engine: what is published and dialled from goes by it, not by settings that charon does not have yet.
import { type Loop, runLoop } from '../../system/loop.ts'
import { type Self, wantedPort } from './self.ts'
import type { EngineState } from './state.ts'

/** A small file that is read: for a standby, which asks nothing of its charon, this is how soon it knows. */
const LOOK_MS = 1_000

/** Calls back when the daemon has another port than this gateway goes by. */
export function runCharonPort(engine: EngineState, changed: () => void): Loop {
  const { world, stop } = engine
  const { clock, log } = world
  const pass = async (): Promise<void> => {
    if (engine.self !== undefined && (await world.charonPort()) !== engine.self.charonPort) changed()
  }
  return runLoop(pass, { name: 'charon-port', clock, log, signal: stop, resyncMs: LOOK_MS, backoff: { firstMs: LOOK_MS, mostMs: LOOK_MS } })
}

/** Says once that charon's port is not that of the settings, and once that it is again. */
export function sayPort({ self, world: { log } }: EngineState, now: Self): void {
  const [before, wanted] = [self && wantedPort(self), wantedPort(now)]
  if (wanted !== undefined && (wanted !== before || now.charonPort !== self?.charonPort))
    log.warn('charon still has another port than the settings say: this gateway goes on with that until charon is replaced', {
      port: now.charonPort,
      wanted,
    })
  if (wanted === undefined && before !== undefined) log.info('charon has the port of the settings', { port: now.settings.nattPort })
}
