import { expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { CLUSTER_LABEL } from '../../src/model/names.ts'
import type { Clock } from '../../src/system/clock.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'
import { type FakeCluster, fakeCluster, make } from '../fakes/kube.ts'

const BROKER = 'submariner-k8s-broker'
const AT = { namespace: BROKER, labels: { [CLUSTER_LABEL]: 'west' } }
const QUESTION = 'submariner.io/are-you-there'

/** A broker with one member. `alive`: as long as its account is there, its gateway writes what is gone, or was asked, again whenever somebody sleeps. */
function setting(alive: boolean) {
  const broker = fakeCluster({ server: 'https://broker:6443' })
  const publish = (): void => {
    broker.put(clusterOf('west', { n: 1, meta: AT }))
    broker.put(endpointOf('west', { n: 1, meta: AT }))
  }
  publish()
  broker.put(make('ServiceAccount', 'cluster-west', {}, AT))
  broker.put(make('Secret', 'cluster-west-token', {}, AT))
  let now = 0
  const clock: Clock = {
    now: () => now,
    async sleep(ms) {
      now += ms
      const [there] = broker.objects('Cluster')
      if (!alive || broker.objects('ServiceAccount').length === 0) return
      if (there === undefined || there.metadata.annotations?.[QUESTION] !== undefined) publish()
    },
  }
  return { broker, clock, publish }
}
async function forget(broker: FakeCluster, clock: Clock, { line, answers }: { line: string; answers?: readonly string[] }) {
  const api = broker.api()
  const world = fakeWorld({ apis: { hub: api }, clock, ...(answers && { answers }) })
  const code = await main(['forget', '--context', 'hub', ...line.split(' ').filter((word) => word !== '')], world.context, laptopRuns)
  return { code, out: world.out(), err: world.err(), removed: api.calls.filter((call) => call.startsWith('remove')) }
}
const left = (broker: FakeCluster) => (['ServiceAccount', 'Secret', 'Cluster', 'Endpoint'] as const).flatMap((kind) => broker.objects(kind))

it('a cluster that is alive is cut off by its account first, and nothing of it is left', async () => {
  const { broker, clock } = setting(true)
  const { code, removed } = await forget(broker, clock, { line: 'west --force --yes' })
  expect([code, left(broker)]).toEqual([0, []])
  expect(removed.map((call) => call.split(' ')[1])).toEqual(['Secret', 'ServiceAccount', 'Endpoint', 'Cluster'])
})

it('who does not wait for the answer of a cluster forgets nothing', async () => {
  const { broker, clock } = setting(false)
  const before = left(broker).length
  const api = broker.api()
  let interrupt = (): void => undefined
  const world = fakeWorld({ apis: { hub: api }, clock: { now: clock.now, sleep: async (ms) => clock.sleep(ms).then(interrupt) } })
  interrupt = world.end
  expect(await main(['forget', '--context', 'hub', 'west', '--yes'], world.context, laptopRuns)).toBe(130)
  expect([left(broker).length, api.calls.filter((call) => call.startsWith('remove'))]).toEqual([before, []])
  expect(broker.objects('Cluster')[0]?.metadata.annotations?.[QUESTION]).toBeUndefined()
})

it('what is no id of a cluster is refused: a selector would take it for more', async () => {
  const { broker, clock } = setting(false)
  for (const line of ['west,x!=y --yes', '!x --yes', 'a=b --plan'])
    expect(await forget(broker, clock, { line })).toMatchObject({ code: 64, removed: [] })
})

it('what a gateway had on its way when its account went is found, and goes too', async () => {
  const { broker, clock, publish } = setting(true)
  let isLate = true
  const late: Clock = {
    now: clock.now,
    async sleep(ms, signal) {
      await clock.sleep(ms, signal)
      if (broker.objects('ServiceAccount').length > 0 || !isLate) return
      isLate = false
      publish()
    },
  }
  expect((await forget(broker, late, { line: 'west --force --yes' })).code).toBe(0)
  expect([isLate, left(broker)]).toEqual([false, []])
})

it('one that is written without end is told, not waited for', async () => {
  const { broker, clock, publish } = setting(true)
  const stubborn: Clock = { now: clock.now, sleep: async (ms, signal) => clock.sleep(ms, signal).then(publish) }
  const { code, err } = await forget(broker, stubborn, { line: 'west --force --yes --timeout 1s' })
  expect([code, err]).toEqual([1, expect.stringMatching(/error SUB0804: .*Endpoint .*somebody writes it again and again/)])
})

it('--force asks for the name of a cluster that is alive, and names --yes where nobody can be asked', async () => {
  const { broker, clock } = setting(true)
  const before = left(broker).length
  expect(await forget(broker, clock, { line: 'west --force' })).toMatchObject({ code: 64, err: expect.stringContaining('--yes') })
  const wrong = await forget(broker, clock, { line: 'west --force', answers: ['east'] })
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('That is not "west"') })
  expect([left(broker).length, wrong.removed]).toEqual([before, []])
  expect((await forget(broker, clock, { line: 'west --force', answers: ['west'] })).code).toBe(0)
})

it('members are listed by an Endpoint alone too, and one goes by its name', async () => {
  const { broker, clock } = setting(false)
  for (const object of left(broker)) if (object.kind !== 'Endpoint') broker.drop(object.kind as 'Cluster', object.metadata.name, BROKER)
  expect((await forget(broker, clock, { line: '' })).out).toMatch(/^west +.*; it has no Cluster object there\n$/)
  expect((await forget(broker, clock, { line: 'west --yes' })).code).toBe(0)
  expect(left(broker)).toEqual([])
})

it('an account alone, as Helm makes it, was never seen, and says so in words', async () => {
  const broker = fakeCluster({ server: 'https://broker:6443' })
  broker.put(make('ServiceAccount', 'cluster-west', {}, AT))
  const { clock } = setting(false)
  const { code, out } = await forget(broker, clock, { line: 'west --plan' })
  expect([code, out]).toEqual([0, expect.stringMatching(/^Cluster "west" was never seen; it cannot be asked/)])
  expect((await forget(broker, clock, { line: '' })).out).toMatch(/^west +never seen; it has no Cluster object/)
})
