import { describe, expect, it } from '@jest/globals'
import type { Admission } from '../../src/apiserver/access/admission.ts'
import { APPLY, JSON_PATCH, MERGE } from '../../src/apiserver/objects/patch.ts'
import type { World } from '../../src/apiserver/writes/call.ts'
import { createObject } from '../../src/apiserver/writes/create.ts'
import { patchObject } from '../../src/apiserver/writes/patch.ts'
import { removeObject, removeObjects } from '../../src/apiserver/writes/remove.ts'
import { unknownFields } from '../../src/apiserver/writes/strict.ts'
import { replaceObject } from '../../src/apiserver/writes/update.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { callOf, configMap, failure, kind, MERGING, objectOf, openWorld, type Where } from './world.ts'

const create = async (world: World, object: { kind: string }, where: Where = {}) =>
  objectOf(await createObject(world, callOf(world, object.kind, where), object))
const replace = async (
  world: World,
  object: { kind: string; metadata: { name: string }; spec?: unknown; status?: unknown },
  where: Where = {},
) => objectOf(await replaceObject(world, callOf(world, object.kind, { name: object.metadata.name, ...where }), object))
const patch = async (world: World, [of, name]: [string, string], body: unknown, type = MERGE) =>
  objectOf(await patchObject(world, callOf(world, of, { name }), { ...MERGING, type, body }, () => undefined))
const remove = (world: World, of: string, name: string, where: Where = {}) => removeObject(world, callOf(world, of, { name, ...where }), {})
const there = (world: World, of: string, name: string, namespace = 'default') => world.state.get(of, namespace, name) !== undefined

