import { describe, expect, it } from '@jest/globals'
import { ApiError } from '../../src/k8s/api.ts'
import { openStore, type StoreOptions } from '../../src/k8s/store.ts'
import type { ConfigMap } from '../../src/model/resources.ts'
import { silentLog } from '../../src/system/log.ts'
import { handClock, settle } from '../fakes/clock.ts'
import { type FakeApi, fakeCluster, make } from '../fakes/kube.ts'

const map = (name: string, value = '1', namespace = 'a'): ConfigMap => make('ConfigMap', name, { data: { value } }, { namespace })

function world(more: Partial<StoreOptions> = {}) {
  const clock = handClock()
  const cluster = fakeCluster({ clock })
  const stop = new AbortController()
  const seen = { changes: 0 }
  const api = cluster.api()
  const open = () =>
    openStore(api, 'ConfigMap', {
      clock,
      log: silentLog,
      signal: stop.signal,
      random: () => 0.5,
      onChange: () => {
        seen.changes += 1
      },
      ...more,
    })
  return { clock, cluster, stop, seen, api, open }
}
const listsOf = (api: FakeApi): number => api.calls.filter((call) => call === 'list ConfigMap').length
const names = (store: { all(): readonly ConfigMap[] }): string[] => store.all().map((object) => object.metadata.name)

describe('a store', () => {
  it('has what is there after ready, then follows every change', async () => {
    const { cluster, open, seen } = world()
    cluster.put(map('one'))
    const store = open()
    await store.ready
    expect(names(store)).toEqual(['one'])
    await settle()
    cluster.put(map('two'))
    cluster.put(map('one', '2'))
    await settle()
    expect(store.get('one', 'a')?.data).toEqual({ value: '2' })
    cluster.drop('ConfigMap', 'two', 'a')
    await settle()
    expect(names(store)).toEqual(['one'])
    expect(store.synced).toBe(true)
    expect(seen.changes).toBe(4)
  })

  it('keeps to its query', async () => {
    const { cluster, open } = world({ query: { namespace: 'a', labels: { app: 'x' } } })
    cluster.put(make('ConfigMap', 'in', {}, { namespace: 'a', labels: { app: 'x' } }))
    cluster.put(make('ConfigMap', 'other', {}, { namespace: 'a' }))
    const store = open()
    await store.ready
    await settle()
    cluster.put(make('ConfigMap', 'later', {}, { namespace: 'a', labels: { app: 'x' } }))
    cluster.put(make('ConfigMap', 'away', {}, { namespace: 'b', labels: { app: 'x' } }))
    cluster.put(make('ConfigMap', 'in', {}, { namespace: 'a' }))
    await settle()
    expect(names(store)).toEqual(['later'])
  })

  it('goes on from its version when the server closes the stream, without a new list', async () => {
    const { cluster, open, clock, api } = world()
    const store = open()
    await clock.advance(10_000)
    cluster.restart()
    cluster.put(map('missed'))
    await clock.advance(200)
    expect(names(store)).toEqual(['missed'])
    expect(listsOf(api)).toBe(1)
  })

  it('lists again when its version is forgotten', async () => {
    const { cluster, open, clock, api } = world()
    cluster.put(map('old'))
    const store = open()
    await clock.advance(10_000)
    api.link = 'silent'
    cluster.put(map('new'))
    cluster.drop('ConfigMap', 'old', 'a')
    cluster.compact()
    cluster.restart()
    api.link = 'up'
    await clock.advance(2_000)
    expect(names(store)).toEqual(['new'])
    expect(listsOf(api)).toBe(2)
  })

  it('keeps what it had while the API is away, says so, and is back soon after it', async () => {
    const { cluster, open, clock, api } = world()
    cluster.put(map('kept'))
    const store = open()
    await clock.advance(1_000)
    api.link = 'refused'
    await clock.advance(60_000)
    expect(names(store)).toEqual(['kept'])
    expect(store.synced).toBe(false)
    expect(store.heardMs()).toBeGreaterThanOrEqual(60_000)
    cluster.put(map('new'))
    api.link = 'up'
    await clock.advance(5_000)
    expect(names(store)).toEqual(['kept', 'new'])
    expect(store.synced).toBe(true)
    expect(store.heardMs()).toBeLessThan(5_000)
  })

  it('asks the server that is away less and less often, to a bound', async () => {
    const { open, clock, api } = world()
    api.link = 'refused'
    open()
    await clock.advance(60_000)
    const first = listsOf(api)
    expect(first).toBeLessThan(30)
    await clock.advance(60_000)
    expect(listsOf(api) - first).toBeGreaterThan(10)
  })

  it('notices a stream that is open and silent', async () => {
    const { cluster, open, clock, api } = world({ idleMs: 30_000, relistMs: 3_600_000 })
    const store = open()
    await clock.advance(1_000)
    api.link = 'silent'
    cluster.put(map('unheard'))
    await clock.advance(61_000)
    api.link = 'up'
    await clock.advance(20_000)
    expect(names(store)).toEqual(['unheard'])
  })

  it('lists on a timer, and finds what the watch has kept from it without calling unchanged objects changed', async () => {
    const { cluster, open, clock, api, seen } = world({ relistMs: 100_000, idleMs: 3_600_000 })
    cluster.put(map('one'))
    open()
    await clock.advance(99_000)
    expect(listsOf(api)).toBe(1)
    await clock.advance(100_000)
    expect(listsOf(api)).toBe(2)
    expect(seen.changes).toBe(1)
  })

  it('sees that a server came back with empty data', async () => {
    const { cluster, open, clock } = world()
    for (const name of ['one', 'two', 'three']) cluster.put(map(name))
    const store = open()
    await clock.advance(10_000)
    cluster.wipe()
    await clock.advance(2_000)
    expect(names(store)).toEqual([])
    cluster.put(map('again'))
    await settle()
    expect(names(store)).toEqual(['again'])
  })

  it('is not shaken by a clock that jumps', async () => {
    const { cluster, open, clock, api } = world()
    const store = open()
    await clock.advance(1_000)
    clock.jump(-86_400_000)
    cluster.put(map('one'))
    await settle()
    expect(names(store)).toEqual(['one'])
    expect(store.heardMs()).toBe(0)
    await clock.advance(400_000)
    expect(listsOf(api)).toBeGreaterThan(1)
  })

  it('opens again with care when the server closes every stream at once', async () => {
    const { cluster, open, clock, api } = world()
    const store = open()
    for (let i = 0; i < 600; i += 1) {
      cluster.restart()
      await clock.advance(100)
    }
    expect(api.calls.length).toBeLessThan(60)
    expect(store.all()).toEqual([])
  })

  it('reports an error of the server once, not at each try', async () => {
    const lines: string[] = []
    const log = { ...silentLog, warn: (m: string) => lines.push(m), info: (m: string) => lines.push(m), with: () => log }
    const { open, clock, api } = world({ log })
    api.failNext(new ApiError(403, 'Forbidden', 'no'), () => true, 5)
    open()
    await clock.advance(60_000)
    expect(lines).toEqual(['the API does not answer as it should', 'the API answers again'])
  })

  it('ends with its signal, in every state', async () => {
    for (const link of ['up', 'refused', 'silent'] as const) {
      const { open, clock, api, stop } = world()
      api.link = link
      const store = open()
      await clock.advance(1_000)
      stop.abort()
      await clock.advance(20_000)
      await store.ended
      await store.ready
      expect(clock.sleeping).toBe(0)
    }
  })
})
