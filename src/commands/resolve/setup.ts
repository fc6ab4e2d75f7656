// How a cluster's DNS is set up for the clusterset, asked where it has failed: what stands in the way is said by that.
import { readDns } from '../../install/names/read.ts'
import { missingRights, multiclusterRights } from '../../install/names/rights.ts'
import { namesState } from '../../install/names/state.ts'
import type { ServiceSight } from '../look/service-sight.ts'

export interface SetUp {
  readonly mode: 'multicluster' | 'own' | 'others' | 'nobody'
  /** What CoreDNS would need to read ServiceImports and has not. */
  readonly missing: readonly string[]
}

/** Undefined where the cluster's DNS may not be looked at: names were asked all the same. */
export async function setUpOf({ subject: { api }, zones }: ServiceSight): Promise<SetUp | undefined> {
  try {
    const facts = await readDns(api)
    const { mode } = namesState(facts, zones)
    const { server } = facts
    const isItself = mode === 'multicluster' && server.kind === 'coredns'
    return { mode, missing: isItself ? await missingRights(api, multiclusterRights(server.account)) : [] }
  } catch {
    return undefined
  }
}
