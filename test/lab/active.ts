// Which gateway of a cluster leads, as its API says.
import { setTimeout as wait } from 'node:timers/promises'
import { GATEWAY_LEASE, NAMESPACE } from '../../src/model/names.ts'
import type { Lease } from '../../src/model/resources.ts'
import { apiOf } from './access.ts'
import { clusterOf, type HostLayout, type Layout, type NodeLayout, type SiteOptions } from './layout.ts'
import type { Site } from './sites.ts'
import type { Lab } from './state.ts'

export async function leaseOf(lab: Site, cluster: string): Promise<Lease | undefined> {
  return (await apiOf(lab, cluster)).get('Lease', GATEWAY_LEASE, NAMESPACE)
}

/** The gateway that holds the lease and whose Endpoint is published; waits until there is one, other than `not`. */
export async function activeGateway<N extends HostLayout>(
  lab: Site<Layout<N, SiteOptions>>,
  cluster: string,
  not?: string,
  limitMs = 60_000,
): Promise<N> {
  const { nodes } = clusterOf(lab.layout, cluster)
  const api = await apiOf(lab, cluster)
  for (const until = Date.now() + limitMs; ; await wait(50)) {
    const holder = (await leaseOf(lab, cluster))?.spec?.holderIdentity ?? ''
    const endpoints = (await api.list('Endpoint', { namespace: NAMESPACE })).items.filter(({ spec }) => spec?.cluster_id === cluster)
    const found = nodes.find(({ name }) => holder.startsWith(name) && endpoints.length === 1 && endpoints[0]?.spec?.hostname === name)
    if (found !== undefined && found.name !== not) return found
    if (Date.now() > until)
      throw new Error(`no gateway of ${cluster} leads${not === undefined ? '' : ` in place of ${not}`}: the lease is of "${holder}"`)
  }
}

/** The other gateway of a cluster. */
export function standbyOf(lab: Lab, active: NodeLayout): NodeLayout {
  const found = clusterOf(lab.layout, active.cluster).nodes.find(({ role, name }) => role === 'gateway' && name !== active.name)
  if (found === undefined) throw new Error(`${active.cluster} has one gateway alone`)
  return found
}
