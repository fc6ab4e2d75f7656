// What a join has put into a cluster for services, when it is told to leave them out: the agents, their rights and what they made. Users' exports stay.
import type { Found } from '../../k8s/discover.ts'
import { DISCOVERY_LEASE, DISCOVERY_WORKLOAD, DNS_WORKLOAD } from '../../model/names.ts'
import { isMarked } from './mark.ts'
import { judgeCrds, type RemovePlan } from './plan.ts'
import type { Inventory } from './read.ts'

const NAMES = [DISCOVERY_WORKLOAD, DNS_WORKLOAD, 'submariner-services-constraints']
const GROUP = '.multicluster.x-k8s.io'

/** Our DNS server alone, where the cluster's own answers from now on. */
export function planDnsRemove({ agents, marked }: Inventory): RemovePlan {
  const ours = [...agents.ours, ...marked].filter((object) => isOfServices(object) && object.metadata.name === DNS_WORKLOAD)
  return { ...NOTHING, workloads: ours.filter(isWorkload), objects: ours.filter((object) => !isWorkload(object)) }
}

const NOTHING: RemovePlan = {
  workloads: [],
  imported: [],
  nodes: { clean: [], down: [] },
  objects: [],
  spaces: [],
  crds: [],
  labels: [],
  unmark: [],
  kept: [],
}
const isWorkload = ({ kind }: Found): boolean => kind === 'Deployment'

/** Only what carries our mark or was made by an import, and CRDs only where no user has an object of them. */
export function planServicesRemove(inventory: Inventory): RemovePlan {
  const { agents, marked, imported } = inventory
  const ours = [...agents.ours, ...marked].filter(isOfServices)
  const crds = judgeCrds(inventory, { broker: false, deleteExports: false })
  const isOfGroup = (title: string): boolean => title.endsWith(GROUP)
  return {
    ...NOTHING,
    workloads: ours.filter(isWorkload),
    imported,
    objects: ours.filter((object) => !isWorkload(object)),
    crds: crds.go.filter(({ metadata }) => isOfGroup(metadata.name)),
    kept: crds.kept.filter(({ object }) => isOfGroup(object)),
  }
}

/** What a Deployment has made goes with it. */
const isOfServices = ({ kind, metadata }: Found): boolean =>
  kind === 'Lease'
    ? metadata.name === DISCOVERY_LEASE
    : NAMES.includes(metadata.name) && isMarked(metadata) && (metadata.ownerReferences ?? []).length === 0
