// From nothing to joined to nothing, on real clusters: what nodes and APIs hold afterwards is what they held before.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { isNodeReady } from '../../src/install/remove/lost-pods.ts'
import { dumpApi } from '../../src/install/remove/prove-api.ts'
import { type Bed, execOn, startPlace, stopPlace } from '../cluster/bed.ts'
import { warmUp } from '../cluster/bed-pods.ts'
import { expectSame, type Held, held } from '../cluster/held.ts'
import { joinBed, subctl } from '../cluster/joined.ts'
import { describeImage, imageBed } from '../cluster/joined-harness.ts'
import { apiOf, brokerFile } from '../lab/access.ts'
import { deployBroker } from '../lab/subctl.ts'
import { until } from '../lab/until.ts'

const LIMIT_MS = 600_000
const CLUSTERS = ['west', 'east'] as const

const joinClusters = async (bed: Bed): Promise<void> => {
  for (const cluster of bed.layout.clusters) await joinBed(bed, cluster)
}

describeImage('uninstall on real clusters', () => {
  const test = imageBed({ name: 'uninstall' })
  let before: Held
  beforeAll(async () => {
    await test.up()
    await deployBroker(test.site)
    for (const name of CLUSTERS) await warmUp(test.site, name)
    before = await held(test.site, CLUSTERS)
  }, LIMIT_MS)
  afterAll(() => test.down(), 120_000)

  it(
    'two clusters that were connected are as they were before they joined, also where charon was killed, and --prove says so',
    test.explained(async (bed) => {
      await joinClusters(bed)
      // Its keeper goes with it: nobody tidies up.
      await execOn(bed, 'west-gw1', ['pkill', '-9', '-f', 'charon'], { okCodes: [0, 1] })
      const { stdout } = await subctl(bed, `uninstall ${brokerFile(bed)} --contexts west,east --yes --prove`)
      expect(stdout.match(/Proof: no trace is left.* nothing else was changed\./g)).toHaveLength(2)
      await expectSame(bed, before)
    }),
    LIMIT_MS,
  )

  it(
    'a node that is down and a broker that does not answer are named with the commands that finish it later',
    test.explained(async (bed) => {
      await joinClusters(bed)
      await stopPlace(bed, 'east-w1', 'kubelet')
      const east = await apiOf(bed, 'east')
      const isReady = async (): Promise<boolean> => {
        const node = await east.get('Node', 'east-w1')
        return node !== undefined && isNodeReady(node)
      }
      await until('the node is seen to be down', async () => !(await isReady()), 180_000)
      await stopPlace(bed, 'west-api', 'kube-apiserver')
      const failed = await subctl(bed, `uninstall ${brokerFile(bed)} --context east --yes`, { okCodes: [1] })
      expect(failed.stdout).toContain('! node east-w1 is not clean: it is down')
      const lines = failed.stderr.split('\n').flatMap((line) => / subctl ((?:uninstall|forget) .*)$/.exec(line)?.[1] ?? [])
      expect(lines.map((line) => line.split(' ')[0])).toEqual(['uninstall', 'forget', 'uninstall'])
      await startPlace(bed, 'west-api', 'kube-apiserver')
      await startPlace(bed, 'east-w1', 'kubelet')
      await until('the node is back', isReady, 180_000)
      for (const line of lines) await subctl(bed, line)
      // While their API was away no node of west could say that it is up.
      const west = await apiOf(bed, 'west')
      await until('the nodes of west are up', async () => (await west.list('Node')).items.every(isNodeReady), 120_000)
      await subctl(bed, `uninstall ${brokerFile(bed)} --context west --yes`)
      await expectSame(bed, before)
    }),
    LIMIT_MS,
  )

  it(
    '--all with --broker leaves nothing on any cluster',
    test.explained(async (bed) => {
      await joinClusters(bed)
      const { stdout } = await subctl(bed, `uninstall ${brokerFile(bed)} --all --broker --yes --prove`)
      expect(stdout.match(/Proof: no trace is left/g)).toHaveLength(2)
      for (const name of CLUSTERS) {
        const { others } = await dumpApi(await apiOf(bed, name), () => false)
        expect([...others.keys()].filter((key) => key.includes('submariner'))).toEqual([])
      }
    }),
    LIMIT_MS,
  )
})
