import { describe, expect, it } from '@jest/globals'
import { mayAsk, mayReadPath, type ResourceAsk } from '../../src/apiserver/access/rights.ts'
import { userOfToken } from '../../src/apiserver/access/tokens.ts'
import { ADMIN, ANONYMOUS, accountUser } from '../../src/apiserver/access/user.ts'
import type { World } from '../../src/apiserver/writes/call.ts'
import { createObject } from '../../src/apiserver/writes/create.ts'
import { removeObject } from '../../src/apiserver/writes/remove.ts'
import { seed } from '../../src/apiserver/writes/seed.ts'
import { replaceObject } from '../../src/apiserver/writes/update.ts'
import { callOf, failure, KEYS, objectOf, openWorld, type Where } from './world.ts'

const RBAC = { apiVersion: 'rbac.authorization.k8s.io/v1' }
const west = accountUser('default', 'west')

const role = (world: World, name: string, rules: readonly unknown[], kind = 'Role') =>
  createObject(world, callOf(world, kind), { ...RBAC, kind, metadata: { name }, rules })
const bind = (world: World, to: string, more: { kind?: string; refKind?: string; subject?: unknown } & Where = {}) => {
  const {
    kind = 'RoleBinding',
    refKind = 'Role',
    subject = { kind: 'ServiceAccount', name: 'west', namespace: 'default' },
    ...where
  } = more
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: refKind, name: to }
  return createObject(world, callOf(world, kind, where), {
    ...RBAC,
    kind,
    metadata: { name: `${to}-${refKind.length}` },
    roleRef,
    subjects: [subject],
  })
}
const ask = (verb: string, resource: string, more: Partial<ResourceAsk> = {}): ResourceAsk => ({
  ...{ verb, resource, group: '', namespace: 'default', name: '' },
  ...more,
})

