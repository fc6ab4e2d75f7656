// charon's keeper: one charon a network namespace, started, watched, started again, ended in order.
import { messageOf, UserError } from '../../../model/errors.ts'
import type { StartChild } from '../../../system/child.ts'
import type { Clock } from '../../../system/clock.ts'
import type { Exec } from '../../../system/exec.ts'
import type { Files } from '../../../system/files.ts'
import type { Log } from '../../../system/log.ts'
import type { OpenLocalSocket } from '../../../system/unix-socket.ts'
import { connectVici } from '../vici/vici.ts'
import { charonConf, type EspMode } from './charon-conf.ts'
import { forgetPids, type RunningCharon, readPids, rememberPids, runningCharon, startedCharon } from './charon-process.ts'
import { charonStatePath, writeCharonState } from './charon-state.ts'
import { sweepLeftovers, sweepRouting } from './leftovers.ts'
import { retireOrphans, spisOf } from './orphans.ts'

export interface KeeperOptions {
  readonly runDir: string
  readonly program: string
  readonly esp: EspMode
  readonly nattPort: number
  readonly debug: number
  readonly acquireSeconds: number
  readonly files: Files
  readonly exec: Exec
  readonly clock: Clock
  readonly log: Log
  readonly startChild: StartChild
  readonly openSocket: OpenLocalSocket
  /** When charon last answered. */
  readonly answeredAt: () => number
  /** Ends charon in order. */
  readonly signal: AbortSignal
}

export const viciPathOf = (runDir: string): string => `${runDir}/charon.vici`

const START_MS = 60_000
const END_MS = 5_000
/**
 * A charon that answers nobody for so long is started again. Its peers have given up on it by then (DPD after 10 s, given up after 16 s more), so that with
 * either ESP no tunnel is left that a restart could harm; with the kernel's, what SAs there are carry packets on meanwhile.
 */
const HUNG_MS = 30_000
const HUNG_LOOK_MS = 1_000
const BACKOFF = { firstMs: 200, mostMs: 10_000 }
/** A charon that ran this long was well: the next delay is the first one again. */
const WELL_MS = 60_000

/** Keeps charon running until the signal. Rejects with UserError where another keeper runs here. */
export async function keepCharon(options: KeeperOptions): Promise<void> {
  const { clock, log, signal } = options
  await refuseSecond(options)
  let failures = 0
  let charon = await adopted(options)
  while (!signal.aborted) {
    const since = clock.now()
    try {
      charon ??= await start(options)
      const how = await attend(options, charon)
      if (signal.aborted) break
      log.warn('charon has ended', { how })
    } catch (error) {
      log.error('charon did not start', error)
    }
    if (charon !== undefined) await stop(options, charon)
    charon = undefined
    failures = clock.now() - since > WELL_MS ? 1 : failures + 1
    await clock.sleep(Math.min(BACKOFF.firstMs * 2 ** (failures - 1), BACKOFF.mostMs), signal)
  }
  if (charon !== undefined) await stop(options, charon)
  await removeAll(options)
  log.info('charon is down')
}

/** Until charon ends, hangs, or the signal; says how. */
async function attend(options: KeeperOptions, charon: RunningCharon): Promise<string> {
  const { esp, runDir, openSocket, signal } = options
  const over = new AbortController()
  const knownSpis = (): Promise<ReadonlySet<number>> => spisOf(viciPathOf(runDir), openSocket)
  const until = AbortSignal.any([signal, over.signal])
  const tidying = esp === 'kernel' ? retireOrphans({ ...options, knownSpis, signal: until }) : Promise.resolve()
  const how = await Promise.race([charon.ended, hanging(options, until), aborted(signal).then(() => 'asked to')])
  over.abort()
  await tidying
  return how
}

/** Settles when charon has not answered for HUNG_MS; never after the signal. */
async function hanging({ clock, answeredAt }: KeeperOptions, signal: AbortSignal): Promise<string> {
  const since = clock.now()
  while (!signal.aborted && clock.now() - Math.max(since, answeredAt()) < HUNG_MS) await clock.sleep(HUNG_LOOK_MS, signal)
  return signal.aborted ? new Promise(() => undefined) : `no answer for ${HUNG_MS / 1000} s`
}

async function refuseSecond({ files, runDir }: KeeperOptions): Promise<void> {
  const { keeper } = await readPids(files, runDir)
  if (keeper !== undefined)
    throw new UserError('SUB0504', `another subctl charon (process ${keeper.pid}) keeps the charon of ${runDir}`, {
      hint: 'One a network namespace is enough; end the other one, or give --run-dir.',
    })
}

