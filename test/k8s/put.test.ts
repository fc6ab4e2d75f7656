import { describe, expect, it } from '@jest/globals'
import { ConflictError } from '../../src/k8s/api.ts'
import { covers, ensure, merged, put } from '../../src/k8s/put.ts'
import type { ConfigMap } from '../../src/model/resources.ts'
import { fakeCluster } from '../fakes/kube.ts'

const map = (data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'm', namespace: 'n' },
  data,
})

describe.each([
  ['put', put],
  ['ensure', ensure],
])('%s()', (_, write) => {
  it('creates, leaves what is true already, and changes what is not, keeping what others have put there', async () => {
    const cluster = fakeCluster()
    expect(await write(cluster.api(), map({ a: '1' }))).toBe('created')
    cluster.put(map({ a: '1', theirs: '2' }))
    const version = (): string | undefined => cluster.objects('ConfigMap')[0]?.metadata.resourceVersion
    const before = version()
    expect(await write(cluster.api(), map({ a: '1' }))).toBe('same')
    expect(version()).toBe(before)
    expect(await write(cluster.api(), map({ a: '3' }))).toBe('changed')
    expect(cluster.objects('ConfigMap')[0]?.data).toEqual({ a: '3', theirs: '2' })
  })
})

describe('ensure()', () => {
  it('looks again where somebody else was at it in between, and gives up after some tries', async () => {
    const cluster = fakeCluster()
    const api = cluster.api()
    const conflict = new ConflictError(409, 'AlreadyExists', 'there it is')
    api.failNext(conflict, (call) => call.startsWith('create'), 2)
    expect(await ensure(api, map({ a: '1' }))).toBe('created')
    api.failNext(conflict, (call) => call.startsWith('replace'), 9)
    await expect(ensure(api, map({ a: '2' }))).rejects.toBe(conflict)
  })
  it('patches nothing: it creates and updates alone', async () => {
    const api = fakeCluster().api()
    for (const a of ['1', '1', '2']) await ensure(api, map({ a }))
    expect(api.calls.map((call) => call.split(' ')[0])).toEqual(['get', 'create', 'get', 'get', 'replace'])
  })
})

it('an object covers what it was merged with', () => {
  const wanted = { ...map({ b: '2' }), metadata: { name: 'm', namespace: 'n', labels: { x: 'y' } } }
  const result = merged(map({ a: '1' }), wanted)
  expect(result.data).toEqual({ a: '1', b: '2' })
  expect(covers(result, wanted)).toBe(true)
})
