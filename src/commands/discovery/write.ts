// Carrying out the plan of one service: in its order, and as far as each step can be done. What the API answers goes into the copies at once.
import type { Copies } from '../../discovery/copies/copies.ts'
import type { Expected, Kept } from '../../discovery/copies/kept.ts'
import type { DownPlan } from '../../discovery/down/plan.ts'
import type { UpPlan } from '../../discovery/up/plan.ts'
import type { SharedWrite } from '../../discovery/up/shared.ts'
import { ApiError, ConflictError, type KubeApi } from '../../k8s/api.ts'
import { kindOf } from '../../model/kinds.ts'
import type { Resource } from '../../model/resources.ts'
import type { Gate } from './gate.ts'

type Say = (line: string) => void
/** One side, as its plans are carried out there. */
export interface Side {
  readonly api: KubeApi
  readonly gate: Gate
  readonly say: Say
  /** Where the answer to a write of the object goes. */
  readonly expect: (object: Resource) => Expected<Resource>
}

/** The first step that fails ends it: what comes after must not be true before it. */
export async function writeUp(side: Side, { imports, joins, slices, leaves }: UpPlan): Promise<void> {
  // Upstream's agents read the shared object, ours a cluster's own import: neither waits for the other.
  const first = [...imports.put.map((object) => () => put(side, object)), ...joins.map((one) => () => writeShared(side, one))]
  await all(first, (write) => write())
  await all(slices.put, (object) => put(side, object))
  await all(slices.drop, (object) => drop(side, object))
  await all(leaves, (one) => writeShared(side, one))
  await all(imports.drop, (object) => drop(side, object))
}

/** All steps, whatever fails; then the first failure is thrown. */
export async function writeDown(side: Side, { imports, services, slices, statuses }: DownPlan): Promise<void> {
  const failures: unknown[] = []
  const attempt = async <T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> => {
    await all(items, act).catch((error: unknown) => void failures.push(error))
  }
  const now = new Map<string, Resource['metadata']>()
  await attempt(imports.put, (object) =>
    put(side, object, (answer) => {
      now.set(shown(answer), answer.metadata)
    }),
  )
  // None waits for another: slices that come meanwhile are put the sooner. What was planned with an import's spec goes over what that has become.
  const next = [
    ...[...services.put, ...slices.put].map((object) => () => put(side, object)),
    ...statuses.map((object) => () => writeStatus(side, { ...object, metadata: now.get(shown(object)) ?? object.metadata })),
  ]
  await attempt(next, (write) => write())
  await attempt(slices.drop, (object) => drop(side, object))
  await attempt(services.drop, (object) => drop(side, object))
  await attempt(imports.drop, (object) => drop(side, object))
  if (failures.length > 0) throw failures[0]
}

/** By the subresource. */
export const writeStatus = (side: Side, object: Resource): Promise<void> =>
  through(side, object, async () => {
    const answer = side.expect(object)
    answer.put(await side.api.replaceStatus(object))
    side.say(`status of ${shown(object)}`)
  })

/** An object with a resourceVersion replaces what it was made from, one without is created. */
const put = (side: Side, object: Resource, heard: (answer: Resource) => void = () => undefined): Promise<void> =>
  through(side, object, async () => {
    const expected = side.expect(object)
    const answer = await (object.metadata.resourceVersion === undefined ? side.api.create(object) : side.api.replace(object))
    expected.put(answer)
    heard(answer)
    side.say(`put ${shown(object)}`)
  })

const drop = (side: Side, object: Resource): Promise<void> =>
  through(side, object, async () => {
    const { uid, name, namespace, finalizers } = object.metadata
    const answer = side.expect(object)
    await side.api.remove(kindOf(object), name, namespace, uid === undefined ? {} : { uid })
    // One that waits for somebody is there until the API says otherwise.
    if (finalizers === undefined || finalizers.length === 0) answer.gone()
    side.say(`dropped ${shown(object)}`)
  })

/** A status is written by its own call, and first, so that who reads the rest finds the clusters that it is of. */
const writeShared = (side: Side, { object, parts }: SharedWrite): Promise<void> =>
  through(side, object, async () => {
    const { metadata } = object
    const { uid, resourceVersion } = metadata
    const answer = side.expect(object)
    if (parts === 'remove') {
      const same = { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) }
      await side.api.remove('ServiceImport', metadata.name, metadata.namespace, same)
      answer.gone()
      side.say(`dropped ${shown(object)}`)
      return
    }
    const isNew = resourceVersion === undefined
    const made = isNew ? await side.api.create(object) : undefined
    const said = parts === 'rest' ? undefined : await side.api.replaceStatus({ ...object, metadata: made?.metadata ?? metadata })
    const version = said?.metadata.resourceVersion ?? resourceVersion
    const last =
      isNew || parts === 'status'
        ? (said ?? made)
        : await side.api.replace({ ...object, metadata: { ...metadata, ...(version !== undefined && { resourceVersion: version }) } })
    if (last !== undefined) answer.put(last)
    side.say(`put ${shown(object)}`)
  })

const shown = ({ kind, metadata: { namespace, name } }: Resource): string => `${kind} ${namespace}/${name}`

/** An object that has changed in the meantime is left to the next pass. */
async function through({ gate }: Side, object: Resource, act: () => Promise<void>): Promise<void> {
  try {
    await gate.pass(act)
  } catch (error) {
    if (isStale(error)) return
    throw new Error(`${shown(object)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
const isStale = (error: unknown): boolean =>
  error instanceof ConflictError || (error instanceof ApiError && error.code === 404 && error.reason === 'NotFound')

/** Tries all, then throws the first failure. */
async function all<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const done = await Promise.allSettled(items.map(act))
  for (const result of done) if (result.status === 'rejected') throw result.reason
}

/** Nobody looks at what was written. */
export const unheard: Side['expect'] = () => ({ put: () => undefined, gone: () => undefined })

export const expectHere =
  ({ exports, imports, services, slices }: Copies): Side['expect'] =>
  (object) =>
    expected({ ServiceExport: exports, ServiceImport: imports, Service: services, EndpointSlice: slices }, object)
export const expectBroker =
  ({ broker: { imports, slices } }: Copies): Side['expect'] =>
  (object) =>
    expected({ ServiceImport: imports, EndpointSlice: slices }, object)

const expected = (copies: Readonly<Record<string, Kept<Resource>>>, object: Resource): Expected<Resource> =>
  copies[object.kind]?.expect(object) ?? unheard(object)
