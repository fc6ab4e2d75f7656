import { beforeAll, expect, it } from '@jest/globals'
import type { KubeApi } from '../../src/k8s/api.ts'
import { describePlanes, done } from '../cluster/plane-suite.ts'
import { deploy, joinWest, run, uninstallBed } from './uninstall-bed.ts'

const LIMIT_MS = 120_000
const BROKER = 'submariner-k8s-broker'
const namesAt = async (api: KubeApi): Promise<readonly string[]> => {
  const lists = await Promise.all(
    (['Cluster', 'ServiceAccount', 'Secret', 'RoleBinding'] as const).map((kind) => api.list(kind, { namespace: BROKER })),
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
      expect((await run(bed(), 'forget east')).err).toMatch(/error SUB0807: .* knows no cluster "east"/)
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
      const { code, err } = await run(bed(), 'forget west --timeout 1s')
      expect([code, err]).toEqual([64, expect.stringContaining('error SUB0803')])
      const plan = done(await run(bed(), 'forget west --timeout 1s --plan -o json'))
      expect(JSON.parse(plan.out)).toMatchObject({
        kind: 'Forget',
        answer: 'silent',
        objects: expect.arrayContaining([`ServiceAccount ${BROKER}/cluster-west`]),
      })
      const cluster = await bed().west.get('Cluster', 'west', BROKER)
      expect(cluster?.metadata.annotations?.['submariner.io/are-you-there']).toBeUndefined()
      expect(done(await run(bed(), 'forget west --timeout 1s --yes')).out).toContain('Cluster "west" is forgotten')
      expect(await namesAt(bed().west)).toEqual(before)
    },
    LIMIT_MS,
  )
})