/** What a killed keeper left running: taken over where it is as it should be, so that no packet is lost; else ended. */
async function adopted(options: KeeperOptions): Promise<RunningCharon | undefined> {
  const { files, runDir, log } = options
  const { charon: id } = await readPids(files, runDir)
  if (id === undefined) return undefined
  const charon = runningCharon(id, options)
  const isSame = (await files.readIfThere(confPath(options))) === confOf(options)
  // On a node that has too much to do a living one answers late, and to end it would lose packets.
  if (isSame && (await isUp(options, charon, HUNG_MS))) {
    await tellEngine(options)
    await rememberPids(files, runDir, charon)
    log.info('charon runs already and is kept', { pid: charon.pid })
    return charon
  }
  log.info(isSame ? 'a charon that does not answer is ended' : 'a charon with other settings is ended', { pid: charon.pid })
  await stop(options, charon)
  return undefined
}

async function start(options: KeeperOptions): Promise<RunningCharon> {
  const { files, runDir, program, esp, nattPort, log } = options
  await files.makePrivate(runDir)
  // The kernel's SAs carry packets until they are made anew (orphans.ts).
  await sweep(options, esp === 'kernel' ? sweepRouting : sweepLeftovers)
  await files.remove(viciPathOf(runDir))
  await refusePort(options)
  await files.write(confPath(options), confOf(options), 0o600)
  await tellEngine(options)
  const child = await options.startChild([program], { STRONGSWAN_CONF: confPath(options) })
  const charon = await startedCharon(child, files)
  await rememberPids(files, runDir, charon)
  if (!(await isUp(options, charon))) {
    await stop(options, charon)
    throw new UserError('SUB0502', `charon has not come up: ${await charon.ended}`)
  }
  log.info('charon is up', { pid: charon.pid, esp, port: nattPort })
  return charon
}

/** A charon of another port is down by now, so that the engine may go by this one at once. */
const tellEngine = ({ files, runDir, nattPort }: KeeperOptions): Promise<void> =>
  files.write(charonStatePath(runDir), writeCharonState({ port: nattPort }), 0o600)

async function isUp(options: KeeperOptions, charon: RunningCharon, mostMs = START_MS): Promise<boolean> {
  const until = options.clock.now() + mostMs
  let ended = false
  void charon.ended.then(() => {
    ended = true
  })
  while (!ended && !options.signal.aborted && options.clock.now() < until) {
    if (await answers(options)) return true
    await options.clock.sleep(20, options.signal)
  }
  return false
}

async function answers({ runDir, openSocket }: KeeperOptions): Promise<boolean> {
  try {
    using vici = await connectVici({ path: viciPathOf(runDir), openSocket, timeoutMs: 3_000 })
    await vici.request('version')
    return true
  } catch {
    return false
  }
}

/** charon goes on without a socket that it cannot have; so it is looked at before. */
async function refusePort({ files, nattPort }: KeeperOptions): Promise<void> {
  const hex = nattPort.toString(16).toUpperCase().padStart(4, '0')
  for (const path of ['/proc/net/udp', '/proc/net/udp6'])
    if (new RegExp(`^\\s*\\d+: [0-9A-F]+:${hex} `, 'm').test((await files.readIfThere(path)) ?? ''))
      throw new UserError('SUB0503', `UDP port ${nattPort} is in use by another program`, {
        hint: `End what uses it (ss -ulpn 'sport = :${nattPort}'), or give --natt-port.`,
      })
}

/** Ends charon, by force where it does not go by itself. */
async function stop({ clock, log }: KeeperOptions, charon: RunningCharon): Promise<void> {
  charon.signal('SIGTERM')
  const waited = new AbortController()
  const isDown = await Promise.race([charon.ended.then(() => true), clock.sleep(END_MS, waited.signal).then(() => false)])
  waited.abort()
  if (isDown) return
  log.warn('charon does not end and is killed', { pid: charon.pid })
  charon.signal('SIGKILL')
  await charon.ended
}

async function sweep({ exec, log }: KeeperOptions, what = sweepLeftovers): Promise<void> {
  for (const line of await what(exec)) log.info(line)
}

async function removeAll(options: KeeperOptions): Promise<void> {
  const { files, runDir, log } = options
  await sweep(options).catch((error: unknown) => log.warn('what charon left could not be removed', { error: messageOf(error) }))
  for (const path of [viciPathOf(runDir), confPath(options), charonStatePath(runDir)]) await files.remove(path)
  await forgetPids(files, runDir)
}

const confPath = ({ runDir }: KeeperOptions): string => `${runDir}/strongswan.conf`
const confOf = ({ esp, nattPort, runDir, debug, acquireSeconds }: KeeperOptions): string =>
  charonConf({ esp, nattPort, viciPath: viciPathOf(runDir), debug, acquireSeconds })

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
