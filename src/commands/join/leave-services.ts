// `join --service-discovery false` on a cluster that had services: their agents end, then what they made goes, here and on the broker.
import type { ApplyOptions } from '../../install/apply/apply.ts'
import { titleOf } from '../../install/apply/report.ts'
import type { JoinSettings } from '../../install/objects/settings.ts'
import { endAgents } from '../../install/remove/agents.ts'
import { readMember, removeMember } from '../../install/remove/member.ts'
import { isNothing, type RemovePlan } from '../../install/remove/plan.ts'
import { readInventory } from '../../install/remove/read.ts'
import { checkRights, type Left, removeAll } from '../../install/remove/remove.ts'
import { planDnsRemove, planServicesRemove } from '../../install/remove/services.ts'
import type { KubeApi } from '../../k8s/api.ts'
import type { Patience } from '../../k8s/starting.ts'
import { EXIT, UserError } from '../../model/errors.ts'
import { DISCOVERY_WORKLOAD, DNS_WORKLOAD, NAMESPACE } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import { leaveShared } from '../discovery/leave-shared.ts'
import { type NamesUndo, planUndo } from '../names/set-up.ts'
import { importedLines } from '../uninstall/report.ts'

export interface ServicesLeave {
  /** All of services; or our DNS server alone, since the cluster's own DNS does not ask it any more. */
  readonly what: 'services' | 'dns'
  readonly plan: RemovePlan
  readonly names: NamesUndo
}

/** What the settings leave out that is there; undefined where that is nothing. */
export async function planServicesLeave(
  api: KubeApi,
  { serviceDiscovery, dnsServer }: Pick<JoinSettings, 'serviceDiscovery' | 'dnsServer'>,
  patience: Patience,
): Promise<ServicesLeave | undefined> {
  if (serviceDiscovery) {
    if (dnsServer || (await api.get('Deployment', DNS_WORKLOAD, NAMESPACE)) === undefined) return undefined
    return { what: 'dns', plan: planDnsRemove(await readInventory(api, NAMESPACE, patience)), names: NO_NAMES }
  }
  const plan = planServicesRemove(await readInventory(api, NAMESPACE, patience))
  const names = await planUndo(api)
  return isNothing(plan) && names.lines.length === 0 ? undefined : { what: 'services', plan, names }
}
const NO_NAMES: NamesUndo = { lines: [], undo: async () => undefined }

export const leavingObjects = ({ plan }: ServicesLeave): readonly Resource[] => [
  ...plan.workloads,
  ...plan.imported,
  ...plan.objects,
  ...plan.crds,
]

/** What is changed in the cluster’s DNS stands with the names. */
export const leaveLines = ({ what, plan }: ServicesLeave, isPlan: boolean): readonly string[] => [
  `${what === 'services' ? 'Services across clusters' : 'The pods of our DNS server'} ${isPlan ? 'would be' : 'are'} taken out:`,
  ...plan.workloads.map((object) => `  - ${titleOf(object)}, and its pods`),
  ...importedLines(plan),
  ...[...plan.objects, ...plan.crds].map((object) => `  - ${titleOf(object)}`),
  ...(what === 'services' ? ['  - what this cluster has exported to the broker'] : []),
  // uninstall has that flag, a join has not.
  ...plan.kept.map(({ object, why }) => `  = ${object} stays: ${why.replace(/; --delete-exports.*$/, '')}`),
  '',
]

export interface Leaving extends ApplyOptions {
  readonly say: (text: string) => void
  readonly clusterId: string
  readonly clusterUid: string
  readonly brokerNamespace: string
  /** With the member's own credential. */
  readonly broker: KubeApi
}

/** Throws where something is left. */
export async function leaveServices(api: KubeApi, { what, plan, names }: ServicesLeave, leaving: Leaving): Promise<void> {
  const options = { ...leaving, progress: leaving.say }
  await checkRights(api, plan, undefined)
  if (names.lines.length > 0) await names.undo(api, options)
  const apps = what === 'services' ? [DISCOVERY_WORKLOAD, DNS_WORKLOAD] : [DNS_WORKLOAD]
  const pods = await endAgents(api, plan.workloads, { ...options, namespace: NAMESPACE, apps })
  const left = await removeAll(api, plan, options)
  const there = what === 'services' ? await leaveBroker(leaving) : []
  const stuck = pods.map((pod): Left => ({ object: titleOf({ ...pod, kind: 'Pod' }), why: 'it did not end in time', isLate: true }))
  const open = [...stuck, ...left, ...there]
  if (open.length === 0) return
  const isLate = open.every((one) => one.isLate)
  throw new UserError('SUB0432', `Services are not wholly taken out: ${open.map(({ object, why }) => `${object}: ${why}`).join('; ')}`, {
    ...(isLate && {
      exitCode: EXIT.timedOut,
      hint: 'Run the command again; it goes on where it stopped. A longer --timeout gives it more time.',
    }),
  })
}

/** What the cluster has exported; it stays a member. */
async function leaveBroker({ broker, clusterId, clusterUid, brokerNamespace: namespace, say }: Leaving): Promise<readonly Left[]> {
  await leaveShared(broker, { clusterId, namespace }, say)
  const member = await readMember(broker, { clusterId, clusterUid, namespace })
  const objects = member.objects.filter(({ kind }) => kind === 'ServiceImport' || kind === 'EndpointSlice')
  return removeMember(broker, { ...member, objects }, say)
}
