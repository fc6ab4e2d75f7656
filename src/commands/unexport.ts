// `subctl unexport service|namespace`: takes ServiceExports away; the agents withdraw what came of them.
import { ApiError, type KubeApi } from '../k8s/api.ts'
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

/** Gone is the export, and this cluster from the service's own import. Who may not look at that has what was asked for, with a note. */
const judgeGone: Judge = async (api, steps) => {
  const namespace = steps[0]?.namespace ?? ''
  const [there, withdrawn] = await Promise.all([exportsOf(api, namespace), withdrawal(api, namespace)])
  return new Map(
    steps.map(({ name }) => {
      if (there?.has(name) === true) return [name, { state: 'waiting', text: 'its ServiceExport is still there' }]
      const { is, why } = withdrawn(name)
      if (is === 'unseen') return [name, { state: 'done', text: `its ServiceExport is gone; note: ${why}` }]
      return [name, is ? { state: 'done', text: 'no longer exported' } : { state: 'waiting', text: 'the agent has not withdrawn it yet' }]
    }),
  )
}

type Withdrawn = (name: string) => { readonly is: boolean | 'unseen'; readonly why?: string }

/** Whether the agents have taken a service back from its import. */
async function withdrawal(api: KubeApi, namespace: string): Promise<Withdrawn> {
  const [imports, settings] = await Promise.all([
    ifAllowed(api.list('ServiceImport', { namespace })),
    ifAllowed(api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE)),
  ])
  if (imports instanceof ApiError) return () => ({ is: 'unseen', why: unwatched(imports) })
  return (name) => {
    const found = imports.items.find(({ metadata }) => metadata.name === name)
    if (found === undefined) return { is: true }
    if (settings instanceof ApiError) return { is: 'unseen', why: unwatched(settings) }
    const own = settings?.data?.SUBMARINER_CLUSTERID
    return { is: found.status?.clusters?.some(({ cluster }) => cluster === own) !== true }
  }
}

const unwatched = ({ message }: ApiError): string => `whether the agents have withdrawn it could not be watched: ${message}`

/** What is asked for, or the refusal of who may not ask. */
async function ifAllowed<T>(asked: Promise<T>): Promise<T | ApiError> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return error
    throw error
  }
}
