import { escalation } from '../access/escalation.ts'
import { type ApiObject, parseStored } from '../objects/json.ts'
import { readObject } from '../objects/meta.ts'
import { managedFields, type Owner } from '../objects/ownership.ts'
import { alreadyExists, badRequest, forbidden, notFound } from '../objects/status.ts'
import type { Draft } from '../storage/item.ts'
import { effectsOf, withToken } from './accounts.ts'
import { act, type Call, type Site, store, timestamp, type World, type Written } from './call.ts'
import { checkAdmission } from './guard.ts'
import { begun, prepared } from './prepare.ts'

/** Makes a new object of the body. */
export const createObject = (world: World, call: Call, body: unknown): Promise<Written> =>
  act(world, call, (draft) => createIn(draft, { world, call }, readObject(call.served, body)))

/** As part of another write, too. */
export function createIn(draft: Draft, { world, call, owners = [] }: Site, given: ApiObject): Written {
  const { served, namespace, user } = call
  checkPlace(call, given)
  if (given.metadata.resourceVersion !== undefined) throw badRequest('resourceVersion should not be set on objects to be created')
  const name = given.metadata.name === '' ? generated(draft, call, given) : given.metadata.name
  const { deletionTimestamp: _, ...metadata } = given.metadata
  const object = prepared(served, {
    ...given,
    metadata: {
      ...metadata,
      name,
      ...(served.namespaced && { namespace }),
      uid: crypto.randomUUID(),
      creationTimestamp: timestamp(world.now()),
      ...(countsGenerations(call) && { generation: 1 }),
    },
  })
  checkNamespace(draft, call)
  if (draft.get(served.kind, namespace, name) !== undefined) throw alreadyExists(served, name)
  const whole = owned(withToken(draft, world.keys, begun(served, object, world.table)), owners)
  checkAdmission(world, call, { operation: 'CREATE', object: whole, before: undefined })
  const why = escalation(user, served, whole, draft)
  if (why !== undefined) throw forbidden(served, name, why)
  const { text } = store(draft, whole)
  effectsOf(draft, world, whole)
  return { text, isNew: true }
}

/** The object with what is known of who has set its fields. */
export function owned(object: ApiObject, owners: readonly Owner[]): ApiObject {
  const known = managedFields(owners, object.apiVersion)
  return known === undefined ? object : { ...object, metadata: { ...object.metadata, ...{ managedFields: known } } }
}

export function checkPlace({ served, namespace, name }: Call, { metadata }: ApiObject): void {
  if (name !== '' && metadata.name !== '' && metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  if (served.namespaced && metadata.namespace !== undefined && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (!served.namespaced && metadata.namespace !== undefined)
    throw badRequest(`namespace must not be set on objects of kind ${served.kind}: they have none`)
}

function checkNamespace(draft: Draft, { served, namespace }: Call): void {
  if (!served.namespaced) return
  const item = draft.get('Namespace', '', namespace)
  if (item === undefined) throw notFound({ ...served, group: '', plural: 'namespaces' }, namespace)
  if (parseStored(item.text).metadata.deletionTimestamp !== undefined)
    throw forbidden(served, '', `unable to create new content in namespace ${namespace} because it is being terminated`)
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
const LONGEST_PREFIX = 58

function generated(draft: Draft, { served, namespace }: Call, { metadata: { generateName } }: ApiObject): string {
  if (generateName === undefined) return ''
  for (let attempt = 0; attempt < 8; attempt++) {
    const random = [...crypto.getRandomValues(new Uint8Array(5))].map((byte) => LETTERS[byte % LETTERS.length]).join('')
    const name = generateName.slice(0, LONGEST_PREFIX) + random
    if (draft.get(served.kind, namespace, name) === undefined) return name
  }
  throw alreadyExists(served, generateName)
}

const COUNTED = ['apps', 'discovery.k8s.io', 'apiextensions.k8s.io', 'admissionregistration.k8s.io']
/** Kinds whose metadata.generation counts the changes of what is wanted. */
export const countsGenerations = ({ served }: Pick<Call, 'served'>): boolean =>
  served.custom !== undefined || COUNTED.includes(served.group)
