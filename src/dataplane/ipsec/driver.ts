import { messageOf } from '../../model/errors.ts'
import type { Connection } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { Exec } from '../../system/exec.ts'
import type { Log } from '../../system/log.ts'
import { type OpenLocalSocket, openLocalSocket } from '../../system/unix-socket.ts'
import type { Cable, CableDriver } from '../cable.ts'
import type { EspMode } from './charon-conf.ts'
import { type WantedConnection, wantedConnections } from './connection.ts'
import { deviceOf, dropDevice, putDevice } from './device.ts'
import { openInitiating } from './initiate.ts'
import { openLink } from './link.ts'
import { openPatience } from './patience.ts'
import { planSteps } from './plan.ts'
import { progressOf } from './progress.ts'
import { reasonOf } from './reasons.ts'
import { openSecrets } from './secrets.ts'
import { byName, type SasByName } from './seen.ts'
import { statusOf, unknown } from './status.ts'
import type { Step } from './step.ts'
import { takeSteps } from './steps.ts'
import { tidySteps } from './tidy.ts'
import { openTold } from './told.ts'

export interface IpsecOptions {
  /** charon's vici socket. */
  readonly viciPath: string
  readonly exec: Exec
  /** The pre-shared key as it stands in its file: the base64 text itself is IKE's secret. Read again at each pass. */
  readonly psk: () => Promise<string>
  readonly clock: Clock
  readonly log: Log
  readonly openSocket?: OpenLocalSocket
  /** Called when connections() may say something else now: of the cables by these names, or of any where none are given. */
  readonly onChange?: (cables?: readonly string[]) => void
}
export interface IpsecDriver extends CableDriver, Disposable {
  /** The device that tunnels end in: `ipsec0` (kernel-libipsec) or `subm-ipsec` (kernel ESP). Rejects while charon does not answer. */
  interfaceName(): Promise<string>
}

const SETTLE_MS = 30

interface State {
  wanted: readonly WantedConnection[]
  /** The same by name. */
  named: ReadonlyMap<string, WantedConnection>
  turn: Promise<unknown>
}

/**
 * Cables carried by charon. Every pass reads what charon has; connections are known by mark, SAs by name and reqids, foreign ones are left alone.
 * The gateway must own an address in each local network before. Rejects with UserError SUB0501 while charon does not answer.
 */
