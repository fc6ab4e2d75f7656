import type { Served } from '../kinds/served.ts'
import { type ApiObject, isRecord, parseStored, recordAt, textAt } from '../objects/json.ts'
import { badRequest, forbidden, notFound } from '../objects/status.ts'
import type { Draft, Item } from '../storage/item.ts'
import { endOf } from './accounts.ts'
import { act, type Call, drop, store, timestamp, type World, type Written } from './call.ts'
import { checkAdmission, conflictOf, type Preconditions } from './guard.ts'

/** Reads DeleteOptions, which may be missing. */
export function readOptions(body: unknown): Preconditions & { readonly dryRun: boolean } {
  if (body === undefined) return { dryRun: false }
  if (!isRecord(body) || (body.kind !== undefined && body.kind !== 'DeleteOptions'))
    throw badRequest('the object provided is unrecognized: it must be DeleteOptions')
  const { preconditions, dryRun } = body
  const { uid, resourceVersion } = isRecord(preconditions) ? preconditions : {}
  return {
    dryRun: Array.isArray(dryRun) && dryRun.includes('All'),
    uid: typeof uid === 'string' ? uid : undefined,
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : undefined,
  }
}

/** Removes the object, or marks it where it has finalizers: then `isNew` tells that it is still there. */
export const removeObject = (world: World, call: Call, preconditions: Preconditions): Promise<Written> =>
  act(world, call, (draft) => {
    const { served, namespace, name } = call
    const item = draft.get(served.kind, namespace, name)
    if (item === undefined) throw notFound(served, name)
    const clash = conflictOf(call, parseStored(item.text), preconditions)
    if (clash !== undefined) throw clash
    return removeIn(draft, { world, call }, item)
  })

/** Removes all that `select` picks of the kind, and gives their texts. */
export const removeObjects = (world: World, call: Call, select: (item: Item) => boolean): Promise<readonly string[]> =>
  act(world, call, (draft) => {
    const { served, namespace } = call
    const all = draft.all(served.kind, served.namespaced && namespace !== '' ? namespace : undefined).filter(select)
    return all.map((item) => removeIn(draft, { world, call: { ...call, namespace: item.namespace, name: item.name } }, item).text)
  })

const LASTING = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

function removeIn(draft: Draft, { world, call }: { world: World; call: Call }, item: Item): Written {
  const object = parseStored(item.text)
  checkAdmission(world, call, { operation: 'DELETE', object: undefined, before: object })
  if (object.kind === 'Namespace') {
    if (LASTING.includes(object.metadata.name)) throw forbidden(call.served, object.metadata.name, 'this namespace may not be deleted')
    return endNamespace(draft, world, object)
  }
  if ((object.metadata.finalizers ?? []).length === 0) return { text: vanish(draft, world, object).text, isNew: false }
  return { text: marked(draft, world, object, item).text, isNew: true }
}

/** The object with the time of its deletion, which its finalizers hold up. */
function marked(draft: Draft, world: World, object: ApiObject, item: Item): Item {
  if (object.metadata.deletionTimestamp !== undefined) return item
  const generation = object.metadata.generation === undefined ? {} : { generation: object.metadata.generation + 1 }
  const metadata = { ...object.metadata, ...generation, deletionTimestamp: timestamp(world.now()), deletionGracePeriodSeconds: 0 }
  return store(draft, { ...object, metadata })
}

/** The object goes, and with it what lives by it. */
export function vanish(draft: Draft, world: World, object: ApiObject): Item {
  const gone = drop(draft, object)
  endOf(draft, object)
  if (object.kind === 'CustomResourceDefinition') endKind(draft, world, object)
  const namespace = draft.get('Namespace', '', object.metadata.namespace ?? '')
  if (namespace !== undefined) {
    const there = parseStored(namespace.text)
    if (there.metadata.deletionTimestamp !== undefined && isEmpty(draft, world, namespace.name)) drop(draft, there)
  }
  return gone
}

/** A namespace goes with all that is in it; where finalizers hold something up, it stays until that is gone. */
function endNamespace(draft: Draft, world: World, namespace: ApiObject): Written {
  const { name } = namespace.metadata
  for (const served of namespaced(world)) empty(draft, world, { served, namespace: name })
  if (isEmpty(draft, world, name)) return { text: drop(draft, namespace).text, isNew: false }
  const metadata = { ...namespace.metadata, deletionTimestamp: namespace.metadata.deletionTimestamp ?? timestamp(world.now()) }
  return { text: store(draft, { ...namespace, metadata, status: { phase: 'Terminating' } }).text, isNew: true }
}

/** The objects of a kind go with its definition. The kind itself is served on: the table of this server is fixed. */
function endKind(draft: Draft, world: World, definition: ApiObject): void {
  const spec = recordAt(definition, 'spec')
  const served = world.table.of(textAt(recordAt(spec, 'names'), 'kind'))
  if (served !== undefined && served.group === textAt(spec, 'group')) empty(draft, world, { served })
}

function empty(draft: Draft, world: World, { served, namespace }: { served: Served; namespace?: string }): void {
  for (const { name, namespace: of } of draft.all(served.kind, namespace)) {
    // A token goes with its account, which may have come first.
    const item = draft.get(served.kind, of, name)
    if (item === undefined) continue
    const object = parseStored(item.text)
    if ((object.metadata.finalizers ?? []).length === 0) vanish(draft, world, object)
    else marked(draft, world, object, item)
  }
}

const namespaced = ({ table }: World): Served[] => table.all.filter((served) => served.namespaced)
const isEmpty = (draft: Draft, world: World, namespace: string): boolean =>
  namespaced(world).every(({ kind }) => draft.all(kind, namespace).length === 0)
