// What is to be written so that services are exported, judged as the agent will judge it.

import { type Guard, refusalOf } from '../../discovery/service/guard.ts'
import { type Invalid, ownExport } from '../../discovery/up/export.ts'
import { compare } from '../../install/apply/compare.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { covers } from '../../k8s/put.ts'
import { UserError } from '../../model/errors.ts'
import { type ServiceExport, USE_CLUSTERSET_IP } from '../../model/mcs.ts'
import { NAMESPACE, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import type { Service } from '../../model/resources.ts'
import { guardOf } from '../look/kept-out.ts'
import type { Subject } from '../look/subjects.ts'
import { contextTitle, needExports, needService, needServices } from './find.ts'
import { ownerOf } from './owner.ts'
import { inTurn, type Step } from './steps.ts'

export interface ExportWish {
  readonly namespace: string
  /** `--use-clusterset-ip`; undefined: an export that is there keeps what it says. */
  readonly clustersetIp: string | undefined
  /** Takes over what others look after, and namespaces of the system. */
  readonly isForced: boolean
}

/** What takes no part in the cluster, by its agents' settings. Throws where the namespace does not. */
async function guardFor(subject: Subject, { namespace, isForced }: ExportWish): Promise<Guard> {
  if (isForced) return { allowed: new Set([namespace]), own: NAMESPACE }
  const key = { namespace, name: '' }
  const bare = guardOf({}, NAMESPACE)
  if (refusalOf(bare, key) === undefined) return bare
  const guard = guardOf(await settingsOf(subject.api), NAMESPACE)
  const refusal = refusalOf(guard, key)
  if (refusal === undefined) return guard
  throw new UserError('SUB0904', `Services of namespace "${namespace}" of ${contextTitle(subject)} are not exported: ${refusal}`, {
    hint: 'To allow it: subctl join --allow-namespaces, in every cluster that is to have them. Where they allow it, and this user may not read that: --force.',
  })
}

/** Who may not read them goes by what is so without any. */
async function settingsOf(api: KubeApi): Promise<Readonly<Record<string, string>>> {
  try {
    return (await api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE))?.data ?? {}
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return {}
    throw error
  }
}

/** One service. Throws where its namespace takes no part, it is not there, cannot be exported, or is looked after by others. */
export async function planService(subject: Subject, name: string, wish: ExportWish): Promise<readonly Step[]> {
  const guard = await guardFor(subject, wish)
  const there = await needExports(subject, wish.namespace)
  const service = await needService(subject, wish.namespace, name)
  const step = await planOne(subject, { service, existing: there.get(name), wish, guard })
  if (step.action === 'refused')
    throw new UserError('SUB0903', `Service "${name}" of ${contextTitle(subject)} cannot be exported: ${step.reason}`)
  if (step.action === 'kept')
    throw new UserError('SUB0905', `The export of "${name}" in ${contextTitle(subject)} would have to be changed, and ${step.reason}`, {
      hint: 'Change it there; or give --force.',
    })
  return [step]
}

/** All services of the namespace but those that imports have made. Throws where none can be exported. */
export async function planNamespace(subject: Subject, wish: ExportWish): Promise<readonly Step[]> {
  const guard = await guardFor(subject, wish)
  const there = await needExports(subject, wish.namespace)
  const services = await needServices(subject, wish.namespace)
  const sorted = [...services].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const steps = await inTurn(sorted, (service) => planOne(subject, { service, existing: there.get(service.metadata.name), wish, guard }))
  if (steps.some(({ action }) => action !== 'refused')) return steps
  const reasons = steps.map(({ name, reason }) => `  ${name}: ${reason}`)
  throw new UserError(
    'SUB0903',
    `No service of namespace "${wish.namespace}" in ${contextTitle(subject)} can be exported\n${reasons.join('\n')}`,
  )
}

interface Found {
  readonly service: Service
  readonly existing: ServiceExport | undefined
  readonly wish: ExportWish
  readonly guard: Guard
}
async function planOne({ api }: Subject, { service, existing, wish, guard }: Found): Promise<Step> {
  const { namespace, isForced } = wish
  const { name } = service.metadata
  const object = exportObject(name, wish)
  const invalid = invalidity(service, existing ?? object, guard)
  if (invalid !== undefined) return { namespace, name, action: 'refused', reason: invalid.message }
  if (existing?.metadata.deletionTimestamp !== undefined)
    return { namespace, name, action: 'refused', reason: 'its ServiceExport is being removed: try again when it is gone' }
  if (existing !== undefined && covers(existing, object)) return { namespace, name, action: 'unchanged', object: existing }
  const [change] = await compare(api, [object])
  const owner = existing && (ownerOf(existing.metadata) ?? change?.conflicts?.[0]?.manager)
  if (owner !== undefined && !isForced) return { namespace, name, action: 'kept', reason: `${owner} looks after it` }
  return { namespace, name, action: change?.action ?? 'created', object }
}

const exportObject = (name: string, { namespace, clustersetIp }: ExportWish): ServiceExport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceExport',
  metadata: { name, namespace, ...(clustersetIp !== undefined && { annotations: { [USE_CLUSTERSET_IP]: clustersetIp } }) },
})

const invalidity = (service: Service, wish: ServiceExport, guard: Guard): Invalid | undefined =>
  ownExport({ clusterId: '', guard, wish, service, slices: [] }).invalid