export function openIpsecDriver(options: IpsecOptions): IpsecDriver {
  const { exec, clock, log } = options
  const end = new AbortController()
  const initiating = openInitiating(clock)
  const patience = openPatience(clock)
  const secrets = openSecrets()
  const reasons = new Map<string, string>()
  const state: State = { wanted: [], named: new Map(), turn: Promise.resolve() }
  /** One at a time: a look caused by an event never runs into a pass. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = state.turn.then(work)
    state.turn = turn.catch(() => undefined)
    return turn
  }
  const told = openTold(clock, end.signal, (names) => void look(names))
  const link = openLink({
    path: options.viciPath,
    openSocket: options.openSocket ?? openLocalSocket,
    onChange: told.add,
    onClose: () => options.onChange?.(),
    onLog(name, line) {
      const connection = state.named.get(name)
      const reason = connection && reasonOf(line, connection.cable)
      if (reason === undefined) return
      // The first one is news; what follows may tell the same in other words, again and again.
      if (!reasons.has(name)) told.add(name)
      reasons.set(name, reason)
    },
  })
  const take = (steps: readonly Step[], esp: EspMode): Promise<readonly string[]> =>
    takeSteps({ link, clock, esp, onRefusal: (name, why) => reasons.set(name, why) }, steps)
  /** As soon as an SA comes up: ends surplus ones, so that no packet goes where nobody is any more, and has the other children made. */
  const look = async (names: ReadonlySet<string>): Promise<void> => {
    if (!link.isOpen) return
    const mine = (): readonly WantedConnection[] => [...names].flatMap((name) => state.named.get(name) ?? [])
    await inTurn(async () => {
      const sas = byName(await link.sas(names))
      const steps = mine().flatMap((connection) => tidySteps(connection, sas.get(connection.name) ?? []))
      for (const line of await take(patience.due(steps, names), await link.esp())) log.info(line)
      for (const line of await initiating.goOn(link, mine(), steps.length === 0 ? sas : byName(await link.sas(names)))) log.info(line)
    }).catch((error: unknown) => log.debug('charon could not be asked after a change', { error: messageOf(error) }))
    const cables = mine().map(({ cable }) => cable.remote.cable_name)
    options.onChange?.(mine().length === names.size ? cables : undefined)
    if (patience.waitsMs !== undefined) told.later(names, patience.waitsMs)
  }
  const pass = async (cables: readonly Cable[], only?: ReadonlySet<string>): Promise<readonly string[]> => {
    const esp = await link.esp()
    const wanted = wantedConnections(cables, esp)
    const names = only && namesOf(only, [...state.wanted, ...wanted])
    state.wanted = wanted
    state.named = new Map(wanted.map((connection) => [connection.name, connection]))
    for (const name of reasons.keys()) if (!state.named.has(name)) reasons.delete(name)
    initiating.keep(wanted)
    const mine = names === undefined ? wanted : wanted.filter(({ name }) => names.has(name))
    const device = esp === 'kernel' && cables.length > 0 && names === undefined ? await putDevice(exec) : []
    await link.hear(cables.length > 0)
    const keys = await secrets.reconcile(link, mine, cables.length > 0 ? await options.psk() : '', names)
    if (keys.isOther) initiating.hurry()
    const [connections, sas] = [await link.connections(names), await link.sas(names)]
    const steps = await take(patience.due(planSteps({ connections, sas }, mine), names), esp)
    const now = byName(steps.length === 0 ? sas : await link.sas(names))
    return [...device, ...keys.lines, ...steps, ...(await initiating.start(link, mine, now))]
  }
  /** The SAs; seen again shortly after where one is just being replaced, which is no outage. */
  const settledSas = async (wanted: readonly WantedConnection[], names?: ReadonlySet<string>, tries = 3): Promise<SasByName> => {
    const sas = byName(await link.sas(names))
    const isMoving = wanted.some((connection) => {
      const { up, isMoving } = progressOf(connection, sas.get(connection.name) ?? [])
      return isMoving && up.size < connection.children.length
    })
    if (!isMoving || tries === 0) return sas
    await clock.sleep(SETTLE_MS)
    return await settledSas(wanted, names, tries - 1)
  }
  const statuses = async (cables: readonly Cable[], isAll: boolean): Promise<readonly Connection[]> => {
    const all = wantedConnections(cables, await link.esp())
    const wanted = Map.groupBy(all, ({ cable }) => cable)
    const sas = await settledSas(all, isAll ? undefined : new Set(all.map(({ name }) => name)))
    const found = cables.map((cable) => statusOf(cable, wanted.get(cable) ?? [], sas, reasons))
    for (const [i, cable] of cables.entries())
      if (found[i]?.status === 'connected') for (const { name } of wanted.get(cable) ?? []) reasons.delete(name)
    const isDown = found.some(({ status }) => status !== 'connected')
    if (isAll || isDown) await link.hear(isDown)
    return found
  }
  return {
    reconcile: (cables, names) => inTurn(() => pass(cables, names)),
    async connections(cables, names) {
      const mine = names === undefined ? cables : cables.filter(({ remote }) => names.has(remote.cable_name))
      const nobody = (error: unknown): readonly Connection[] => mine.map((cable) => unknown(cable, messageOf(error)))
      return await inTurn(() => statuses(mine, names === undefined).catch(nobody))
    },
    async cleanUp() {
      await inTurn(() => pass([]))
      await dropDevice(exec)
    },
    interfaceName: async () => deviceOf(await link.esp()),
    [Symbol.dispose]() {
      end.abort()
      link[Symbol.dispose]()
    },
  }
}

/** Names of the connections to these gateways, as charon has or shall have them. */
const namesOf = (cables: ReadonlySet<string>, connections: readonly WantedConnection[]): ReadonlySet<string> =>
  new Set([...cables, ...connections.filter(({ cable }) => cables.has(cable.remote.cable_name)).map(({ name }) => name)])
