// `subctl discovery --cleanup`: what imports have made in this cluster, and this cluster's exports on the broker, go.

import { planDown } from '../../discovery/down/plan.ts'
import { planUp } from '../../discovery/up/plan.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { IMPORTED } from '../../model/mcs.ts'
import { type Removal, removeAll } from '../agent/remove-all.ts'
import { openGate } from './gate.ts'
import type { DiscoveryWorld } from './world.ts'
import { type Side, unheard, writeDown, writeUp } from './write.ts'

export type CleanUp = Pick<DiscoveryWorld, 'settings' | 'local' | 'broker' | 'clock' | 'log'>

/** Does all that can be done; says whether that was everything. */
export async function cleanUpDiscovery(world: CleanUp): Promise<boolean> {
  const { log, broker } = world
  const steps: readonly Removal[] = [
    ['imports in this cluster', () => removeImports(world)],
    ...(broker === undefined ? [] : [['exports on the broker', () => removeExports({ ...world, broker })] as const]),
  ]
  return removeAll(steps, log)
}

const AT_ONCE = 16
const sideOf = ({ log }: CleanUp, api: KubeApi): Side => ({ api, gate: openGate(AT_ONCE), say: (line) => log.info(line), expect: unheard })

async function removeImports(world: CleanUp): Promise<void> {
  const { settings, local, clock } = world
  const query = { labels: { [IMPORTED]: '' } }
  const [imports, services, slices] = await Promise.all([
    local.list('ServiceImport', query),
    local.list('Service', query),
    local.list('EndpointSlice', query),
  ])
  const plan = planDown({
    clusterId: settings.clusterId,
    guard: { allowed: settings.allowed, own: settings.namespace, broker: settings.brokerNamespace },
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
  await writeDown(sideOf(world, local), plan)
}

async function removeExports(world: CleanUp & { readonly broker: KubeApi }): Promise<void> {
  const { settings, broker } = world
  const { clusterId, brokerNamespace } = settings
  const query = { namespace: brokerNamespace }
  const [imports, slices] = await Promise.all([broker.list('ServiceImport', query), broker.list('EndpointSlice', query)])
  await writeUp(
    sideOf(world, broker),
    planUp({ clusterId, brokerNamespace, exports: [], services: new Map(), broker: { imports: imports.items, slices: slices.items } }),
  )
}
