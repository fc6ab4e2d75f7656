// What every API must do that our code speaks to: a real API server, the central one, and the one in memory that unit tests use.
import { describe, expect, it } from '@jest/globals'
import { ApiError, ConflictError, type KubeApi, type Query, type WatchEvent } from '../../src/k8s/api.ts'
import type { Kind, Of } from '../../src/model/kinds.ts'
import type { Cluster, ConfigMap, Resource } from '../../src/model/resources.ts'
import { clusterOf } from '../fakes/clusters.ts'

export type Server = 'real' | 'central' | 'fake'
export interface Subject {
  readonly api: KubeApi
  /** A version of Clusters from which no watch can go on any more. */
  readonly oldVersion: () => Promise<string>
}
/** One promise; `except` names the servers that do not keep it, and why. */
export interface Case {
  readonly name: string
  readonly except?: Partial<Record<Server, string>>
  readonly run: (subject: Subject) => Promise<void>
}

export const NAMESPACE = 'contract'
let count = 0
/** A name that no other test has. */
export const fresh = (prefix = 'c'): string => {
  count += 1
  return `${prefix}-${Date.now().toString(36)}-${count}`
}
export const cluster = (name = fresh(), meta: Partial<Cluster['metadata']> = {}): Cluster =>
  clusterOf(name, { meta: { namespace: NAMESPACE, creationTimestamp: undefined, ...meta } as Partial<Cluster['metadata']> })
const map = (data: Record<string, string>, name = fresh('m')): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE },
  data,
})

/** Runs the table against one server. */
export function contract(server: Server, cases: readonly Case[], open: () => Promise<Subject>): void {
  describe(`the contract of a Kubernetes API, kept by ${server}`, () => {
    for (const { name, except, run } of cases) {
      const why = except?.[server]
      if (why === undefined) it(name, async () => run(await open()), 60_000)
      else it.skip(`${name} (not promised: ${why})`, () => undefined)
    }
  })
}

export const failure = async (call: Promise<unknown>): Promise<{ code: number; reason: string; message: string; isConflict: boolean }> => {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiError)
      return { code: error.code, reason: error.reason, message: error.message, isConflict: error instanceof ConflictError }
    throw error
  }
  throw new Error('the call succeeded')
}

interface WatchOf<K extends Kind> {
  readonly kind: K
  readonly version: string
  readonly query?: Query
  /** Bookmarks left out. */
  readonly count: number
}
/** The first events of a watch while the work is done. */
async function eventsDuring<K extends Kind>(api: KubeApi, watch: WatchOf<K>, work: () => Promise<unknown>): Promise<WatchEvent<Of<K>>[]> {
  const stop = new AbortController()
  const events: WatchEvent<Of<K>>[] = []
  const read = async (): Promise<void> => {
    for await (const event of api.watch(watch.kind, watch.version, watch.query ?? {}, stop.signal)) {
      if (event.type !== 'bookmark') events.push(event)
      if (events.length >= watch.count) break
    }
  }
  const reading = read()
  try {
    await work()
    await reading
    return events
  } finally {
    stop.abort()
    await reading.catch(() => undefined)
  }
}
const told = (events: readonly WatchEvent<Resource>[]): readonly string[] =>
  events.map((event) => (event.type === 'bookmark' ? 'bookmark' : `${event.type} ${event.object.metadata.name}`))
const versionOf = (object: Resource): number => Number(object.metadata.resourceVersion)

