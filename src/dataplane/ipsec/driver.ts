import { messageOf } from '../../model/errors.ts'
import type { Connection } from '../../model/resources.ts'
import type { Clock } from '../../system/clock.ts'
import type { Exec } from '../../system/exec.ts'
import type { Log } from '../../system/log.ts'
import { type OpenLocalSocket, openLocalSocket } from '../../system/unix-socket.ts'
import type { Cable, CableDriver } from '../cable.ts'
import { openAttempts } from './attempts.ts'
import type { EspMode } from './charon-conf.ts'
import { connectionMessage, type WantedConnection, wantedConnections } from './connection.ts'
import { deviceOf, dropDevice, putDevice } from './device.ts'
import { type CharonLink, openLink } from './link.ts'
import { planSteps, progressOf, type Step, surplusSas } from './plan.ts'
import { reasonOf } from './reasons.ts'
import { openSecrets } from './secrets.ts'
import type { SeenSa } from './seen.ts'
import { ViciError } from './vici.ts'

export interface IpsecOptions {
  /** charon's vici socket. */
  readonly viciPath: string
  readonly exec: Exec
  /** The pre-shared key as it stands in its file: the base64 text itself is IKE's secret. Read again at each pass. */
  readonly psk: () => Promise<string>
  readonly clock: Clock
  readonly log: Log
  readonly openSocket?: OpenLocalSocket
}
export interface IpsecDriver extends CableDriver, Disposable {
  /** The device that tunnels end in: `ipsec0` (kernel-libipsec) or `subm-ipsec` (kernel ESP). Rejects while charon does not answer. */
  interfaceName(): Promise<string>
}

/** Events of one change come close together; they make one look. */
const GATHER_MS = 50

/**
 * Cables carried by charon. Every pass reads what charon has; connections are known by mark, SAs by name and reqids, foreign ones are left alone.
 * The gateway must own an address in each local network before.
 */