describe('rights', () => {
  it('are what bindings give in a namespace, and no more', async () => {
    const world = await openWorld()
    await role(world, 'reader', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }])
    await bind(world, 'reader')
    expect(mayAsk(west, ask('get', 'configmaps', { name: 'a' }), world.state)).toBe(true)
    expect(mayAsk(west, ask('update', 'configmaps'), world.state)).toBe(false)
    expect(mayAsk(west, ask('get', 'secrets'), world.state)).toBe(false)
    expect(mayAsk(west, ask('get', 'configmaps', { namespace: 'kube-system' }), world.state)).toBe(false)
    expect(mayAsk(west, ask('list', 'configmaps', { namespace: '' }), world.state)).toBe(false)
    expect(mayAsk(west, ask('get', 'configmaps', { group: 'submariner.io' }), world.state)).toBe(false)
    expect(mayAsk(accountUser('default', 'east'), ask('get', 'configmaps'), world.state)).toBe(false)
    expect(mayAsk(ADMIN, ask('delete', 'nodes'), world.state)).toBe(true)
    expect(mayAsk(ANONYMOUS, ask('get', 'configmaps'), world.state)).toBe(false)
  })
  it('by resourceNames are for those names, and for no collection', async () => {
    const world = await openWorld()
    await role(world, 'one', [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['*'] }])
    await bind(world, 'one')
    expect(mayAsk(west, ask('get', 'secrets', { name: 'mine' }), world.state)).toBe(true)
    expect(mayAsk(west, ask('get', 'secrets', { name: 'other' }), world.state)).toBe(false)
    expect(mayAsk(west, ask('list', 'secrets'), world.state)).toBe(false)
    expect(mayAsk(west, ask('create', 'secrets'), world.state)).toBe(false)
  })
  it('to an object are none to its status, unless the rule says so', async () => {
    const world = await openWorld()
    await role(world, 'main', [{ apiGroups: [''], resources: ['nodes'], verbs: ['update'] }], 'ClusterRole')
    await bind(world, 'main', { kind: 'ClusterRoleBinding', refKind: 'ClusterRole' })
    const node = { namespace: '', name: 'n' }
    expect(mayAsk(west, ask('update', 'nodes', node), world.state)).toBe(true)
    expect(mayAsk(west, ask('update', 'nodes/status', node), world.state)).toBe(false)
    await role(world, 'status', [{ apiGroups: ['*'], resources: ['*/status'], verbs: ['update'] }], 'ClusterRole')
    await bind(world, 'status', { kind: 'ClusterRoleBinding', refKind: 'ClusterRole' })
    expect(mayAsk(west, ask('update', 'nodes/status', node), world.state)).toBe(true)
  })
  it('come by groups and users too, and end with their binding', async () => {
    const world = await openWorld()
    await role(world, 'r', [{ apiGroups: ['*'], resources: ['*'], verbs: ['get'] }], 'ClusterRole')
    await bind(world, 'r', { refKind: 'ClusterRole', subject: { kind: 'Group', name: 'system:serviceaccounts:default' } })
    expect(mayAsk(west, ask('get', 'secrets'), world.state)).toBe(true)
    await removeObject(world, callOf(world, 'RoleBinding', { name: 'r-11' }), {})
    expect(mayAsk(west, ask('get', 'secrets'), world.state)).toBe(false)
  })
  it('survive rules that are none', async () => {
    const world = await openWorld()
    await role(world, 'odd', [null, 'x', { verbs: 'get' }, { verbs: ['get'], apiGroups: [7], resources: {} }])
    await bind(world, 'odd')
    expect(mayAsk(west, ask('get', 'secrets'), world.state)).toBe(false)
  })
  it('to paths are health for all, discovery for whoever is known, the rest by rules', async () => {
    const world = await openWorld()
    const may = (user: typeof west, path: string) => mayReadPath(user, { verb: 'get', path }, world.state)
    expect([may(ANONYMOUS, '/readyz'), may(ANONYMOUS, '/api'), may(west, '/apis/submariner.io'), may(west, '/metrics')]).toEqual([
      true,
      false,
      true,
      false,
    ])
    await role(world, 'scrape', [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }], 'ClusterRole')
    await bind(world, 'scrape', { kind: 'ClusterRoleBinding', refKind: 'ClusterRole' })
    expect(may(west, '/metrics')).toBe(true)
  })
})

describe('nobody gives what he does not have', () => {
  const rules = [
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create', 'update'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
  ]
  const write = (world: World, given: readonly unknown[]) =>
    failure(createObject(world, callOf(world, 'Role', { user: west }), { ...RBAC, kind: 'Role', metadata: { name: 'mine' }, rules: given }))

  it('by writing a role', async () => {
    const world = await openWorld()
    await role(world, 'a', rules)
    await bind(world, 'a')
    expect(await write(world, [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }])).toMatchObject({ code: 403 })
    expect(await write(world, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])).toMatchObject({ code: 403 })
    const held = { ...RBAC, kind: 'Role', metadata: { name: 'mine' }, rules: [rules[1]] }
    await expect(createObject(world, callOf(world, 'Role', { user: west }), held)).resolves.toMatchObject({ isNew: true })
    const more = { ...held, rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] }
    expect(await failure(replaceObject(world, callOf(world, 'Role', { user: west, name: 'mine' }), more))).toMatchObject({ code: 403 })
  })
  it('by binding to a role, unless it may bind to that one', async () => {
    const world = await openWorld()
    await role(world, 'strong', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])
    await role(world, 'b', [
      ...rules,
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], resourceNames: ['member'], verbs: ['bind'] },
    ])
    await role(world, 'member', [{ apiGroups: ['submariner.io'], resources: ['endpoints'], verbs: ['get'] }])
    await bind(world, 'b')
    expect(await failure(bind(world, 'strong', { user: west }))).toMatchObject({ code: 403 })
    expect(await failure(bind(world, 'not-there', { user: west }))).toMatchObject({ code: 403 })
    await expect(bind(world, 'member', { user: west })).resolves.toMatchObject({ isNew: true })
  })
})

