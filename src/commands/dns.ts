// `subctl dns`: the DNS server of one cluster for the services of all.
import { followCluster } from '../discovery/dns/follow.ts'
import { openIndex } from '../discovery/dns/index.ts'
import { openResponder, type Responder } from '../discovery/dns/responder.ts'
import { type DnsServer, openDnsServer } from '../discovery/dns/server.ts'
import { messageOf, UserError } from '../model/errors.ts'
import { selfCommand } from '../system/self.ts'
import { metricsListen, serveHealth } from './agent/health.ts'
import { kubeOptions } from './agent/settings.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { healthOf } from './dns/health.ts'
import { type DnsSettings, dnsSettings } from './dns/settings.ts'
import type { Tally } from './dns/tally.ts'
import { openWorkers, workerFlags } from './dns/workers.ts'

const TALLY_MS = 1_000

export const dns: Run = async (context, given) => {
  const settings = dnsSettings(given)
  const api = await context.kube({ ...kubeOptions(given), isLasting: true })
  const ended = new AbortController()
  const log = context.log.with({ agent: 'dns' })
  const world = { ...context, log, signal: ended.signal }
  try {
    const index = openIndex(settings.brokers)
    const responder = openResponder({
      directory: index,
      settings: settings.answers,
      random: Math.random,
      onFault: (error) => log.error('a question could not be answered', error),
    })
    const server = await listen(responder, settings, world)
    const following = followCluster(index, { ...world, api, namespace: settings.namespace })
    const tally = (): Tally => ({ ...server.counts(), ...index.size, isReady: index.isComplete })
    const running = settings.isWorker ? [tellTally(world, tally)] : [besides(context, world, { given, settings, server, responder, tally })]
    await leaving(context, settings.graceMs)
    ended.abort()
    await Promise.all([following.ended, ...running])
  } finally {
    ended.abort()
  }
  return undefined
}

async function listen(responder: Responder, settings: DnsSettings, { log, clock, signal }: Context): Promise<DnsServer> {
  const { places, mostPerClient, workers, isWorker } = settings
  try {
    const options = { places, mostPerClient, isShared: isWorker || workers > 1, now: clock.now, signal }
    const server = await openDnsServer(responder, options)
    for (const { host, port } of server.places) log.info('answering over UDP and TCP', { host, port })
    return server
  } catch (error) {
    throw new UserError('SUB1001', `The DNS server cannot listen: ${messageOf(error)}`)
  }
}

interface Serving {
  readonly given: Given
  readonly settings: DnsSettings
  readonly server: DnsServer
  readonly responder: Responder
  readonly tally: () => Tally
}

/** What one process of a server does for all: it tells of them, and keeps the others running. Settles when they have ended. */
async function besides(context: Context, world: Context, { given, settings, server, responder, tally }: Serving): Promise<void> {
  const command = [...selfCommand(), 'dns', ...workerFlags(given, server.places)] as const
  const workers = openWorkers({ ...world, command, count: settings.workers - 1 })
  const health = healthOf({ settings, responder, tally, workers, isLeaving: () => context.signal.aborted })
  await Promise.all([serveHealth(metricsListen(given), { ...world, ...health }), workers.ended])
}

async function tellTally({ clock, stdout, signal }: Context, tally: () => Tally): Promise<void> {
  for (; !signal.aborted; await clock.sleep(TALLY_MS, signal)) stdout.write(`${JSON.stringify(tally())}\n`)
}

/** After SIGTERM questions are answered for a while: whoever sends them hears of it later than we do. */
async function leaving({ clock, signal, log }: Context, graceMs: number): Promise<void> {
  if (!signal.aborted) await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }))
  if (graceMs > 0) log.info('ending: questions are answered a while longer', { graceMs })
  await clock.sleep(graceMs)
}
