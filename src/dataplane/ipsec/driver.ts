import { messageOf } from '../../model/errors.ts'
import type { Connection } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { Exec } from '../../system/exec.ts'
import type { Log } from '../../system/log.ts'
import { type OpenLocalSocket, openLocalSocket } from '../../system/unix-socket.ts'
import type { Cable, CableDriver } from '../cable.ts'
import { type WantedConnection, wantedConnections } from './connection.ts'
import type { EspMode } from './daemon/charon-conf.ts'
import { deviceOf, dropDevice, putDevice } from './daemon/device.ts'
import { type Initiating, openInitiating } from './initiate.ts'
import { openPatience, type Patience } from './patience.ts'
import { planSteps } from './plan.ts'
import { reasonOf } from './reasons.ts'
import { openSecrets, type Secrets } from './secrets.ts'
import { unknown } from './status.ts'
import { readStatuses } from './statuses.ts'
import type { Step } from './step.ts'
import { takeSteps } from './steps.ts'
import { tidySteps } from './tidy.ts'
import { type CharonLink, openLink } from './vici/link.ts'
import { byName } from './vici/seen.ts'
import { openTold, type Told } from './vici/told.ts'

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

interface Driver {
  readonly options: IpsecOptions
  readonly link: CharonLink
  readonly initiating: Initiating
  readonly patience: Patience
  readonly secrets: Secrets
  readonly told: Told
  /** Why connections are not up, by their names. */
  readonly reasons: Map<string, string>
  readonly state: State
}
interface State {
  wanted: readonly WantedConnection[]
  /** The same by name. */
  named: ReadonlyMap<string, WantedConnection>
}

/**
 * Cables carried by charon. Every pass reads what charon has; connections are known by mark, SAs by name and reqids, foreign ones are left alone.
 * The gateway must own an address in each local network before. Rejects with UserError SUB0501 while charon does not answer.
 */
export function openIpsecDriver(options: IpsecOptions): IpsecDriver {
  const { exec, clock, log } = options
  const end = new AbortController()
  const inTurn = openTurns()
  const told = openTold(clock, end.signal, (names) => void lookInTurn(names))
  const driver = openDriver(options, told)
  const { link, reasons } = driver
  const lookInTurn = async (names: ReadonlySet<string>): Promise<void> => {
    if (!link.isOpen) return
    await inTurn(() => look(driver, names)).catch((error: unknown) =>
      log.debug('charon could not be asked after a change', { error: messageOf(error) }),
    )
    const mine = named(driver, names)
    options.onChange?.(mine.length === names.size ? mine.map(({ cable }) => cable.remote.cable_name) : undefined)
    if (driver.patience.waitsMs !== undefined) told.later(names, driver.patience.waitsMs)
  }
  return {
    reconcile: (cables, names) => inTurn(() => pass(driver, cables, names)),
    async connections(cables, names) {
      const mine = names === undefined ? cables : cables.filter(({ remote }) => names.has(remote.cable_name))
      const nobody = (error: unknown): readonly Connection[] => mine.map((cable) => unknown(cable, messageOf(error)))
      return await inTurn(() => readStatuses({ link, clock, reasons }, mine, { isAll: names === undefined }).catch(nobody))
    },
    async cleanUp() {
      await inTurn(() => pass(driver, []))
      await dropDevice(exec)
    },
    interfaceName: async () => deviceOf(await link.esp()),
    [Symbol.dispose]() {
      end.abort()
      link[Symbol.dispose]()
    },
  }
}

function openDriver(options: IpsecOptions, told: Told): Driver {
  const { clock } = options
  const reasons = new Map<string, string>()
  const state: State = { wanted: [], named: new Map() }
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
  return { options, link, initiating: openInitiating(clock), patience: openPatience(clock), secrets: openSecrets(), told, reasons, state }
}

/** One at a time: a look caused by an event never runs into a pass. */
function openTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

const take = ({ link, options: { clock }, reasons }: Driver, steps: readonly Step[], esp: EspMode): Promise<readonly string[]> =>
  takeSteps({ link, clock, esp, onRefusal: (name, why) => reasons.set(name, why) }, steps)

const named = ({ state }: Driver, names: ReadonlySet<string>): readonly WantedConnection[] =>
  [...names].flatMap((name) => state.named.get(name) ?? [])

/** As soon as an SA comes up: ends surplus ones, so that no packet goes where nobody is any more, and has the other children made. */
async function look(driver: Driver, names: ReadonlySet<string>): Promise<void> {
  const { link, initiating, patience } = driver
  const { log } = driver.options
  const sas = byName(await link.sas(names))
  const mine = named(driver, names)
  const steps = mine.flatMap((connection) => tidySteps(connection, sas.get(connection.name) ?? []))
  for (const line of await take(driver, patience.due(steps, names), await link.esp())) log.info(line)
  for (const line of await initiating.goOn(link, mine, steps.length === 0 ? sas : byName(await link.sas(names)))) log.info(line)
}

async function pass(driver: Driver, cables: readonly Cable[], only?: ReadonlySet<string>): Promise<readonly string[]> {
  const { link, initiating, patience, secrets } = driver
  const { exec, psk } = driver.options
  const esp = await link.esp()
  const names = want(driver, wantedConnections(cables, esp), only)
  const mine = names === undefined ? driver.state.wanted : driver.state.wanted.filter(({ name }) => names.has(name))
  const device = esp === 'kernel' && cables.length > 0 && names === undefined ? await putDevice(exec) : []
  await link.hear(cables.length > 0)
  const keys = await secrets.reconcile(link, mine, cables.length > 0 ? await psk() : '', names)
  if (keys.isOther) initiating.hurry()
  const [connections, sas] = [await link.connections(names), await link.sas(names)]
  const steps = await take(driver, patience.due(planSteps({ connections, sas }, mine), names), esp)
  const now = byName(steps.length === 0 ? sas : await link.sas(names))
  return [...device, ...keys.lines, ...steps, ...(await initiating.start(link, mine, now))]
}

/** Takes up what is wanted from now on; gives the names of the connections that the pass is about, undefined for all. */
function want({ state, reasons, initiating }: Driver, wanted: readonly WantedConnection[], only?: ReadonlySet<string>) {
  const names = only && namesOf(only, [...state.wanted, ...wanted])
  state.wanted = wanted
  state.named = new Map(wanted.map((connection) => [connection.name, connection]))
  for (const name of reasons.keys()) if (!state.named.has(name)) reasons.delete(name)
  initiating.keep(wanted)
  return names
}

/** Names of the connections to these gateways, as charon has or shall have them. */
const namesOf = (cables: ReadonlySet<string>, connections: readonly WantedConnection[]): ReadonlySet<string> =>
  new Set([...cables, ...connections.filter(({ cable }) => cables.has(cable.remote.cable_name)).map(({ name }) => name)])
