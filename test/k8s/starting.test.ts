// What a laptop's commands do while an API server has just started.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from '@jest/globals'
import { ApiError, type KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { wholeKinds } from '../../src/k8s/discover.ts'
import type { Clock } from '../../src/system/clock.ts'
import { fakeCluster } from '../fakes/kube.ts'

const STARTING = JSON.stringify({
  ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'ServiceUnavailable', code: 503 },
  message: 'the request has been made before all known HTTP paths have been installed yet, please try again',
})
/** Time passes where somebody sleeps, and only there. */
function turning(): Clock {
  let now = 0
  return {
    now: () => now,
    async sleep(ms) {
      now += ms
    },
  }
}
const servers: { close(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
/** A server that refuses so many requests, and then answers. */
async function server(refusals: number, refusal = STARTING): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = []
  const made = createServer((request, answer) => {
    asked.push(`${request.method} ${request.url?.split('?')[0]}`)
    if (asked.length <= refusals) return answer.writeHead(503, { 'content-type': 'application/json', connection: 'close' }).end(refusal)
    answer.writeHead(200, { connection: 'close' }).end(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }))
  })
  servers.push(made)
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, asked }
}
const open = (url: string, clock?: Clock): KubeApi => openApi({ server: url, credentials: async () => ({}) }, { ...(clock && { clock }) })
const MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'n' } }

it('what it does not serve yet is asked for again, writes too', async () => {
  const { url, asked } = await server(3)
  expect((await open(url, turning()).create(MAP)).metadata.name).toBe('x')
  expect(asked).toEqual(Array.from({ length: 4 }, () => 'POST /api/v1/namespaces/n/configmaps'))
})

it('one that stays so is told after some seconds; agents, which look again by themselves, and other faults of a server do not wait', async () => {
  const { url, asked } = await server(1_000)
  const clock = turning()
  await expect(open(url, clock).get('ConfigMap', 'x', 'n')).rejects.toThrow('before all known HTTP paths')
  expect(clock.now()).toBe(15_000)
  asked.length = 0
  await expect(open(url).get('ConfigMap', 'x', 'n')).rejects.toThrow('before all known HTTP paths')
  expect(asked).toHaveLength(1)
  const broken = await server(1_000, STARTING.replace('before all known', 'for'))
  await expect(open(broken.url, turning()).get('ConfigMap', 'x', 'n')).rejects.toThrow(ApiError)
  expect(broken.asked).toHaveLength(1)
})

/** Discovery that has the groups after so many looks. */
function discovering(looks: number): KubeApi {
  const groups = (names: readonly string[]): string =>
    JSON.stringify({ groups: names.map((name) => ({ preferredVersion: { groupVersion: `${name}/v1` } })) })
  const kind = JSON.stringify({ resources: [{ name: 'things', kind: 'Thing', namespaced: true, verbs: ['get', 'list'] }] })
  let count = 0
  const raw = async (path: string): Promise<string> => {
    if (path !== '/apis') return kind
    count += 1
    return groups(count > looks ? ['apps', 'rbac.authorization.k8s.io'] : ['apps'])
  }
  return { ...fakeCluster().api(), raw }
}

it('kinds that every cluster has are waited for, and not taken for absent', async () => {
  const { kinds } = await wholeKinds(discovering(2), { clock: turning() })
  expect(kinds.map(({ apiVersion }) => apiVersion)).toContain('rbac.authorization.k8s.io/v1')
  await expect(wholeKinds(discovering(1_000), { clock: turning() })).rejects.toThrow(
    'it does not serve rbac.authorization.k8s.io, which every cluster has; it may still be starting',
  )
})