describe('tokens', () => {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'west' } }
  const secret = (name = 'west-token', more = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, annotations: { 'kubernetes.io/service-account.name': 'west' } },
    type: 'kubernetes.io/service-account-token',
    ...more,
  })
  const make = async (world: World, object: { kind: string }) => objectOf(await createObject(world, callOf(world, object.kind), object))
  const tokenIn = (world: World, name = 'west-token') => {
    const { data } = JSON.parse(world.state.get('Secret', 'default', name)?.text ?? '{}')
    return Buffer.from(data?.token ?? '', 'base64').toString()
  }

  it('are put into a Secret that names an account, with the authority and the namespace', async () => {
    const world = await openWorld()
    await make(world, account)
    const made = await make(world, secret())
    expect(made).toMatchObject({
      data: { 'ca.crt': Buffer.from('CA').toString('base64'), namespace: Buffer.from('default').toString('base64') },
    })
    expect(userOfToken(tokenIn(world), KEYS, world.state)).toEqual(west)
  })
  it('show the authority that the server has now, after one was made anew', async () => {
    const world = await openWorld()
    await make(world, account)
    await make(world, secret())
    const token = tokenIn(world)
    const later = { ...world, keys: { ...KEYS, ca: 'NEW' } }
    await seed(later)
    const { data } = JSON.parse(world.state.get('Secret', 'default', 'west-token')?.text ?? '{}')
    expect(data).toMatchObject({ 'ca.crt': Buffer.from('NEW').toString('base64') })
    expect([tokenIn(world), userOfToken(token, later.keys, world.state)]).toEqual([token, west])
  })
  it('come when the account does', async () => {
    const world = await openWorld()
    await make(world, secret())
    expect(tokenIn(world)).toBe('')
    await make(world, account)
    expect(userOfToken(tokenIn(world), KEYS, world.state)).toEqual(west)
  })
  it('are this server’s to make: one that a user writes is worth nothing', async () => {
    const world = await openWorld()
    await make(world, account)
    await make(world, secret('forged', { data: { token: Buffer.from('my-own').toString('base64') } }))
    expect(userOfToken('my-own', KEYS, world.state)).toBeUndefined()
    expect(userOfToken(tokenIn(world, 'forged'), KEYS, world.state)).toEqual(west)
  })
  it('end with their Secret, with their account, and with another account of the name', async () => {
    const world = await openWorld()
    await make(world, account)
    await make(world, secret())
    await make(world, secret('second'))
    const [first, second] = [tokenIn(world), tokenIn(world, 'second')]
    await removeObject(world, callOf(world, 'Secret', { name: 'west-token' }), {})
    expect(userOfToken(first, KEYS, world.state)).toBeUndefined()
    expect(userOfToken(second, KEYS, world.state)).toEqual(west)
    await removeObject(world, callOf(world, 'ServiceAccount', { name: 'west' }), {})
    expect(world.state.get('Secret', 'default', 'second')).toBeUndefined()
    await make(world, account)
    await make(world, secret('second'))
    expect(userOfToken(second, KEYS, world.state)).toBeUndefined()
  })
  it('are told from what only looks like one', async () => {
    const world = await openWorld()
    await make(world, account)
    await make(world, secret())
    const [header = '', body = '', signature = ''] = tokenIn(world).split('.')
    const other = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'x' })).toString('base64url')
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
    for (const token of [
      '',
      'a.b.c',
      `${header}.${other}.${signature}`,
      `${none}.${body}.`,
      `${header}.${body}.${signature}x`,
      `${KEYS.admin}x`,
    ])
      expect(userOfToken(token, KEYS, world.state)).toBeUndefined()
    expect(userOfToken(KEYS.admin, KEYS, world.state)).toEqual(ADMIN)
  })
})
