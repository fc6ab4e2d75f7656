import { describe, expect, it } from '@jest/globals'
import type { Readmission } from '../../src/apiserver/access/readmission.ts'
import { type Bearer, userOfToken } from '../../src/apiserver/access/tokens.ts'
import { accountUser } from '../../src/apiserver/access/user.ts'
import type { World } from '../../src/apiserver/writes/call.ts'
import { createObject } from '../../src/apiserver/writes/create.ts'
import { readmit } from '../../src/apiserver/writes/readmit.ts'
import { removeObject } from '../../src/apiserver/writes/remove.ts'
import { callOf, KEYS, openWorld } from './world.ts'

const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'west' } }
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'west-token', annotations: { 'kubernetes.io/service-account.name': 'west' } },
  type: 'kubernetes.io/service-account-token',
}
const binding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'west' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'member' },
  subjects: [{ kind: 'ServiceAccount', name: 'west', namespace: 'default' }],
}
const make = (world: World, object: { kind: string }) => createObject(world, callOf(world, object.kind), object)
const west = accountUser('default', 'west')

/** A token that a server with the same keys has made, in data that are lost by now. */
async function lostToken(name = 'west'): Promise<string> {
  const world = await openWorld()
  await make(world, { ...account, ...{ metadata: { name } } })
  const { text } = await make(world, {
    ...secret,
    ...{ metadata: { name: `${name}-token`, annotations: { 'kubernetes.io/service-account.name': name } } },
  })
  return Buffer.from(JSON.parse(text).data.token, 'base64').toString()
}

const asked: Bearer[] = []
const rule: Readmission = (bearer) => {
  asked.push(bearer)
  const namespace = 'default'
  const placed = [account, secret, binding].map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }))
  return bearer.account === 'west' ? placed : undefined
}
const madeAnew = async (): Promise<World> => ({ ...(await openWorld()), readmit: rule })

describe('in data that were made anew over the same keys', () => {
  it('the bearer of a token comes back with the account, the token and the rights that the rule gives', async () => {
    const [world, token] = [await madeAnew(), await lostToken()]
    expect(userOfToken(token, KEYS, world.state)).toBeUndefined()
    expect(await readmit(world, token)).toEqual(west)
    expect(userOfToken(token, KEYS, world.state)).toEqual(west)
    expect(world.state.get('RoleBinding', 'default', 'west')?.text).toContain('"member"')
    expect(asked.at(-1)).toMatchObject({ namespace: 'default', account: 'west', secret: 'west-token' })
  })
  it('many requests at once bring it back once', async () => {
    const [world, token] = [await madeAnew(), await lostToken()]
    const before = asked.length
    expect(await Promise.all([1, 2, 3].map(() => readmit(world, token)))).toEqual([west, west, west])
    expect(asked.length - before).toBe(1)
  })
  it.each([
    ['its account', 'ServiceAccount', 'west'],
    ['the Secret of its token', 'Secret', 'west-token'],
  ])('it does not come back a second time: who deletes %s has shut it out', async (_, kind, name) => {
    const [world, token] = [await madeAnew(), await lostToken()]
    await readmit(world, token)
    await removeObject(world, callOf(world, kind, { name }), {})
    expect(await readmit(world, token)).toBeUndefined()
    expect(userOfToken(token, KEYS, world.state)).toBeUndefined()
  })
  it('a token does not bring back an account that was made since, nor one that was made and deleted', async () => {
    const [world, token] = [await madeAnew(), await lostToken()]
    await make(world, account)
    expect(await readmit(world, token)).toBeUndefined()
    await removeObject(world, callOf(world, 'ServiceAccount', { name: 'west' }), {})
    expect(await readmit(world, token)).toBeUndefined()
  })
  it('only what the keys have signed, and the rule lets in, comes back', async () => {
    const [world, token, other] = [await madeAnew(), await lostToken(), await lostToken('other')]
    const foreign = { ...world, keys: { ...KEYS, signing: Buffer.from('another key').toString('base64') } }
    const [header = '', , signature = ''] = token.split('.')
    const [, body = ''] = other.split('.')
    expect(await readmit(foreign, token)).toBeUndefined()
    for (const wrong of ['', 'a.b.c', `${token}x`, `${header}.${body}.${signature}`, KEYS.admin, other])
      expect(await readmit(world, wrong)).toBeUndefined()
    expect(world.state.all('ServiceAccount')).toEqual([])
  })
})

it('in data that were not lost nobody comes back', async () => {
  const world = await openWorld()
  expect(await readmit(world, await lostToken())).toBeUndefined()
  expect(world.state.all('ServiceAccount')).toEqual([])
})
