import { messageOf } from '../../model/errors.ts'
import type { Connection } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { Exec } from '../../system/exec.ts'
import type { Log } from '../../system/log.ts'
import { type OpenLocalSocket, openLocalSocket } from '../../system/unix-socket.ts'
import type { Cable, CableDriver } from '../cable.ts'
import { openAttempts } from './attempts.ts'
import { type WantedConnection, wantedConnections } from './connection.ts'
import { deviceOf, dropDevice, putDevice } from './device.ts'
import { openInitiating, YIELD_MS } from './initiate.ts'
import { openLink } from './link.ts'
import { planSteps, progressOf, type Step, surplusSas } from './plan.ts'
import { reasonOf } from './reasons.ts'
import { openSecrets } from './secrets.ts'
import type { SeenSa } from './seen.ts'
import { statusOf, unknown } from './status.ts'
import { endSas, takeSteps } from './steps.ts'

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
const MOST_MERGES = 3

/**
 * Cables carried by charon. Every pass reads what charon has; connections are known by mark, SAs by name and reqids, foreign ones are left alone.
 * The gateway must own an address in each local network before. Rejects with UserError SUB0501 while charon does not answer.
 */
export function openIpsecDriver(options: IpsecOptions): IpsecDriver {
  const { exec, clock, log } = options
  const initiating = openInitiating(clock)
  const ending = openAttempts()
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
    await clock.sleep(GATHER_MS)
    state.isLooking = false
    if (!link.isOpen) return
    await inTurn(async () => {
      const sas = await link.sas()
      const surplus = state.wanted.flatMap((connection) => surplusSas(connection, ownedBy(connection, sas)))
      for (const line of await endSas(
        { link, clock },
        surplus.map(({ id, name }) => ({ id, name, why: 'surplus' })),
      ))
        log.info(line)
      for (const line of await initiating.goOn(link, state.wanted, await link.sas())) log.info(line)
    }).catch((error: unknown) => log.debug('charon could not be asked after a change', { error: messageOf(error) }))
    options.onChange?.()
  }
  /** The side that made an SA ends children of it; the other does only where the first does not. A peer that wants several SAs gets them in the end. */
  const isDue = (step: Step): boolean => {
    if (step.what === 'end' && step.isMerge === true) {
      const isDueNow = ending.tries(step.name, '') < MOST_MERGES && ending.isDue(step.name, '', clock.now())
      if (isDueNow) ending.tried(step.name, '', clock.now())
      return isDueNow
    }
    if (step.what !== 'endChild' || step.isLeading) return true
    ending.yield(step.id, '', clock.now(), YIELD_MS)
    return ending.isDue(step.id, '', clock.now())
  }
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
    ending.keep(new Set(sas.flatMap(({ name, children }) => [name, ...children.map(({ id }) => id)])))
    const due = planSteps({ connections, sas }, wanted).filter(isDue)
    const steps = await takeSteps({ link, clock, esp, onRefusal: (name, why) => reasons.set(name, why) }, due)
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
    [Symbol.dispose]: () => link[Symbol.dispose](),
  }
}

const ownedBy = ({ name }: WantedConnection, sas: readonly SeenSa[]): SeenSa[] => sas.filter((sa) => sa.name === name)
