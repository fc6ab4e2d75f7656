import { keepCharon } from '../dataplane/ipsec/daemon/charon.ts'
import type { EspMode } from '../dataplane/ipsec/daemon/charon-conf.ts'
import { probeEsp, tunMissing } from '../dataplane/ipsec/daemon/esp.ts'
import { UserError } from '../model/errors.ts'
import { startChild } from '../system/child.ts'
import { openLocalSocket } from '../system/unix-socket.ts'
import { metricsListen, serveHealth } from './agent/health.ts'
import { afterEngine } from './agent/presence.ts'
import { watchCharon } from './charon/watch.ts'
import type { Run } from './cli/run.ts'
import { tunnelPort } from './cli/tunnel-port.ts'
import type { Context } from './context.ts'

/** charon-systemd runs without systemd and writes no pid file of its own; so it is taken first. */
const PROGRAMS = [
  ['/usr/sbin', 'charon-systemd'],
  ['/usr/lib/ipsec', 'charon'],
  ['/usr/libexec/ipsec', 'charon'],
] as const

const ACQUIRE = '/proc/sys/net/core/xfrm_acq_expires'

/** `subctl charon`: keeps charon running on a gateway node until SIGTERM. */
export const charon: Run = async (context, given) => {
  const { files, exec, clock } = context
  const log = context.log.with({ agent: 'charon' })
  const runDir = given.need('run-dir')
  const signal = afterEngine({ ...context, log, runDir }, given.duration('grace'))
  const ended = new AbortController()
  const watched = watchCharon({ runDir, clock, log, openSocket: openLocalSocket, signal: ended.signal })
  void serveHealth(metricsListen(given), { ...watched, clock, log, signal: ended.signal, metrics: () => [] })
  const { esp, why } = await chosenEsp(context, given.need('esp'))
  log.info(`ESP: ${esp}`, { why })
  const keeping = keepCharon({
    runDir,
    program: await programOf(context),
    esp,
    nattPort: tunnelPort(given),
    debug: given.number('debug', 0, 4),
    acquireSeconds: Number((await files.readIfThere(ACQUIRE)) ?? 30),
    files,
    exec,
    clock,
    log,
    startChild,
    openSocket: openLocalSocket,
    answeredAt: watched.answeredAt,
    signal,
  })
  try {
    await keeping
  } finally {
    ended.abort()
    await watched.ended
  }
  return undefined
}

interface ChosenEsp {
  readonly esp: EspMode
  readonly why: string
}

async function chosenEsp({ exec }: Context, wish: string): Promise<ChosenEsp> {
  if (wish === 'userspace') return withTun(exec, { esp: 'userspace', why: '--esp userspace' })
  const found = await probeEsp(exec)
  if (wish === 'kernel' && found.esp !== 'kernel')
    throw new UserError('SUB0505', `--esp kernel, but ${found.why}`, {
      hint: 'Load the modules (esp4, xfrm_interface), or use --esp auto.',
    })
  return found.esp === 'kernel' ? found : await withTun(exec, found)
}

/** charon would start without its TUN device, and carry nothing. */
async function withTun(exec: Context['exec'], found: ChosenEsp): Promise<ChosenEsp> {
  const missing = await tunMissing(exec)
  if (missing !== undefined)
    throw new UserError('SUB0508', `No ESP on this node: ${found.why}; and no TUN device for ESP in charon: ${missing}`)
  return found
}

async function programOf({ files }: Context): Promise<string> {
  for (const [folder, name] of PROGRAMS) if ((await files.list(folder)).includes(name)) return `${folder}/${name}`
  throw new UserError('SUB0506', 'strongSwan’s charon is not on this machine', {
    hint: 'Install charon-systemd (Debian, Ubuntu) or strongswan.',
  })
}
