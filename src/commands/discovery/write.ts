// Carrying out plans: in their order, and as far as each step can be done.
import { write } from '../../broker/write.ts'
import type { DownPlan } from '../../discovery/down.ts'
import type { SharedWrite } from '../../discovery/shared.ts'
import type { UpPlan } from '../../discovery/up.ts'
import { ApiError, ConflictError, type KubeApi } from '../../k8s/api.ts'
import type { Diff } from '../../model/diff.ts'
import type { Resource } from '../../model/resources.ts'

type Say = (lines: readonly string[]) => void
const put = (objects: readonly Resource[]): Diff<Resource> => ({ put: objects, drop: [] })
const drop = (objects: readonly Resource[]): Diff<Resource> => ({ put: [], drop: objects })

/** The first step that fails ends it: what comes after must not be true before it. */
export async function writeUp(api: KubeApi, { imports, joins, slices, leaves }: UpPlan, say: Say): Promise<void> {
  say(await write(api, put(imports.put)))
  say(await each(joins, (one) => writeShared(api, one)))
  say(await write(api, slices))
  say(await each(leaves, (one) => writeShared(api, one)))
  say(await write(api, drop(imports.drop)))
}

/** All steps, whatever fails; then the first failure is thrown. */
export async function writeDown(api: KubeApi, plan: DownPlan, say: Say): Promise<void> {
  const failures: unknown[] = []
  const attempt = async (act: () => Promise<readonly string[]>): Promise<void> => {
    await act().then(say, (error: unknown) => void failures.push(error))
  }
  await attempt(() => write(api, put(plan.imports.put)))
  await attempt(() => write(api, put(plan.services.put)))
  await attempt(() => write(api, plan.slices))
  await attempt(() => each(plan.statuses, (one) => writeStatus(api, one)))
  await attempt(() => write(api, drop([...plan.services.drop, ...plan.imports.drop])))
  if (failures.length > 0) throw failures[0]
}

/** By the subresource. */
export async function writeStatus(api: KubeApi, object: Resource): Promise<string> {
  await api.replaceStatus(object)
  return `status of ${object.kind} ${object.metadata.namespace}/${object.metadata.name}`
}

/** A status is written by its own call, and first, so that who reads the rest finds the clusters that it is of. */
async function writeShared(api: KubeApi, { object, parts }: SharedWrite): Promise<string> {
  const { kind, metadata } = object
  if (parts === 'remove') {
    const { uid, resourceVersion } = metadata
    await api.remove('ServiceImport', metadata.name, metadata.namespace, {
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    })
    return `dropped ${kind} ${metadata.name}`
  }
  const isNew = metadata.resourceVersion === undefined
  const made = isNew ? await api.create(object) : undefined
  const base = { ...object, metadata: made?.metadata ?? metadata }
  const said = parts === 'rest' ? undefined : await api.replaceStatus(base)
  const resourceVersion = said?.metadata.resourceVersion
  if (!isNew && parts !== 'status')
    await api.replace({ ...object, metadata: { ...metadata, ...(resourceVersion !== undefined && { resourceVersion }) } })
  return `put ${kind} ${metadata.name}`
}

/** One after the other; an object that has changed in the meantime is left to the next pass. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<string>): Promise<readonly string[]> {
  const lines: string[] = []
  const failures: unknown[] = []
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      try {
        lines.push(await act(item))
      } catch (error) {
        if (!isStale(error)) failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
  return lines
}

export { each as writeEach }

const AT_ONCE = 8
const isStale = (error: unknown): boolean =>
  error instanceof ConflictError || (error instanceof ApiError && error.code === 404 && error.reason === 'NotFound')