export function openIpsecDriver(options: IpsecOptions): IpsecDriver {
  const { exec, clock, log } = options
  const attempts = openAttempts()
  const secrets = openSecrets()
  const reasons = new Map<string, string>()
  const state: { cables: readonly Cable[]; esp?: EspMode; isLooking: boolean; turn: Promise<unknown> } = {
    cables: [],
    isLooking: false,
    turn: Promise.resolve(),
  }
  /** One at a time: a look caused by an event never runs into a pass. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = state.turn.then(work, work)
    state.turn = turn.catch(() => undefined)
    return turn
  }
  const link = openLink({
    path: options.viciPath,
    openSocket: options.openSocket ?? openLocalSocket,
    onChange: () => void look(),
    onLog(name, line) {
      const cable = state.cables.find(({ remote }) => remote.cable_name === name)
      const reason = cable === undefined ? undefined : reasonOf(line, cable)
      if (reason !== undefined) reasons.set(name, reason)
    },
  })
  /** Ends surplus SAs as soon as they appear: packets must not go into one whose other end is gone. */
  const look = async (): Promise<void> => {
    if (state.isLooking) return
    state.isLooking = true
    await clock.sleep(GATHER_MS)
    state.isLooking = false
    await inTurn(async () => {
      const sas = await link.sas()
      for (const connection of wantedConnections(state.cables, await espOf(link)))
        for (const sa of surplusSas(connection, ownedBy(connection, sas))) log.info(await endSa(link, sa.id, `${sa.name}: surplus`))
    }).catch((error: unknown) => log.debug('charon could not be asked after a change', { error: messageOf(error) }))
  }

  const pass = async (cables: readonly Cable[]): Promise<readonly string[]> => {
    state.cables = cables
    const esp = await espOf(link)
    const lines = [...(esp === 'kernel' && cables.length > 0 ? await putDevice(exec) : [])]
    await link.hear(cables.length > 0)
    const changed = await secrets.reconcile(link, cables, cables.length > 0 ? await options.psk() : '')
    if (changed.some((line) => line.endsWith('changed'))) attempts.clearAll()
    const wanted = wantedConnections(cables, esp)
    const steps = planSteps({ connections: await link.connections(), sas: await link.sas() }, wanted)
    lines.push(...changed)
    for (const step of steps) lines.push(await take(link, step, esp))
    lines.push(...(await initiate(wanted, await link.sas())))
    attempts.keep(cables)
    return lines
  }
  const initiate = async (wanted: readonly WantedConnection[], sas: readonly SeenSa[]): Promise<string[]> => {
    const lines: string[] = []
    for (const connection of wanted) {
      const { cable, name, children } = connection
      const { up, missing } = progressOf(connection, sas)
      if (up.size === children.length) attempts.clear(cable)
      if (missing.length === 0 || !attempts.isDue(cable, clock.now())) continue
      attempts.tried(cable, clock.now())
      for (const child of missing) await link.request('initiate', { ike: name, child, timeout: '-1' })
      lines.push(`${name}: ${missing.length} of ${children.length} pairs of networks initiated`)
    }
    return lines
  }
  const connectionOf = (connection: WantedConnection, sas: readonly SeenSa[]): Connection => {
    const { cable, name, children } = connection
    const { up } = progressOf(connection, sas)
    const isUp = up.size === children.length
    if (isUp) reasons.delete(name)
    const reason = reasons.get(name)
    const part = up.size === 0 ? '' : `${up.size} of ${children.length} pairs of networks are up`
    return {
      status: isUp ? 'connected' : reason === undefined ? 'connecting' : 'error',
      statusMessage: isUp ? '' : (reason ?? part),
      endpoint: cable.remote,
      usingIP: cable.address,
      usingNAT: cable.nat,
    }
  }
  return {
    reconcile: (cables) => inTurn(() => pass(cables)),
    connections: (cables) =>
      inTurn(async () => {
        try {
          const [esp, sas] = [await espOf(link), await link.sas()]
          const found = wantedConnections(cables, esp).map((connection) => connectionOf(connection, sas))
          await link.hear(found.some(({ status }) => status !== 'connected'))
          return found
        } catch (error) {
          return cables.map((cable) => unknown(cable, messageOf(error)))
        }
      }),
    async cleanUp() {
      await inTurn(() => pass([]))
      await dropDevice(exec)
    },
    interfaceName: async () => deviceOf(await espOf(link)),
    [Symbol.dispose]: () => link[Symbol.dispose](),
  }
}

const ownedBy = ({ name }: WantedConnection, sas: readonly SeenSa[]): SeenSa[] => sas.filter((sa) => sa.name === name)

const unknown = (cable: Cable, message: string): Connection => ({
  status: 'error',
  statusMessage: message,
  endpoint: cable.remote,
  usingIP: cable.address,
  usingNAT: cable.nat,
})

/** Which ESP charon was started with: it is asked, since it may be another one after a restart. */
const espOf = async (link: CharonLink): Promise<EspMode> => ((await link.plugins()).includes('kernel-libipsec') ? 'userspace' : 'kernel')

async function take(link: CharonLink, step: Step, esp: EspMode): Promise<string> {
  switch (step.what) {
    case 'load':
      await link.request('load-conn', connectionMessage(step.connection, esp))
      return `${step.connection.name}: loaded`
    case 'unload':
      await link.request('unload-conn', { name: step.name })
      return `${step.name}: removed`
    case 'end':
      return await endSa(link, step.id, `${step.name}: ${step.why}`)
    case 'endChild':
      await endIfThere(link, { 'child-id': step.id, timeout: '-1' })
      return `${step.name}: SA ended, ${step.why}`
  }
}

async function endSa(link: CharonLink, id: string, why: string): Promise<string> {
  await endIfThere(link, { 'ike-id': id, force: 'yes', timeout: '-1' })
  return `SA ended, ${why}`
}

/** What has ended in between is as wanted. */
async function endIfThere(link: CharonLink, which: Readonly<Record<string, string>>): Promise<void> {
  await link.request('terminate', which).catch((error: unknown) => {
    if (!(error instanceof ViciError) || !/no matching SAs|failed|not all/.test(error.message)) throw error
  })
}
