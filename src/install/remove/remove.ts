// Takes away what a plan says. One object that cannot go stops no other; what is left is said, with the reason.
import { ApiError, ConflictError, type KubeApi } from '../../k8s/api.ts'
import { type Found, inTurns, listFound, servedKinds } from '../../k8s/discover.ts'
import { messageOf, UserError } from '../../model/errors.ts'
import { type Kind, kindOf } from '../../model/kinds.ts'
import type { Resource } from '../../model/resources.ts'
import type { Limit } from '../apply/apply.ts'
import { titleOf } from '../apply/report.ts'
import { listAt, textAt } from '../tree.ts'
import { giveUpPods } from './lost-pods.ts'
import { isImported, isMarked } from './mark.ts'
import type { RemovePlan } from './plan.ts'

export interface RemoveProgress extends Limit {
  readonly progress: (text: string) => void
}
/** What could not be removed, and why. */
export interface Left {
  readonly object: string
  readonly why: string
  /** Whether more time may do it. */
  readonly isLate: boolean
  /** Where nobody could look whether it is there at all. */
  readonly isUnknown?: boolean
}

/** Objects whose finalizers hold them up get so long until the finalizers of ours go. */
const FINALIZER_MS = 5_000
/** A node may go down meanwhile. */
const GIVE_UP_MS = 2_000

/** Asks the server whether all of it may go, and whether Jobs may be made. Throws a UserError that names what is not allowed; changes nothing. */
export async function checkRights(
  api: KubeApi,
  { workloads, imported, objects, spaces, crds, labels }: RemovePlan,
  job: Resource | undefined,
): Promise<void> {
  // Of what may be thousands one of each kind.
  const imports = [...new Map(imported.map((object) => [object.kind, object])).values()]
  const gone = [...workloads, ...imports, ...objects, ...spaces.flatMap(({ object }) => object ?? []), ...crds]
  const refusals = [
    ...(await inTurns(gone, ({ kind, apiVersion, metadata }) =>
      refusal(() => api.remove(kindOf({ kind, apiVersion, metadata }), metadata.name, metadata.namespace, { dryRun: true })),
    )),
    ...(await inTurns(labels, (name) => refusal(() => api.apply(bareNode(name), { dryRun: true })))),
    ...(job === undefined ? [] : [await refusal(() => api.create(job, { dryRun: true }))]),
  ].filter((text) => text !== undefined)
  if (refusals.length > 0)
    throw new UserError('SUB0801', `The API at ${api.server} does not let you uninstall: ${[...new Set(refusals)].slice(0, 5).join('; ')}`)
}

async function refusal(ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await ask()
    return undefined
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return error.message
    if (error instanceof ApiError && error.code !== 0) return undefined
    throw error
  }
}

export async function removeAll(api: KubeApi, plan: RemovePlan, options: RemoveProgress): Promise<readonly Left[]> {
  const left: Left[] = []
  const each = async (what: string, act: () => Promise<string | undefined>): Promise<void> => {
    options.signal.throwIfAborted()
    try {
      const said = await act()
      if (said !== undefined) options.progress(said)
    } catch (error) {
      options.signal.throwIfAborted()
      left.push({ object: what, why: messageOf(error), isLate: error instanceof UserError })
    }
  }
  await inTurns(plan.imported, (object) => each(titleOf(object), () => removeOne(api, object, options)))
  for (const object of plan.objects) await each(titleOf(object), () => removeOne(api, object, options))
  for (const node of plan.labels) await each(`label of Node ${node}`, () => unlabel(api, node))
  for (const object of plan.unmark) await each(titleOf(object), () => unmark(api, object))
  for (const { object, name, ours } of plan.spaces) {
    if (object === undefined) continue
    // A namespace whose pods do not end would keep them: newer API servers remove pods ahead of all else.
    for (const secret of ours.filter(isSecret)) await each(titleOf(secret), () => removeOne(api, secret, options))
    await each(`Namespace ${name}`, () => removeSpace(api, object, options))
  }
  for (const crd of plan.crds) await each(titleOf(crd), () => removeOne(api, crd, options))
  return left
}

const isSecret = ({ kind, apiVersion }: Found): boolean => kind === 'Secret' && apiVersion === 'v1'
const bareNode = (name: string): Resource => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })

/** Applying nothing lets go of what we applied: what nobody else has set goes. */
async function unlabel(api: KubeApi, node: string): Promise<string | undefined> {
  const before = await api.get('Node', node)
  if (before === undefined) return undefined
  await api.apply(bareNode(node))
  return `let go of the labels of Node ${node}`
}

async function unmark(api: KubeApi, object: Found): Promise<string> {
  const { name, namespace } = object.metadata
  if (object.kind === 'Namespace') await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const labels = Object.fromEntries(
    Object.keys(object.metadata.labels ?? {}).flatMap((key) =>
      /^app\.kubernetes\.io\/(part-of|managed-by)$/.test(key) ? [[key, null]] : [],
    ),
  )
  await api.patch(kindOf(bare(object)), name, namespace, { metadata: { labels } })
  return `took our labels from ${titleOf(object)}`
}

const bare = ({ apiVersion, kind, metadata }: Found): Resource => ({ apiVersion, kind, metadata })

