import { expect } from '@jest/globals'
import type { Cluster, ConfigMap, Node } from '../../src/model/resources.ts'
import { type Case, cluster, failure, fresh, NAMESPACE } from './contract.ts'

const NO_NAMESPACES = { fake: 'it has no namespaces' }
const NO_SCHEMAS = { fake: 'it has no schemas' }
const settings = (data: Record<string, string>, name: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE },
  data,
})

export const WRITES: readonly Case[] = [
  {
    name: 'creating what is there is a conflict',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      expect(await failure(api.create(cluster(made.metadata.name)))).toMatchObject({ code: 409, reason: 'AlreadyExists', isConflict: true })
    },
  },
  {
    name: 'generateName makes names of its prefix that differ',
    run: async ({ api }) => {
      const nameless = { ...cluster(), metadata: { namespace: NAMESPACE, generateName: 'made-' } } as unknown as Cluster
      const [a, b] = [await api.create(nameless), await api.create(nameless)]
      expect([a.metadata.name, b.metadata.name]).toEqual([expect.stringMatching(/^made-\w{5}$/), expect.stringMatching(/^made-\w{5}$/)])
      expect(a.metadata.name).not.toBe(b.metadata.name)
    },
  },
  {
    name: 'nothing is created in a namespace that is not there',
    except: NO_NAMESPACES,
    run: async ({ api }) =>
      expect(await failure(api.create(cluster(fresh(), { namespace: 'no-such-namespace' })))).toMatchObject({
        code: 404,
        reason: 'NotFound',
        message: expect.stringContaining('namespaces "no-such-namespace" not found'),
      }),
  },
  {
    name: 'a dry run answers as if it had been done, and is not done',
    run: async ({ api }) => {
      const name = fresh()
      expect((await api.create(cluster(name), { dryRun: true })).metadata.name).toBe(name)
      expect((await api.apply(cluster(name), { dryRun: true })).metadata.name).toBe(name)
      expect(await api.get('Cluster', name, NAMESPACE)).toBeUndefined()
      const made = await api.create(cluster(name))
      const dry = await api.apply(cluster(name, { labels: { dry: 'run' } }), { dryRun: true })
      expect(dry.metadata.labels).toMatchObject({ dry: 'run' })
      expect((await api.get('Cluster', name, NAMESPACE))?.metadata.resourceVersion).toBe(made.metadata.resourceVersion)
    },
  },
  {
    name: 'replace takes an object of the version it was read at, and gives it another',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      const changed = await api.replace({ ...made, spec: { ...made.spec, cluster_cidr: ['10.99.0.0/16'] } })
      expect(changed.spec.cluster_cidr).toEqual(['10.99.0.0/16'])
      expect(changed.metadata.uid).toBe(made.metadata.uid)
      expect(changed.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion)
      const late = failure(api.replace({ ...made, spec: { ...made.spec, cluster_cidr: [] } }))
      expect(await late).toMatchObject({ code: 409, reason: 'Conflict', isConflict: true })
    },
  },
  {
    name: 'replace of the same content changes no version',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      expect((await api.replace(made)).metadata.resourceVersion).toBe(made.metadata.resourceVersion)
    },
  },
  {
    name: 'replace of what is not there is not found, and of one made anew under the name a conflict',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      await api.remove('Cluster', made.metadata.name, NAMESPACE)
      expect([404, 409]).toContain((await failure(api.replace(made))).code)
      await api.create(cluster(made.metadata.name))
      expect(await failure(api.replace(made))).toMatchObject({ code: 409, isConflict: true })
    },
  },
  {
    name: 'replace without a version is refused for custom kinds',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      const { resourceVersion: _, ...metadata } = made.metadata
      expect(await failure(api.replace({ ...made, metadata }))).toMatchObject({ code: 422, reason: 'Invalid' })
    },
  },
  {
    name: 'a merge patch sets, removes by null and replaces lists, and leaves the rest',
    run: async ({ api }) => {
      const name = fresh()
      await api.create(cluster(name, { labels: { a: '1', b: '2' } }))
      const change = { metadata: { labels: { a: null, c: '3' } }, spec: { cluster_cidr: ['10.98.0.0/16', '10.97.0.0/16'] } }
      const patched = await api.patch('Cluster', name, NAMESPACE, change)
      expect(patched.metadata.labels).toEqual({ b: '2', c: '3' })
      expect(patched.spec).toEqual({ ...cluster(name).spec, cluster_cidr: ['10.98.0.0/16', '10.97.0.0/16'] })
      expect((await api.patch('Cluster', name, NAMESPACE, change)).metadata.resourceVersion).toBe(patched.metadata.resourceVersion)
      expect(await failure(api.patch('Cluster', 'nothing', NAMESPACE, change))).toMatchObject({ code: 404, reason: 'NotFound' })
    },
  },
  {
    name: 'a merge patch that names a version is a conflict where the object is of another',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      const { name, resourceVersion } = made.metadata
      await api.patch('Cluster', name, NAMESPACE, { metadata: { labels: { first: 'yes' } } })
      const late = api.patch('Cluster', name, NAMESPACE, { metadata: { resourceVersion, labels: { late: 'yes' } } })
      expect(await failure(late)).toMatchObject({ code: 409, isConflict: true })
    },
  },
  {
    name: 'apply creates, changes nothing the second time, and leaves what others have put there',
    run: async ({ api }) => {
      const name = fresh('m')
      const made = await api.apply(settings({ ours: '1' }, name))
      expect((await api.apply(settings({ ours: '1' }, name))).metadata.resourceVersion).toBe(made.metadata.resourceVersion)
      await api.patch('ConfigMap', name, NAMESPACE, { data: { theirs: '2' } })
      expect((await api.apply(settings({ ours: '3' }, name))).data).toEqual({ ours: '3', theirs: '2' })
    },
  },
  {
    name: 'apply takes away what it has put there before and no longer names',
    except: { fake: 'it keeps no record of who set a field' },
    run: async ({ api }) => {
      const name = fresh('m')
      await api.apply(settings({ a: '1', b: '2' }, name))
      expect((await api.apply(settings({ a: '1' }, name))).data).toEqual({ a: '1' })
    },
  },
  {
    name: 'remove says whether there was something',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      expect(await api.remove('Cluster', made.metadata.name, NAMESPACE)).toBe(true)
      expect(await api.remove('Cluster', made.metadata.name, NAMESPACE)).toBe(false)
      expect(await api.get('Cluster', made.metadata.name, NAMESPACE)).toBeUndefined()
    },
  },
  {
    name: 'remove of another uid or version than the object has is a conflict and removes nothing',
    run: async ({ api }) => {
      const made = await api.create(cluster())
      const { name, uid = '', resourceVersion = '' } = made.metadata
      const others = [{ uid: '00000000-0000-0000-0000-000000000000' }, { resourceVersion: '1' }]
      for (const other of others)
        expect(await failure(api.remove('Cluster', name, NAMESPACE, other))).toMatchObject({ code: 409, isConflict: true })
      expect(await api.remove('Cluster', name, NAMESPACE, { uid, resourceVersion })).toBe(true)
    },
  },
  {
    name: 'the status of a Node changes by its subresource alone, and nothing else by that',
    run: async ({ api }) => {
      const made: Node = await api.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: fresh('node') } })
      const status = { addresses: [{ type: 'InternalIP', address: '192.0.2.7' }] }
      const named = await api.replaceStatus({ ...made, metadata: { ...made.metadata, labels: { by: 'status' } }, status })
      expect(named.status?.addresses).toEqual(status.addresses)
      const labelled = await api.replace({ ...named, metadata: { ...named.metadata, labels: { by: 'replace' } }, status: {} })
      expect(labelled).toMatchObject({ metadata: { labels: { by: 'replace' } }, status })
      await api.remove('Node', made.metadata.name)
    },
  },
  {
    name: 'an object that does not fit its schema is refused, and the message names the field',
    except: NO_SCHEMAS,
    run: async ({ api }) => {
      const good = cluster()
      const bad = { ...good, spec: { ...good.spec, cluster_cidr: 'not a list' } }
      expect(await failure(api.create(bad as unknown as Cluster))).toMatchObject({
        code: 422,
        reason: 'Invalid',
        message: expect.stringContaining('spec.cluster_cidr'),
      })
      const { cluster_id: _, ...less } = good.spec
      expect(await failure(api.create({ ...good, spec: less } as unknown as Cluster))).toMatchObject({
        code: 422,
        message: expect.stringContaining('spec.cluster_id'),
      })
    },
  },
  {
    name: 'fields that the schema does not know are left out',
    except: NO_SCHEMAS,
    run: async ({ api }) => {
      const odd = cluster()
      const made = await api.create({ ...odd, spec: { ...odd.spec, unknown: 1 } } as Cluster)
      expect(Object.keys(made.spec)).not.toContain('unknown')
    },
  },
  {
    name: 'names that no object can have are refused',
    except: NO_SCHEMAS,
    run: async ({ api }) => {
      for (const name of ['Upper', 'a b', 'a_b', '-a', 'x'.repeat(254)])
        expect(await failure(api.create({ ...cluster(), metadata: { name, namespace: NAMESPACE } }))).toMatchObject({ code: 422 })
    },
  },
]
