// `subctl unexport service|namespace`: takes ServiceExports away; the agents withdraw what came of them.
import type { KubeApi } from '../k8s/api.ts'
import { UserError } from '../model/errors.ts'
import type { ServiceExport } from '../model/mcs.ts'
import { NAMESPACE, SETTINGS_CONFIGMAP } from '../model/names.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import { aimOf, contextTitle, exportsOf, namespaceOf } from './export/find.ts'
import { ownerOf } from './export/owner.ts'
import { tell } from './export/report.ts'
import { type ClusterSteps, inTurn, isOpen, type Step } from './export/steps.ts'
import type { Judge } from './export/wait.ts'
import { conclude } from './export.ts'
import { onCluster } from './join/stage.ts'
import { type Subject, subjects } from './look/subjects.ts'

type Exports = ReadonlyMap<string, ServiceExport>
type Plan = Omit<Step, 'namespace'>

/** Looks at every cluster before anything is changed in one. A cluster without the kind exports nothing. */
export const unexportServices: Run = async (context, given) => {
  const { name, namespace: said } = aimOf(given)
  given.duration('timeout')
  const found = await subjects(context, given)
  const namespace = said ?? namespaceOf(found)
  const clusters = await Promise.all(
    found.map(async (subject): Promise<ClusterSteps> => {
      const there = (await onCluster(subject.api, () => exportsOf(subject.api, namespace))) ?? new Map<string, ServiceExport>()
      const steps =
        name === undefined ? [...there].sort().map(([one, object]) => stepOf(given, object, one)) : stepsOf(given, subject, there, name)
      return { subject, steps: steps.map((step) => ({ ...step, namespace })) }
    }),
  )
  if (given.on('plan')) {
    tell(context, given, { kind: 'Unexport', clusters, isPlan: true })
    return undefined
  }
  for (const { subject, steps } of clusters)
    await onCluster(subject.api, () => inTurn(steps.filter(isOpen), async ({ object }) => object && remove(subject.api, object)))
  await conclude(context, given, { kind: 'Unexport', clusters, isPlan: false }, judgeGone)
  return undefined
}

/** Of one service. Throws where it is looked after by others. */
function stepsOf(given: Given, subject: Subject, there: Exports, name: string): readonly Plan[] {
  const step = stepOf(given, there.get(name), name)
  if (step.action !== 'kept') return [step]
  throw new UserError('SUB0905', `The export of "${name}" in ${contextTitle(subject)} is not removed: ${step.reason}`, {
    hint: 'Remove it there; or give --force.',
  })
}

function stepOf(given: Given, there: ServiceExport | undefined, name: string): Plan {
  if (there === undefined) return { name, action: 'unchanged', reason: 'it is not exported' }
  if (there.metadata.deletionTimestamp !== undefined)
    return { name, action: 'unchanged', reason: 'it is being removed already', object: there }
  const owner = given.on('force') ? undefined : ownerOf(there.metadata)
  return owner === undefined ? { name, action: 'removed', object: there } : { name, action: 'kept', reason: `${owner} looks after it` }
}

/** That object, not one that was made of the same name since. */
const remove = (api: KubeApi, { metadata }: ServiceExport): Promise<boolean> =>
  api.remove('ServiceExport', metadata.name, metadata.namespace, metadata.uid === undefined ? {} : { uid: metadata.uid })

/** Gone is the export, and this cluster from the service's own import. */
const judgeGone: Judge = async (api, steps) => {
  const namespace = steps[0]?.namespace ?? ''
  const [there, imports, settings] = await Promise.all([
    exportsOf(api, namespace),
    api.list('ServiceImport', { namespace }),
    api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE),
  ])
  const own = settings?.data?.SUBMARINER_CLUSTERID
  const isImported = (name: string): boolean =>
    imports.items.some(
      ({ metadata, status }) => metadata.name === name && status?.clusters?.some(({ cluster }) => cluster === own) === true,
    )
  return new Map(
    steps.map(({ name }) => {
      if (there?.has(name) === true) return [name, { state: 'waiting', text: 'its ServiceExport is still there' }]
      return [
        name,
        isImported(name) ? { state: 'waiting', text: 'the agent has not withdrawn it yet' } : { state: 'done', text: 'no longer exported' },
      ]
    }),
  )
}