async function removeOne(api: KubeApi, object: Found, options: RemoveProgress): Promise<string | undefined> {
  const kind = kindOf(bare(object))
  const { name, namespace, uid } = object.metadata
  try {
    if (!(await api.remove(kind, name, namespace, uid === undefined ? {} : { uid }))) return undefined
  } catch (error) {
    // Another one of the name has come in between: it is not what was found.
    if (error instanceof ConflictError || (error instanceof ApiError && error.reason === 'NotServed')) return undefined
    throw error
  }
  await untilGone(api, object, options)
  return `removed ${titleOf(object)}`
}

/** Takes finalizers away where nobody does: whoever would have is gone, or does not answer. */
async function untilGone(api: KubeApi, object: Found, options: RemoveProgress): Promise<void> {
  const { clock, signal, deadline } = options
  const kind = kindOf(bare(object))
  const { name, namespace, uid } = object.metadata
  const since = clock.now()
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    const there = await orGone(api.get(kind, name, namespace))
    if (there === undefined || there.metadata.uid !== uid) return
    const finalizers = there.metadata.finalizers ?? []
    const isOurs =
      kind !== 'CustomResourceDefinition' &&
      (isMarked(there.metadata) || isImported(there.metadata) || there.apiVersion.startsWith('submariner.io/'))
    if (isOurs && finalizers.length > 0 && clock.now() - since >= FINALIZER_MS) await dropFinalizers(api, object, finalizers, options)
    if (clock.now() >= deadline)
      throw new UserError('SUB0802', `it is being removed, but finalizers hold it up: ${finalizers.join(', ') || 'none'}`)
    await clock.sleep(waitMs, signal)
    signal.throwIfAborted()
  }
}

async function dropFinalizers(api: KubeApi, object: Found, finalizers: readonly string[], options: RemoveProgress): Promise<void> {
  const { name, namespace } = object.metadata
  await orGone(api.patch(kindOf(bare(object)), name, namespace, { metadata: { finalizers: null } }))
  options.progress(`took the finalizers ${finalizers.join(', ')} from ${titleOf(object)}`)
}

async function orGone<T>(call: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined
    throw error
  }
}

/** Removes a namespace with all that is in it, also where pods of ours are on nodes that are down. At the deadline it says what hangs. */
async function removeSpace(api: KubeApi, object: Found, options: RemoveProgress): Promise<string | undefined> {
  const { clock, signal, deadline, progress } = options
  const { name, uid } = object.metadata
  await api.remove('Namespace', name, undefined, uid === undefined ? {} : { uid })
  const since = clock.now()
  let [looked, gaveUp, isTold] = [since, 0, false]
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    const there = await api.get('Namespace', name)
    if (there === undefined || there.metadata.uid !== uid) return `removed Namespace ${name}`
    const isEnd = clock.now() >= deadline
    if (isEnd || clock.now() - gaveUp >= GIVE_UP_MS) {
      gaveUp = clock.now()
      await giveUpPods(api, name, progress)
    }
    if (isEnd || (clock.now() - since >= FINALIZER_MS && clock.now() - looked >= FINALIZER_MS)) {
      looked = clock.now()
      const hanging = await hangingIn(api, name)
      const ours = hanging.filter(({ metadata, apiVersion }) => isMarked(metadata) || apiVersion.startsWith('submariner.io/'))
      if (!isEnd) await inTurns(ours.filter(isHeldUp), (one) => dropFinalizers(api, one, one.metadata.finalizers ?? [], options))
      if (isEnd) throw new UserError('SUB0802', `it is being removed, but hangs: ${whyHangs(there, hanging)}`)
    }
    if (!isTold && clock.now() - since >= FINALIZER_MS) progress(`waiting for Namespace ${name}`)
    isTold ||= clock.now() - since >= FINALIZER_MS
    await clock.sleep(waitMs, signal)
    signal.throwIfAborted()
  }
}

const isHeldUp = ({ metadata, kind, apiVersion }: Found): boolean =>
  (metadata.finalizers ?? []).length > 0 && isKnownKind({ kind, apiVersion })
const isKnownKind = ({ kind, apiVersion }: Pick<Found, 'kind' | 'apiVersion'>): boolean => {
  try {
    return kindOf({ apiVersion, kind, metadata: { name: '' } }) === (kind as Kind)
  } catch {
    return false
  }
}

/** What is still in a namespace that goes. */
async function hangingIn(api: KubeApi, namespace: string): Promise<readonly Found[]> {
  const { kinds } = await servedKinds(api)
  const lists = await inTurns(
    kinds.filter(({ namespaced, kind }) => namespaced && kind !== 'Event'),
    (kind) => listFound(api, kind, { namespace }).catch(() => []),
  )
  return lists.flat()
}

function whyHangs(namespace: Resource, hanging: readonly Found[]): string {
  const items = hanging
    .slice(0, 5)
    .map((one) => `${titleOf(one)}${one.metadata.finalizers === undefined ? '' : ` (finalizers ${one.metadata.finalizers.join(', ')})`}`)
  const conditions = listAt(namespace, 'status', 'conditions').flatMap((one) => {
    const isTold = textAt(one, 'status') === 'True' && textAt(one, 'type') === 'NamespaceDeletionDiscoveryFailure'
    return isTold ? [textAt(one, 'message') ?? ''] : []
  })
  return [...items, ...conditions].join(', ') || 'its controller has not said why'
}
