import { ApiError, ConflictError, type KubeApi } from '../k8s/api.ts'
import type { Diff } from '../model/diff.ts'
import { kindOf } from '../model/kinds.ts'
import type { Resource } from '../model/resources.ts'

const AT_ONCE = 8

/**
 * Writes a diff: an object with a resourceVersion replaces what it was made from, one without is created; puts before drops. Where the object is not
 * what it was any more nothing is done: the store hears of it and the next pass looks again. Tries all, then throws the first failure. Returns a line a change.
 */
export async function write(api: KubeApi, { put, drop }: Diff<Resource>): Promise<readonly string[]> {
  const puts = await each(put, async (object) => {
    await (object.metadata.resourceVersion === undefined ? api.create(object) : api.replace(object))
    return `put ${object.kind} ${object.metadata.name}`
  })
  const drops = await each(drop, async ({ kind, apiVersion, metadata }) => {
    const kindName = kindOf({ kind, apiVersion, metadata })
    await api.remove(kindName, metadata.name, metadata.namespace, metadata.uid === undefined ? {} : { uid: metadata.uid })
    return `dropped ${kind} ${metadata.name}`
  })
  const results = [...puts, ...drops]
  const failed = results.find((result) => result instanceof Error)
  if (failed !== undefined) throw failed
  return results.filter((result) => typeof result === 'string')
}

async function each(
  objects: readonly Resource[],
  act: (object: Resource) => Promise<string>,
): Promise<readonly (string | Error | undefined)[]> {
  const results: (string | Error | undefined)[] = []
  const queue = objects.values()
  const worker = async (): Promise<void> => {
    for (const object of queue)
      results.push(await act(object).catch((error: unknown) => (isStale(error) ? undefined : errorOf(error, object))))
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, objects.length) }, worker))
  return results
}

const isStale = (error: unknown): boolean =>
  error instanceof ConflictError || (error instanceof ApiError && error.code === 404 && error.reason === 'NotFound')
const errorOf = (error: unknown, { kind, metadata }: Resource): Error =>
  new Error(`${kind} ${metadata.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
