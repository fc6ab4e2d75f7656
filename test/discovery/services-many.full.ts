// A thousand services exported at once, on real clusters.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { KubeApi } from '../../src/k8s/api.ts'
import { IMPORTED } from '../../src/model/mcs.ts'
import { joinBed, subctl } from '../cluster/joined.ts'
import { describeImage, imageBed } from '../cluster/joined-harness.ts'
import { apiOf } from '../lab/access.ts'
import { MINUTE, report } from '../lab/harness.ts'
import { deployBroker } from '../lab/subctl.ts'
import { until } from '../lab/until.ts'
import { answerOf, apply, furnish, namespace, service, vipOf, ZONE } from './services-bed.ts'

const MANY = 1_000
const WHERE = 'many'
const names = Array.from({ length: MANY }, (_, i) => `svc-${i}`)
const PER_CALL = 250

const usable = async (api: KubeApi): Promise<number> =>
  (await api.listOf('ServiceImport', { namespace: WHERE }, ({ spec }) => (spec.ips ?? []).length)).items.filter((ips) => ips > 0).length
const derived = async (api: KubeApi): Promise<number> =>
  (await api.listOf('Service', { namespace: WHERE, labels: { [IMPORTED]: 'true' } }, () => 1)).items.length

describeImage('a thousand services', () => {
  const test = imageBed({ name: 'manyservices', gateways: 1 })
  beforeAll(async () => {
    await test.up()
    await test.explained(async (bed) => {
      await deployBroker(bed)
      for (const cluster of bed.layout.clusters) await joinBed(bed, cluster)
      await furnish(bed)
      for (const cluster of ['west', 'east']) await apply(bed, cluster, [namespace(WHERE)])
      // Without pods: names and addresses are what is asked for here.
      for (let i = 0; i < MANY; i += PER_CALL)
        await apply(
          bed,
          'east',
          names.slice(i, i + PER_CALL).map((name) => service(name, 'web', {}, WHERE)),
        )
    })()
  }, 9 * MINUTE)
  afterAll(() => test.down(), 2 * MINUTE)

  it(
    'are all exported at once, get addresses and names in the other cluster, and all go again',
    test.explained(async (bed) => {
      const [west, broker] = [await apiOf(bed, 'west'), await apiOf(bed, 'broker')]
      const from = Date.now()
      await subctl(bed, `export namespace ${WHERE} --context east --wait --timeout 8m`)
      report(`${MANY} services exported by one command, and on the broker`, Math.round((Date.now() - from) / 1000), 's')
      await until('all have addresses', async () => (await usable(west)) === MANY, 8 * MINUTE)
      report('all have addresses in the other cluster', Math.round((Date.now() - from) / 1000), 's')
      for (const i of [0, MANY / 2, MANY - 1]) {
        const name = names[i] ?? ''
        const vip = await vipOf(west, name, WHERE)
        await until('its name is answered', async () => (await answerOf(bed, 'west', `${name}.${WHERE}.${ZONE}`))[0] === vip)
      }
      const again = Date.now()
      await subctl(bed, `unexport namespace ${WHERE} --context east`)
      await until('all are gone', async () => (await usable(west)) + (await derived(west)) === 0, 8 * MINUTE)
      report(`${MANY} services taken back`, Math.round((Date.now() - again) / 1000), 's')
      const left = await broker.listOf('ServiceImport', {}, ({ metadata }) => metadata.name)
      expect(left.items.filter((name) => name.includes('svc-'))).toEqual([])
    }),
    25 * MINUTE,
  )
})
