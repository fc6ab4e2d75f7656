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
import type { SeenSa } from './seen.ts'
import { statusOf, unknown } from './status.ts'
import type { Step } from './step.ts'
import { takeSteps } from './steps.ts'
import { tidySteps } from './tidy.ts'

export interface IpsecOptions {
  /** charon's vici socket. */
  readonly viciPath: string
  readonly exec: Exec
  /** The pre-shared key as it stands in its file: the base64 text itself is IKE's secret. Read again at each pass. */
  readonly psk: () => Promise<string>
  readonly clock: Clock
  readonly log: Log
  readonly openSocket?: OpenLocalSocket
  /** Called when a tunnel came up or went down: connections() may say something else now. */
  readonly onChange?: () => void
}
export interface IpsecDriver extends CableDriver, Disposable {
  /** The device that tunnels end in: `ipsec0` (kernel-libipsec) or `subm-ipsec` (kernel ESP). Rejects while charon does not answer. */
  interfaceName(): Promise<string>
}

/** Events of one change come close together; they make one look. */
const GATHER_MS = 10
const SETTLE_MS = 30

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
  const state: { wanted: readonly WantedConnection[]; isLooking: boolean; turn: Promise<unknown> } = {
    wanted: [],
    isLooking: false,
    turn: Promise.resolve(),
  }
  /** One at a time: a look caused by an event never runs into a pass. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = state.turn.then(work)
    state.turn = turn.catch(() => undefined)
    return turn
  }
  const link = openLink({
    path: options.viciPath,
    openSocket: options.openSocket ?? openLocalSocket,
    onChange: () => void look(),
    onClose: () => options.onChange?.(),
    onLog(name, line) {
      const connection = state.wanted.find((wanted) => wanted.name === name)
      const reason = connection && reasonOf(line, connection.cable)
      if (reason !== undefined) reasons.set(name, reason)
    },
  })
  /** As soon as an SA comes up: ends surplus ones, so that no packet goes where nobody is any more, and has the other children made. */
  const look = async (): Promise<void> => {
    if (state.isLooking) return
    state.isLooking = true
    await clock.sleep(GATHER_MS, end.signal)
    state.isLooking = false
    if (!link.isOpen || end.signal.aborted) return
    await inTurn(async () => {
      const sas = Map.groupBy(await link.sas(), ({ name }) => name)
      const steps = state.wanted.flatMap((connection) => tidySteps(connection, sas.get(connection.name) ?? []))
      for (const line of await take(steps, await link.esp())) log.info(line)
      for (const line of await initiating.goOn(link, state.wanted, await link.sas())) log.info(line)
    }).catch((error: unknown) => log.debug('charon could not be asked after a change', { error: messageOf(error) }))
    options.onChange?.()
    if (patience.waitsMs !== undefined) await clock.sleep(patience.waitsMs, end.signal).then(look)
  }
  const take = (steps: readonly Step[], esp: EspMode): Promise<readonly string[]> =>
    takeSteps({ link, clock, esp, onRefusal: (name, why) => reasons.set(name, why) }, patience.due(steps))
  const pass = async (cables: readonly Cable[]): Promise<readonly string[]> => {
    const esp = await link.esp()
    const wanted = wantedConnections(cables, esp)
    state.wanted = wanted
    for (const name of reasons.keys()) if (!wanted.some((connection) => connection.name === name)) reasons.delete(name)
    const device = esp === 'kernel' && cables.length > 0 ? await putDevice(exec) : []
    await link.hear(cables.length > 0)
    const keys = await secrets.reconcile(link, wanted, cables.length > 0 ? await options.psk() : '')
    if (keys.isOther) initiating.hurry()
    const [connections, sas] = [await link.connections(), await link.sas()]
    const steps = await take(planSteps({ connections, sas }, wanted), esp)
    const now = steps.length === 0 ? sas : await link.sas()
    return [...device, ...keys.lines, ...steps, ...(await initiating.start(link, wanted, now))]
  }
  /** The SAs; seen again shortly after where one is just being replaced, which is no outage. */
  const settledSas = async (wanted: readonly WantedConnection[], tries = 3): Promise<readonly SeenSa[]> => {
    const sas = await link.sas()
    const isMoving = wanted.some((connection) => {
      const { up, isMoving } = progressOf(connection, sas)
      return isMoving && up.size < connection.children.length
    })
    if (!isMoving || tries === 0) return sas
    await clock.sleep(SETTLE_MS)
    return await settledSas(wanted, tries - 1)
  }
  const statuses = async (cables: readonly Cable[]): Promise<readonly Connection[]> => {
    const all = wantedConnections(cables, await link.esp())
    const wanted = Map.groupBy(all, ({ cable }) => cable)
    const sas = await settledSas(all)
    const found = cables.map((cable) => statusOf(cable, wanted.get(cable) ?? [], sas, reasons))
    for (const [i, cable] of cables.entries())
      if (found[i]?.status === 'connected') for (const { name } of wanted.get(cable) ?? []) reasons.delete(name)
    await link.hear(found.some(({ status }) => status !== 'connected'))
    return found
  }
  return {
    reconcile: (cables) => inTurn(() => pass(cables)),
    connections: (cables) =>
      inTurn(() => statuses(cables).catch((error: unknown) => cables.map((cable) => unknown(cable, messageOf(error))))),
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