describe('creating', () => {
  it('fills in what a server does, and takes none of it from the client', async () => {
    const world = await openWorld()
    const foreign = { uid: 'mine', creationTimestamp: '2000-01-01T00:00:00Z', deletionTimestamp: '2000-01-01T00:00:00Z', generation: 7 }
    const made = await create(world, endpointOf('west', { meta: { ...foreign, managedFields: [{}] } as never }))
    expect(made.metadata).toMatchObject({ namespace: 'default', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' })
    expect(made.metadata.uid).not.toBe('mine')
    expect(made.metadata).not.toHaveProperty('deletionTimestamp')
    expect(made.metadata).not.toHaveProperty('managedFields')
  })
  it('makes names that differ of generateName, and keeps them short enough', async () => {
    const world = await openWorld()
    const names = await Promise.all(
      Array.from({ length: 50 }, async () => (await create(world, configMap('', {}, { generateName: 'a'.repeat(80) }))).metadata.name),
    )
    expect(new Set(names).size).toBe(50)
    expect(names.every((name) => name.length === 63)).toBe(true)
  })
  it('turns stringData into data', async () => {
    const world = await openWorld()
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' }, data: { c: 'ZA==' } }
    const made = await create(world, secret)
    expect(made).toMatchObject({ type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } })
    expect(made).not.toHaveProperty('stringData')
    expect(await failure(create(world, { ...secret, metadata: { name: 't' }, data: { c: '!' } } as typeof secret))).toMatchObject({
      code: 400,
    })
  })
  it('tells of a definition whether its kind is served', async () => {
    const world = await openWorld()
    const definition = (plural: string, kindName: string) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.submariner.io` },
      spec: { group: 'submariner.io', names: { plural, kind: kindName }, versions: [{ name: 'v1', storage: true }] },
    })
    const established = (status: string) => ({
      status: { conditions: expect.arrayContaining([expect.objectContaining({ type: 'Established', status })]) },
    })
    expect(await create(world, definition('endpoints', 'Endpoint'))).toMatchObject(established('True'))
    expect(await create(world, definition('others', 'Other'))).toMatchObject(established('False'))
  })
  it('leaves nothing of a dry run', async () => {
    const world = await openWorld()
    const { version } = world.state
    expect((await create(world, configMap('a'), { dryRun: true })).metadata.uid).toBeDefined()
    expect(there(world, 'ConfigMap', 'a')).toBe(false)
    expect(world.state.version).toBe(version)
  })
})

describe('changing', () => {
  it('counts a generation where what is wanted changes, and no version where nothing does', async () => {
    const world = await openWorld()
    const made = await create(world, endpointOf('west'))
    const labelled = await patch(world, ['Endpoint', made.metadata.name], { metadata: { labels: { a: 'b' } } })
    expect(labelled.metadata.generation).toBe(1)
    const changed = await patch(world, ['Endpoint', made.metadata.name], { spec: { hostname: 'other' } })
    expect(changed.metadata.generation).toBe(2)
    const same = await patch(world, ['Endpoint', made.metadata.name], { spec: { hostname: 'other' } })
    expect(same.metadata.resourceVersion).toBe(changed.metadata.resourceVersion)
  })
  it('lets nobody move, rename or re-date an object', async () => {
    const world = await openWorld()
    const made = await create(world, configMap('a'))
    const move = configMap('a', {}, { namespace: 'kube-system' })
    expect(await failure(replace(world, move))).toMatchObject({ code: 400 })
    expect(await failure(replaceObject(world, callOf(world, 'ConfigMap', { name: 'a' }), configMap('b')))).toMatchObject({ code: 400 })
    expect(await failure(replace(world, configMap('a', {}, { uid: 'other' })))).toMatchObject({ code: 409, reason: 'Conflict' })
    const dated = await replace(world, configMap('a', { data: { a: 'b' } }, { creationTimestamp: '2000-01-01T00:00:00Z' }))
    expect(dated.metadata).toMatchObject({ uid: made.metadata.uid, creationTimestamp: made.metadata.creationTimestamp })
  })
  it('keeps status and the rest apart', async () => {
    const world = await openWorld()
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec: { podCIDR: '10.0.0.0/24' }, status: { phase: 'a' } }
    expect(await create(world, node)).toMatchObject({ status: { phase: 'a' } })
    const main = await replace(world, { ...node, spec: { podCIDR: '10.0.1.0/24' }, status: { phase: 'b' } })
    expect(main).toMatchObject({ spec: { podCIDR: '10.0.1.0/24' }, status: { phase: 'a' } })
    const status = await replace(world, { ...node, status: { phase: 'b' } }, { subresource: 'status' })
    expect(status).toMatchObject({ spec: { podCIDR: '10.0.1.0/24' }, status: { phase: 'b' } })
  })
  it('refuses another type of a Secret and another role of a binding', async () => {
    const world = await openWorld()
    await create(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } } as { kind: string })
    expect(await failure(patch(world, ['Secret', 's'], { type: 'other' }))).toMatchObject({ code: 422 })
  })
  it('patches by RFC 6902, all of it or nothing', async () => {
    const world = await openWorld()
    await create(world, configMap('a', { data: { x: '1' } }))
    const ops = [
      { op: 'test', path: '/data/x', value: '1' },
      { op: 'add', path: '/data/y', value: '2' },
    ]
    expect(await patch(world, ['ConfigMap', 'a'], ops, JSON_PATCH)).toMatchObject({ data: { x: '1', y: '2' } })
    const bad = [
      { op: 'remove', path: '/data/x' },
      { op: 'test', path: '/data/y', value: 'no' },
    ]
    expect(await failure(patch(world, ['ConfigMap', 'a'], bad, JSON_PATCH))).toMatchObject({ code: 422 })
    expect(await patch(world, ['ConfigMap', 'a'], {})).toMatchObject({ data: { x: '1', y: '2' } })
  })
  it('cannot make an object another kind’s by a patch', async () => {
    const world = await openWorld()
    await create(world, configMap('a'))
    expect(await failure(patch(world, ['ConfigMap', 'a'], { kind: 'Secret' }))).toMatchObject({ code: 400 })
    expect(await failure(patch(world, ['ConfigMap', 'a'], { metadata: { name: 'b' } }))).toMatchObject({ code: 400 })
  })
  it('apply asks first whether it may make what is missing', async () => {
    const world = await openWorld()
    const forbidden = new Error('forbidden')
    const applying = patchObject(
      world,
      callOf(world, 'ConfigMap', { name: 'a' }),
      { ...MERGING, type: APPLY, body: configMap('a') },
      () => {
        throw forbidden
      },
    )
    await expect(applying).rejects.toBe(forbidden)
  })
})

describe('apply', () => {
  const apply = async (world: World, data: Readonly<Record<string, unknown>>, more: { manager?: string; force?: boolean } = {}) => {
    const patched = { ...MERGING, type: APPLY, body: configMap('a', { data }), ...more }
    return objectOf(await patchObject(world, callOf(world, 'ConfigMap', { name: 'a' }), patched, () => undefined)).data
  }

  it('takes away what its manager named before and names no more, and leaves the rest', async () => {
    const world = await openWorld()
    await apply(world, { x: '1', y: '1' })
    await patch(world, ['ConfigMap', 'a'], { data: { theirs: '1' } })
    expect(await apply(world, { y: '1', z: '1' })).toEqual({ y: '1', z: '1', theirs: '1' })
    expect(await apply(world, { y: '1', z: '1' }, { manager: 'other' })).toEqual({ y: '1', z: '1', theirs: '1' })
    // What two have applied stays until neither names it.
    expect(await apply(world, {})).toEqual({ y: '1', z: '1', theirs: '1' })
    expect(await apply(world, {}, { manager: 'other' })).toEqual({ theirs: '1' })
  })
  it('leaves what another has changed since', async () => {
    const world = await openWorld()
    await apply(world, { x: '1', y: '1' })
    await patch(world, ['ConfigMap', 'a'], { data: { x: '2' } })
    expect(await apply(world, {})).toEqual({ x: '2' })
  })
  it('refuses to change what another has applied, unless by force: then it is the other’s no more', async () => {
    const world = await openWorld()
    await apply(world, { x: '1', y: '1' })
    expect(await failure(apply(world, { x: '2' }, { manager: 'other', force: false }))).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflicts with me: .data.x',
    })
    expect(await apply(world, { y: '1' }, { manager: 'other', force: false })).toEqual({ x: '1', y: '1' })
    expect(await apply(world, { x: '2' }, { manager: 'other' })).toEqual({ x: '2', y: '1' })
    expect(await apply(world, {})).toEqual({ x: '2' })
  })
  it('says nothing new the second time, and takes lists whole', async () => {
    const world = await openWorld()
    const role = (verbs: readonly string[]) => ({
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r' } },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
    })
    const once = await patch(world, ['Role', 'r'], role(['get', 'list']), APPLY)
    expect(await patch(world, ['Role', 'r'], role(['get', 'list']), APPLY)).toEqual(once)
    expect(await patch(world, ['Role', 'r'], role(['get']), APPLY)).toMatchObject({ rules: [{ verbs: ['get'] }] })
  })
  it('keeps its memory through writes of another kind, which cannot set it', async () => {
    const world = await openWorld()
    await apply(world, { x: '1' })
    const fields = [{ manager: 'me', fieldsV1: {} }]
    await replace(world, configMap('a', { data: { x: '1', w: '1' } }, { managedFields: fields }))
    expect(await apply(world, {})).toEqual({ w: '1' })
  })
})

describe('removing', () => {
  it('waits for finalizers, and lets none be added then', async () => {
    const world = await openWorld()
    await create(world, configMap('a', {}, { finalizers: ['x/y'] }))
    const marked = await remove(world, 'ConfigMap', 'a')
    expect(marked.isNew).toBe(true)
    const { deletionTimestamp } = objectOf(marked).metadata
    expect(deletionTimestamp).toBe('2026-01-01T00:00:00Z')
    expect(await failure(patch(world, ['ConfigMap', 'a'], { metadata: { finalizers: ['x/y', 'z/z'] } }))).toMatchObject({ code: 422 })
    expect((await patch(world, ['ConfigMap', 'a'], { metadata: { deletionTimestamp: null } })).metadata.deletionTimestamp).toBe(
      deletionTimestamp,
    )
    await patch(world, ['ConfigMap', 'a'], { metadata: { finalizers: null } })
    expect(there(world, 'ConfigMap', 'a')).toBe(false)
  })
  it('of a namespace takes all that is in it, and waits for what has finalizers', async () => {
    const world = await openWorld()
    await create(world, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } } as { kind: string })
    await create(world, configMap('a', {}, { finalizers: ['x/y'] }), { namespace: 'n' })
    await create(world, configMap('b'), { namespace: 'n' })
    expect(objectOf(await remove(world, 'Namespace', 'n'))).toMatchObject({ status: { phase: 'Terminating' } })
    expect([there(world, 'ConfigMap', 'a', 'n'), there(world, 'ConfigMap', 'b', 'n')]).toEqual([true, false])
    expect(await failure(create(world, configMap('c'), { namespace: 'n' }))).toMatchObject({ code: 403 })
    await patchObject(
      world,
      callOf(world, 'ConfigMap', { name: 'a', namespace: 'n' }),
      { ...MERGING, body: { metadata: { finalizers: null } } },
      () => undefined,
    )
    expect(there(world, 'Namespace', 'n', '')).toBe(false)
    expect(await failure(remove(world, 'Namespace', 'default'))).toMatchObject({ code: 403 })
  })
  it('of a definition takes the kind’s objects', async () => {
    const world = await openWorld()
    const spec = { group: 'submariner.io', names: { plural: 'endpoints', kind: 'Endpoint' }, versions: [] }
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'endpoints.submariner.io' },
      spec,
    }
    await create(world, definition)
    const { name } = (await create(world, endpointOf('west'))).metadata
    await remove(world, 'CustomResourceDefinition', 'endpoints.submariner.io')
    expect(there(world, 'Endpoint', name)).toBe(false)
  })
  it('of many takes what is selected', async () => {
    const world = await openWorld()
    for (const name of ['a', 'b', 'c']) await create(world, configMap(name))
    await removeObjects(world, callOf(world, 'ConfigMap'), ({ name }) => name !== 'b')
    expect(['a', 'b', 'c'].map((name) => there(world, 'ConfigMap', name))).toEqual([false, true, false])
  })
})

describe('the rule of the server', () => {
  it('sees every change before and after, and what it refuses does not happen', async () => {
    const seen: string[] = []
    const admit: Admission = ({ operation, resource, object, before }) => {
      seen.push(`${operation} ${resource} ${object?.metadata.name ?? '-'} ${before?.metadata.name ?? '-'}`)
      return object?.metadata.name === 'bad' ? 'no' : undefined
    }
    const world = await openWorld({ admit })
    seen.length = 0
    expect(await failure(create(world, configMap('bad')))).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'configmaps "bad" is forbidden: no',
    })
    await create(world, configMap('a'))
    await patch(world, ['ConfigMap', 'a'], { data: { a: 'b' } })
    await removeObjects(world, callOf(world, 'ConfigMap'), () => true)
    expect(seen).toEqual(['CREATE configmaps bad -', 'CREATE configmaps a -', 'UPDATE configmaps a a', 'DELETE configmaps - a'])
  })
})

it('unknown fields are told of, or refused, where the client asks for it', async () => {
  const world = await openWorld()
  const body = { ...endpointOf('west'), spec: { ...endpointOf('west').spec, hostnam: 'x' }, extra: {}, metadata: { name: 'a', labls: {} } }
  const told = ['unknown field "spec.hostnam"', 'unknown field "extra"', 'unknown field "metadata.labls"']
  expect(unknownFields(kind(world, 'Endpoint'), body, 'Warn')).toEqual(told)
  expect(unknownFields(kind(world, 'Endpoint'), body, 'Ignore')).toEqual([])
  expect(() => unknownFields(kind(world, 'Endpoint'), body, 'Strict')).toThrow(/strict decoding error: unknown field "spec.hostnam"/)
  expect(unknownFields(kind(world, 'Endpoint'), endpointOf('west'), 'Strict')).toEqual([])
})
