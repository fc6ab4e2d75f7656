// Which gateways lead, and waiting until a lab is as it should be.
import { setTimeout as wait } from 'node:timers/promises'
import { NAMESPACE } from '../../src/model/names.ts'
import type { Gateway } from '../../src/model/resources.ts'
import { apiOf } from '../lab/access.ts'
import { logTails } from '../lab/daemons.ts'
import { type ClusterLayout, clusterOf } from '../lab/layout.ts'
import type { Lab } from '../lab/state.ts'

/** Waits until the condition gives something; throws, with the ends of all logs, where it does not within the limit. */
export async function until<T>(lab: Lab, what: string, condition: () => Promise<T | undefined>, limitMs = 90_000): Promise<T> {
  for (const end = Date.now() + limitMs; ; await wait(50)) {
    const found = await condition()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}\n${await logTails(lab)}`)
  }
}

export async function gatewaysOf(lab: Lab, cluster: string): Promise<readonly Gateway[]> {
  const api = await apiOf(lab, cluster)
  return (await api.list('Gateway', { namespace: NAMESPACE })).items
}

/** The node that leads, by the cluster's only active Gateway; undefined where there is none or more than one. */
export async function activeNode(lab: Lab, cluster: string): Promise<string | undefined> {
  const active = (await gatewaysOf(lab, cluster)).filter(({ status }) => status?.haStatus === 'active')
  return active.length === 1 ? active[0]?.status.localEndpoint.hostname : undefined
}

/** Waits until every cluster has one leader that is connected to all others, and every other gateway stands by. Gives the leaders by cluster. */
export async function untilSteady(lab: Lab): Promise<ReadonlyMap<string, string>> {
  const { clusters } = lab.layout
  await until(lab, 'all clusters are connected, and every other gateway stands by', async () => {
    const states = await Promise.all(
      clusters.map(async (cluster) => isSteady(cluster, clusters.length, await gatewaysOf(lab, cluster.name))),
    )
    return states.every(Boolean) ? true : undefined
  })
  return new Map(await Promise.all(clusters.map(async ({ name }) => [name, (await activeNode(lab, name)) ?? ''] as const)))
}

function isSteady({ nodes }: ClusterLayout, clusters: number, gateways: readonly Gateway[]): boolean {
  const isWell = ({ status }: Gateway): boolean => status?.statusFailure === ''
  const active = gateways.filter(({ status }) => status?.haStatus === 'active')
  const standbys = gateways.filter(({ status }) => status?.haStatus === 'passive')
  const connected = active[0]?.status.connections.filter(({ status }) => status === 'connected') ?? []
  const wanted = nodes.filter(({ role }) => role === 'gateway').length
  const reached = new Set(connected.map(({ endpoint }) => endpoint.cluster_id))
  return active.length === 1 && standbys.length === wanted - 1 && gateways.every(isWell) && reached.size === clusters - 1
}

/** The last worker of a cluster: its pod is the far end of what is measured. */
export function workerOf(lab: Lab, cluster: string): ClusterLayout['nodes'][number] {
  const worker = clusterOf(lab.layout, cluster).nodes.findLast(({ role }) => role === 'worker')
  if (worker === undefined) throw new Error(`cluster ${cluster} has no worker`)
  return worker
}