export const READS: readonly Case[] = [
  {
    name: 'what was created is there as it was answered, with a uid, a version and a time',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      expect(made.metadata).toMatchObject({ uid: expect.any(String), resourceVersion: expect.stringMatching(/^\d+$/) })
      expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      expect(JSON.stringify(await api.get('Cluster', made.metadata.name, NAMESPACE))).toBe(JSON.stringify(made))
    },
  },
  {
    name: 'what is not there is undefined, not an error',
    run: async ({ api }) => {
      expect(await api.get('Cluster', 'nothing', NAMESPACE)).toBeUndefined()
      expect(await api.get('Cluster', 'nothing', 'no-such-namespace')).toBeUndefined()
    },
  },
  {
    name: 'a list holds what has the labels, the name and the namespace that are asked for',
    run: async ({ api }) => {
      const [a, b, group] = [fresh('a'), fresh('b'), fresh('g')]
      await api.create(cluster(a, { labels: { group, side: 'left' } }))
      await api.create(cluster(b, { labels: { group, side: 'right' } }))
      const names = async (query: Query): Promise<readonly string[]> =>
        (await api.list('Cluster', query)).items.map(({ metadata }) => metadata.name).sort()
      expect(await names({ namespace: NAMESPACE, labels: { group } })).toEqual([a, b])
      expect(await names({ labels: { group, side: 'right' } })).toEqual([b])
      expect(await names({ namespace: NAMESPACE, labels: { group, side: '' } })).toEqual([a, b])
      expect(await names({ namespace: NAMESPACE, labels: { group, other: '' } })).toEqual([])
      expect(await names({ namespace: NAMESPACE, name: a })).toEqual([a])
      expect(await names({ namespace: 'elsewhere', labels: { group } })).toEqual([])
    },
  },
  {
    name: 'a watch from the version of a list tells what comes after it, in order, and nothing of before',
    run: async ({ api }) => {
      const name = fresh()
      await api.create(cluster())
      const { version } = await api.list('Cluster', { namespace: NAMESPACE })
      const events = await eventsDuring(api, { kind: 'Cluster', version, query: { namespace: NAMESPACE }, count: 3 }, async () => {
        const made = await api.create(cluster(name))
        await api.replace({ ...made, metadata: { ...made.metadata, labels: { seen: 'yes' } } })
        await api.remove('Cluster', name, NAMESPACE)
      })
      expect(told(events)).toEqual([`put ${name}`, `put ${name}`, `gone ${name}`])
      const versions = events.map((event) => (event.type === 'bookmark' ? 0 : versionOf(event.object)))
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
      expect(versions[0]).toBeGreaterThan(Number(version))
    },
  },
  {
    name: 'a watch that starts late is told what it has missed',
    run: async ({ api }) => {
      const { version } = await api.list('Cluster')
      const made = await api.create(cluster())
      await api.remove('Cluster', made.metadata.name, NAMESPACE)
      const events = await eventsDuring(api, { kind: 'Cluster', version, count: 2 }, async () => undefined)
      expect(told(events)).toEqual([`put ${made.metadata.name}`, `gone ${made.metadata.name}`])
    },
  },
  {
    name: 'a watch by label tells an object that gets the label as put and one that loses it as gone',
    run: async ({ api }) => {
      const [name, group] = [fresh(), fresh('g')]
      const made = await api.create(cluster(name))
      const { version } = await api.list('Cluster', { namespace: NAMESPACE })
      const query = { namespace: NAMESPACE, labels: { group } }
      const events = await eventsDuring(api, { kind: 'Cluster', version, query, count: 3 }, async () => {
        await api.patch('Cluster', name, NAMESPACE, { metadata: { labels: { group } } })
        await api.patch('Cluster', name, NAMESPACE, { metadata: { labels: { group: null } } })
        await api.patch('Cluster', name, NAMESPACE, { metadata: { labels: { group } } })
      })
      expect(told(events)).toEqual([`put ${name}`, `gone ${name}`, `put ${name}`])
      expect(events.every((event) => event.type === 'bookmark' || event.object.metadata.uid === made.metadata.uid)).toBe(true)
    },
  },
  {
    name: 'a watch of one name is told of no other',
    run: async ({ api }) => {
      const [a, b] = [fresh('a'), fresh('b')]
      const { version } = await api.list('Cluster')
      const events = await eventsDuring(api, { kind: 'Cluster', version, query: { namespace: NAMESPACE, name: b }, count: 1 }, async () => {
        await api.create(cluster(a))
        await api.create(cluster(b))
      })
      expect(told(events)).toEqual([`put ${b}`])
    },
  },
  {
    name: 'a watch from a version that is forgotten fails with 410',
    run: async ({ api, oldVersion }) => {
      const version = await oldVersion()
      const read = eventsDuring(api, { kind: 'Cluster', version, count: 1 }, async () => undefined)
      expect(await failure(read)).toMatchObject({ code: 410, reason: expect.stringMatching(/^(Expired|Gone)$/) })
    },
  },
  {
    name: 'a watch ends without an error when its reader has enough',
    run: async ({ api }) => {
      const { version } = await api.list('ConfigMap')
      const stop = new AbortController()
      const end = (async () => {
        for await (const event of api.watch('ConfigMap', version, {}, stop.signal)) if (event.type === 'put') stop.abort()
      })()
      await api.create(map({ a: '1' }))
      await expect(end).resolves.toBeUndefined()
    },
  },
]
