import { request } from 'node:https'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { KubeApi } from '../../src/k8s/api.ts'
import type { Secret } from '../../src/model/resources.ts'
import { openHttp } from '../../src/system/http.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { type Served, type ServeOptions, serve } from './serve.ts'

let served: Served | undefined
const begin = async (options: ServeOptions = {}): Promise<Served> => {
  served = await serve(options)
  return served
}
afterEach(async () => {
  await served?.stop()
  served = undefined
})

const inDefault = (id: string, more = {}) => endpointOf(id, { meta: { namespace: 'default' }, ...more })
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 60_000; !(await holds()); ) {
    if (Date.now() > end) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const figure = async ({ admin }: Served, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await admin.raw('/metrics'))?.[1])

async function follow(api: KubeApi, version: string, signal: AbortSignal, seen: string[]): Promise<void> {
  for await (const event of api.watch('Endpoint', version, {}, signal))
    if (event.type !== 'bookmark') seen.push(`${event.type} ${event.object.metadata.name}`)
}

/** A token of an account that may watch everything. */
async function memberToken(admin: KubeApi): Promise<string> {
  await admin.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'm', namespace: 'default' } })
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'w' } }
  await admin.create({ ...rbac, kind: 'ClusterRole', ...{ rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['watch', 'list'] }] } })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'w' }
  const subjects = [{ kind: 'ServiceAccount', name: 'm', namespace: 'default' }]
  await admin.create({ ...rbac, kind: 'ClusterRoleBinding', ...{ roleRef, subjects } })
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'm', namespace: 'default', annotations: { 'kubernetes.io/service-account.name': 'm' } },
    type: 'kubernetes.io/service-account-token',
  }
  const { data } = await admin.create(secret)
  return Buffer.from(data?.token ?? '', 'base64').toString()
}

describe('watches', () => {
  it('of 250 clients each see every change, in one order', async () => {
    const { admin } = await begin()
    const { version } = await admin.list('Endpoint')
    const stop = new AbortController()
    const seen = Array.from({ length: 250 }, (): string[] => [])
    const following = seen.map((events) => follow(admin, version, stop.signal, events))
    for (let i = 0; i < 5; i++) await admin.create(inDefault(`c${i}`))
    await admin.remove('Endpoint', inDefault('c0').metadata.name, 'default')
    await until(() => seen.every((events) => events.length === 6))
    stop.abort()
    await Promise.all(following)
    expect(new Set(seen.map((events) => events.join())).size).toBe(1)
    expect(seen[0]?.at(-1)).toBe(`gone ${inDefault('c0').metadata.name}`)
  })

  it('of a client that does not read are dropped, and the others see all', async () => {
    const server = await begin({ limits: { stalledMs: 1000 } })
    const { admin, url, ca } = server
    const { version } = await admin.list('Endpoint')
    const path = `/apis/submariner.io/v1/endpoints?watch=true&resourceVersion=${version}`
    const headers = { authorization: `Bearer ${server.server.adminToken}` }
    const deaf = request(url + path, { ca, headers }, (answer) => answer.pause())
    deaf.on('error', () => undefined).end()
    const stop = new AbortController()
    const seen: string[] = []
    const following = follow(admin, version, stop.signal, seen)
    await until(async () => (await figure(server, 'subctl_api_watches')) === 2)
    // More than the buffers of both kernels and of TLS take.
    const big = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key-${i}`, 'x'.repeat(5000)]))
    const first = await admin.create(inDefault('west'))
    const changes = 60
    for (let i = 0; i < changes; i++)
      await admin.patch('Endpoint', first.metadata.name, 'default', { spec: { backend_config: { ...big, i: String(i) } } })
    await until(async () => (await figure(server, 'subctl_api_watches_dropped_total')) === 1)
    await until(() => seen.length === changes + 1)
    stop.abort()
    await following
    deaf.destroy()
  })

  it('beyond the limit of a user, and of all, are refused with 429 until others end', async () => {
    const { admin, as } = await begin({ limits: { mostWatches: 3, mostWatchesOfUser: 2 } })
    const member = as(await memberToken(admin))
    const { version } = await member.list('Endpoint')
    const [mine, others] = [new AbortController(), new AbortController()]
    const refused = async (api: KubeApi): Promise<unknown> => {
      const give = new AbortController()
      const trying = follow(api, version, give.signal, []).then(
        () => undefined,
        (error: unknown) => error,
      )
      const outcome = await Promise.race([trying, new Promise((resolve) => setTimeout(resolve, 1500, 'open'))])
      give.abort()
      return outcome
    }
    const running = [follow(member, version, mine.signal, []), follow(member, version, mine.signal, [])]
    await until(async () => (await figure(served as Served, 'subctl_api_watches')) === 2)
    expect(await refused(member)).toMatchObject({ code: 429, reason: 'TooManyRequests' })
    running.push(follow(admin, version, others.signal, []))
    await until(async () => (await figure(served as Served, 'subctl_api_watches')) === 3)
    expect(await refused(admin)).toMatchObject({ code: 429 })
    mine.abort()
    await until(async () => (await figure(served as Served, 'subctl_api_watches')) === 1)
    expect(await refused(member)).toBe('open')
    others.abort()
    await Promise.all(running)
  })

  it('end when their user’s credential does', async () => {
    const { admin, as } = await begin({ limits: { bookmarkMs: 500 } })
    const member = as(await memberToken(admin))
    const { version } = await member.list('Endpoint')
    const following = follow(member, version, new AbortController().signal, [])
    await until(async () => (await figure(served as Served, 'subctl_api_watches')) === 1)
    await admin.remove('ServiceAccount', 'm', 'default')
    await following
    await expect(member.list('Endpoint')).rejects.toMatchObject({ code: 401 })
  })

  it('end in order when the server does, and it does not wait for them', async () => {
    const server = await begin()
    const { admin } = server
    const { version } = await admin.list('Endpoint')
    const following = [...'abc'].map(() => follow(admin, version, new AbortController().signal, []))
    await until(async () => (await figure(server, 'subctl_api_watches')) === 3)
    await server.stop()
    served = undefined
    await Promise.all(following)
    await expect(admin.list('Endpoint')).rejects.toMatchObject({ code: 0 })
  })

  it('are told by a bookmark, now and then, how far all has come', async () => {
    const { admin } = await begin({ limits: { bookmarkMs: 1000 } })
    const { version } = await admin.list('Endpoint')
    await admin.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'elsewhere', namespace: 'default' } })
    for await (const event of admin.watch('Endpoint', version, {}, new AbortController().signal)) {
      expect(event).toMatchObject({ type: 'bookmark' })
      expect(Number(event.type === 'bookmark' && event.version)).toBeGreaterThan(Number(version))
      break
    }
  })
})

it('health is answered to anybody, figures to who may see them', async () => {
  const { url, ca, admin } = await begin()
  const ask = async (path: string) => (await openHttp({ ca }).ask({ url: url + path })).status
  expect([await ask('/healthz'), await ask('/readyz'), await ask('/livez'), await ask('/version'), await ask('/metrics')]).toEqual([
    200, 200, 200, 200, 403,
  ])
  expect(await admin.raw('/metrics')).toContain('subctl_api_objects{kind="Namespace"} 2')
})
