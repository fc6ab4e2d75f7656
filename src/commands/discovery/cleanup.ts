// `subctl discovery --cleanup`: what imports have made in this cluster, and this cluster's exports on the broker, go.
import { planDown } from '../../discovery/down.ts'
import { planUp } from '../../discovery/up.ts'
import { messageOf } from '../../model/errors.ts'
import { IMPORTED } from '../../model/mcs.ts'
import type { DiscoveryWorld } from './world.ts'
import { writeDown, writeUp } from './write.ts'

export type CleanUp = Pick<DiscoveryWorld, 'settings' | 'local' | 'broker' | 'clock' | 'log'>

/** Does all that can be done; says whether that was everything. */
export async function cleanUpDiscovery(world: CleanUp): Promise<boolean> {
  const { log, broker } = world
  const say = (lines: readonly string[]): void => {
    for (const line of lines) log.info(line)
  }
  const steps: readonly (readonly [what: string, act: () => Promise<void>])[] = [
    ['imports in this cluster', () => removeImports(world, say)],
    ...(broker === undefined ? [] : [['exports on the broker', () => removeExports({ ...world, broker }, say)] as const]),
  ]
  let isDone = true
  for (const [what, act] of steps) {
    try {
      await act()
      log.info(`removed: ${what}`)
    } catch (error) {
      isDone = false
      log.warn(`could not be removed: ${what}`, { error: messageOf(error) })
    }
  }
  return isDone
}

type Say = (lines: readonly string[]) => void

async function removeImports({ settings, local, clock }: CleanUp, say: Say): Promise<void> {
  const query = { labels: { [IMPORTED]: '' } }
  const [imports, services, slices] = await Promise.all([
    local.list('ServiceImport', query),
    local.list('Service', query),
    local.list('EndpointSlice', query),
  ])
  const plan = planDown({
    clusterId: settings.clusterId,
    guard: { allowed: settings.allowed, own: settings.namespace },
    services: new Map(),
    pods: new Map(),
    namespaces: new Set(),
    networksOf: () => [],
    isReachable: () => false,
    isLocalFirst: false,
    isFrozen: false,
    there: { imports: imports.items, services: services.items, slices: slices.items },
    nowMs: clock.now(),
  })
  await writeDown(local, plan, say)
}

async function removeExports({ settings, broker }: CleanUp & { readonly broker: NonNullable<CleanUp['broker']> }, say: Say): Promise<void> {
  const { clusterId, brokerNamespace } = settings
  const query = { namespace: brokerNamespace }
  const [imports, slices] = await Promise.all([broker.list('ServiceImport', query), broker.list('EndpointSlice', query)])
  await writeUp(
    broker,
    planUp({ clusterId, brokerNamespace, exports: [], services: new Map(), broker: { imports: imports.items, slices: slices.items } }),
    say,
  )
}
