import { expect, it } from '@jest/globals'
import { ApiError } from '../../src/k8s/api.ts'
import { listFound, servedKinds } from '../../src/k8s/discover.ts'
import { fakeCluster } from '../fakes/kube.ts'

const WIDGETS = { apiVersion: 'x.io/v1', kind: 'Widget', plural: 'widgets', namespaced: true }
const page = (names: readonly string[], next = ''): string =>
  JSON.stringify({
    metadata: { continue: next },
    items: names.map((name) => ({ metadata: { name, managedFields: [{ manager: 'm', fieldsV1: { a: {} } }] } })),
  })
const apiOf = (answer: (path: string) => string) => ({ ...fakeCluster().api(), raw: async (path: string) => answer(path) })

it('lists what can be listed, and names groups that do not answer', async () => {
  const api = apiOf((path) => {
    if (path === '/apis')
      return JSON.stringify({
        groups: [{ preferredVersion: { groupVersion: 'x.io/v1' } }, { preferredVersion: { groupVersion: 'down.io/v1' } }],
      })
    if (path === '/api/v1')
      return JSON.stringify({
        resources: [
          { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['get', 'list'] },
          { name: 'pods/log', kind: 'Pod', verbs: ['get', 'list'] },
        ],
      })
    if (path === '/apis/x.io/v1') return JSON.stringify({ resources: [{ name: 'reviews', kind: 'Review', verbs: ['create'] }] })
    throw new ApiError(503, 'ServiceUnavailable', 'nobody is there')
  })
  expect(await servedKinds(api)).toEqual({
    kinds: [{ apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }],
    silent: ['down.io/v1: nobody is there'],
  })
})

it('follows pages, and takes all at once where the server has forgotten them', async () => {
  const asked: string[] = []
  const api = apiOf((path) => {
    asked.push(path)
    if (path.includes('continue=')) throw new ApiError(410, 'Expired', 'too old')
    return path.includes('limit=') ? page(['a'], 'more') : page(['a', 'b'])
  })
  const found = await listFound(api, WIDGETS, { namespace: 'n' })
  expect(found.map(({ kind, metadata, managed }) => [kind, metadata.name, managed[0]?.manager])).toEqual([
    ['Widget', 'a', 'm'],
    ['Widget', 'b', 'm'],
  ])
  expect(asked).toEqual([
    '/apis/x.io/v1/namespaces/n/widgets?limit=500',
    '/apis/x.io/v1/namespaces/n/widgets?limit=500&continue=more',
    '/apis/x.io/v1/namespaces/n/widgets',
  ])
})

it('a kind that is served no more has no objects; one that may not be listed is an error', async () => {
  expect(
    await listFound(
      apiOf(() => {
        throw new ApiError(404, 'NotFound', '')
      }),
      WIDGETS,
    ),
  ).toEqual([])
  await expect(
    listFound(
      apiOf(() => {
        throw new ApiError(403, 'Forbidden', 'no')
      }),
      WIDGETS,
    ),
  ).rejects.toMatchObject({ code: 403 })
})
