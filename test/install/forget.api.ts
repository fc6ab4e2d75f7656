import { beforeAll, expect, it } from '@jest/globals'
import { fixedAccess } from '../../src/k8s/access.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { kindOf } from '../../src/model/kinds.ts'
import type { Cluster, Endpoint } from '../../src/model/resources.ts'
import { describePlanes, done } from '../cluster/plane-suite.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { putShared, sharedOn } from './shared-services.ts'
import { deploy, joinWest, run, type UninstallBed, uninstallBed } from './uninstall-bed.ts'

const LIMIT_MS = 120_000
const BROKER = 'submariner-k8s-broker'
const namesAt = async (api: KubeApi): Promise<readonly string[]> => {
  const lists = await Promise.all(
    (['Cluster', 'Endpoint', 'ServiceAccount', 'Secret', 'RoleBinding'] as const).map((kind) => api.list(kind, { namespace: BROKER })),
  )
  return lists.flatMap(({ items }) => items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).sort()
}

/** What a live engine does: its own object on the broker is as it wrote it. */
function engine(api: KubeApi): () => Promise<void> {
  const end = new AbortController()
  const work = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const there = await api.get('Cluster', 'west', BROKER)
      if (there?.metadata.annotations?.['submariner.io/are-you-there'] !== undefined)
        await api.replace({ ...there, metadata: { ...there.metadata, annotations: { 'submariner.io/cluster-uid': 'x' } } })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const running = work()
  return async () => {
    end.abort()
    await running
  }
}

/** The same with the member's own credential: what is gone is written again, as fast as the broker lets it. Gives the number of its writes. */
async function member({ west, laptop }: UninstallBed): Promise<() => Promise<number>> {
  const place = laptop.contexts.west
  const secret = await west.get('Secret', 'submariner-broker-secret', 'submariner')
  const token = Buffer.from(secret?.data?.token ?? '', 'base64').toString('utf8')
  if (place === undefined || token === '') throw new Error('west has no credential')
  const broker = openApi(fixedAccess(place.server, { ca: place.ca, token }))
  const wanted = [clusterOf('west', { n: 1 }), endpointOf('west', { n: 1 })].map((object): Cluster | Endpoint => ({
    ...object,
    metadata: { name: object.metadata.name, namespace: BROKER, labels: { 'submariner-io/clusterID': 'west' } },
  }))
  const end = new AbortController()
  let writes = 0
  const put = async (object: Cluster | Endpoint): Promise<void> => {
    const there = await broker.get(kindOf(object), object.metadata.name, BROKER)
    if (there !== undefined && there.metadata.annotations?.['submariner.io/are-you-there'] === undefined) return
    const version = there === undefined ? {} : { resourceVersion: there.metadata.resourceVersion ?? '' }
    const next = { ...object, metadata: { ...object.metadata, ...version } } as Cluster | Endpoint
    await (there === undefined ? broker.create(next) : broker.replace(next))
    writes += 1
  }
  const work = async (): Promise<void> => {
    while (!end.signal.aborted) {
      await Promise.all(wanted.map((object) => put(object).catch(() => undefined)))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const running = work()
  return async () => {
    end.abort()
    await running
    return writes
  }
}

describePlanes('forget on a real API server', () => {
  const bed = uninstallBed()
  let before: readonly string[]
  beforeAll(async () => {
    await deploy(bed())
    before = await namesAt(bed().west)
    await joinWest(bed())
  }, LIMIT_MS)

  it(
    'a cluster that is not there is told, and members are listed with when they were last seen',
    async () => {
      expect((await run(bed(), 'forget east --yes')).err).toMatch(/error SUB0807: .* knows no cluster "east"/)
      expect(done(await run(bed(), 'forget')).out).toMatch(/^west +\d{4}-\d\d-\d\dT\S+Z: Cluster west was written\n$/)
    },
    LIMIT_MS,
  )

  it(
    'one that is alive is refused by that name, and nothing changes',
    async () => {
      const end = engine(bed().west)
      const held = await namesAt(bed().west)
      const { code, err } = await run(bed(), 'forget west --yes')
      await end()
      expect([code, err]).toEqual([1, expect.stringContaining('error SUB0808: Cluster "west" is alive (last seen ')])
      expect(await namesAt(bed().west)).toEqual(held)
    },
    LIMIT_MS,
  )

  it(
    'one that is silent goes once it is confirmed: what it published, its account, rights and token',
    async () => {
      await putShared(bed().west)
      const { code, err } = await run(bed(), 'forget west --timeout 1s')
      expect([code, err]).toEqual([64, expect.stringContaining('error SUB0803')])
      const plan = done(await run(bed(), 'forget west --timeout 1s --plan -o json'))
      expect(JSON.parse(plan.out)).toMatchObject({
        kind: 'Forget',
        answer: 'silent',
        objects: expect.arrayContaining([`ServiceAccount ${BROKER}/cluster-west`, `ServiceImport ${BROKER}/web-shop-west-x`]),
        shared: [`ServiceImport ${BROKER}/web-shop`],
      })
      const cluster = await bed().west.get('Cluster', 'west', BROKER)
      expect(cluster?.metadata.annotations?.['submariner.io/are-you-there']).toBeUndefined()
      expect(done(await run(bed(), 'forget west --timeout 1s --yes')).out).toContain('Cluster "west" is forgotten')
      expect(await sharedOn(bed().west)).toEqual(['web-shop east timestamp.submariner.io/east'])
      expect(await namesAt(bed().west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'one that is alive is cut off by --force, and what its gateway writes with its own credential does not outlast its account',
    async () => {
      await joinWest(bed())
      const end = await member(bed())
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const { code, err } = await run(bed(), 'forget west --force --yes')
      expect([code, err]).toEqual([0, expect.stringContaining('it is alive')])
      // A server believes a token for ten seconds after it last looked.
      await new Promise((resolve) => setTimeout(resolve, 12_000))
      expect(await end()).toBeGreaterThan(1)
      expect(await namesAt(bed().west)).toEqual(before)
    },
    LIMIT_MS,
  )
})
