// An engine from start to end: its loops, its candidacy, and what it does when it is asked to go.

import { whileHolding } from '../../k8s/lease.ts'
import { canonical } from '../../model/canonical.ts'
import { failureOf } from '../../model/gateway-status.ts'
import type { Ip } from '../../model/net.ts'
import { ipOrNone } from '../../model/net.ts'
import { type Loop, runLoop } from '../../system/loop.ts'
import { runCables } from './cables.ts'
import { runCharonPort, sayPort } from './charon-port.ts'
import { openLeading } from './lead.ts'
import { runPools } from './pools.ts'
import { nodeSettings } from './self.ts'
import { type EngineState, leaseOf, openState, published, specOf, storesEnded } from './state.ts'
import { runStatus } from './status.ts'
import { handOver, openSuccessors, removeGateway } from './succession.ts'
import { runSync } from './sync.ts'
import { aborted } from './wait.ts'
import type { EngineWorld } from './world.ts'

const SELF_MS = 15_000
const PUBLIC_IP_MS = 60_000

/** Runs until the world's signal and what comes after it: the succession. */
export async function runEngine(world: EngineWorld): Promise<void> {
  const stop = new AbortController()
  const engine = openState(world, stop.signal)
  const { clock, log, local, settings, signal } = world
  const kicks = { status: (): void => undefined, self: (): void => undefined, port: (): void => undefined }
  // First, since others wait for what it writes.
  const sync = runSync(engine)
  const cables = runCables(engine, () => {
    kicks.status()
    // It may be another one that answers, or does not yet.
    kicks.port()
    // The daemon that says which device tunnels end in may have come to answer.
    if (engine.self?.interfaceName === undefined && !engine.failures.has('cables')) kicks.self()
  })
  const successors = openSuccessors(engine)
  const status = runStatus(engine, { cables, sync, successors })
  const { machine, outside } = runSelf(engine)
  const port = runCharonPort(engine, machine.kick)
  Object.assign(kicks, { status: status.kick, self: machine.kick, port: port.kick })
  const selves = [machine, outside, port, runPools(engine)]
  const leading = openLeading(engine, cables, successors)
  let wasActive = false
  const hadSuccessor = new Promise<boolean>((resolve) => {
    signal.addEventListener('abort', () => {
      wasActive = engine.leading
      resolve(wasActive && successors.hasHealthy())
    })
  })
  await whileHolding(local, leaseOf(engine), leading.work, {
    ...{ clock, log, signal, termMs: settings.leaseTermMs },
    onHold: (atMs) => {
      engine.heldAt = atMs
    },
  })
  const isSucceeded = wasActive && (await handOver(engine, cables, await hadSuccessor))
  stop.abort()
  await Promise.all([cables.ended, sync.ended, status.ended, ...selves.map(({ ended }) => ended), storesEnded(engine)])
  if (isSucceeded || !wasActive) await removeGateway(engine)
}

/** Keeps who this gateway is: from the machine, its Node and its public address. */
function runSelf(engine: EngineState): { readonly machine: Loop; readonly outside: Loop } {
  const { world, stores, stop } = engine
  const { clock, log, settings } = world
  const options = { clock, log, signal: stop, backoff: { firstMs: 500, mostMs: 10_000 } }
  let publicIp: Ip | undefined
  let warned = ''
  let doubts = ''
  const look = async (): Promise<void> => {
    await Promise.race([Promise.all([stores.nodes.ready, stores.endpoints.ready, engine.apiAddresses.ready]), aborted(stop)])
    const node = nodeSettings(stores.nodes.get(world.nodeName))
    if (node.warnings.join() !== warned) for (const warning of node.warnings) log.warn(warning)
    warned = node.warnings.join()
    try {
      const [facts, charonPort, interfaceName = engine.self?.interfaceName] = await Promise.all([
        world.facts(),
        world.charonPort(),
        world.interfaceName(),
      ])
      const self = { settings, hostname: world.hostname, facts, node, publicIp, interfaceName, charonPort }
      engine.failures.delete('self')
      if (canonical(self) === canonical(engine.self)) return
      sayPort(engine, self)
      engine.self = self
      if (publicIp === undefined) publicIp = formerPublicIp(engine)
      engine.self = { ...self, publicIp }
      log.info('this gateway', { address: self.facts.privateIp, cniAddress: self.facts.cniIp ?? '', publicIp: publicIp ?? '' })
      engine.kick()
    } catch (error) {
      engine.failures.set('self', failureOf(error))
      throw error
    }
  }
  const machine = runLoop(look, { ...options, name: 'self', resyncMs: SELF_MS })
  const sourcesNow = (): string => nodeSettings(stores.nodes.get(world.nodeName)).publicIp ?? settings.publicIp
  let sources: string | undefined
  const find = async (): Promise<void> => {
    // Without its Node a gateway would ask others than it was told to, and a take-over would publish the wrong address or none.
    await Promise.race([stores.nodes.ready, aborted(stop)])
    sources = sourcesNow()
    const { ip, problems } = await world.findPublicIp(sources)
    if (problems.join() !== doubts) for (const problem of problems) log.warn(`public address: ${problem}`)
    doubts = problems.join()
    if (ip === undefined || ip === publicIp) return
    publicIp = ip
    machine.kick()
  }
  const outside = runLoop(find, { ...options, name: 'public-ip', resyncMs: PUBLIC_IP_MS })
  engine.loops.add({
    kick: () => {
      // Of all that changes in the API only our own Node's settings matter here.
      if (canonical(nodeSettings(stores.nodes.get(world.nodeName))) !== canonical(engine.self?.node)) machine.kick()
      if (sources !== undefined && sources !== sourcesNow()) outside.kick()
    },
  })
  return { machine, outside }
}

/** What an earlier run of this gateway had found: better than none until the resolvers have answered. */
function formerPublicIp(engine: EngineState): Ip | undefined {
  const spec = specOf(engine)
  const former = published(engine).find((endpoint) => endpoint.spec.cable_name === spec?.cable_name)?.spec.public_ip
  return former === undefined ? undefined : ipOrNone(former)[0]
}
