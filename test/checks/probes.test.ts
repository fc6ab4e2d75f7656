import { expect, it } from '@jest/globals'
import { askProbes } from '../../src/checks/paths/probes.ts'
import { PROBE_ANSWER, PROBE_REQUEST, readProbeRequest, writeProbeRequest } from '../../src/model/probe.ts'
import { handClock } from '../fakes/clock.ts'
import { type FakeCluster, fakeCluster, make } from '../fakes/kube.ts'

const NAMESPACE = 'submariner'
const NODES = ['a', 'b']

function scene(annotations: Readonly<Record<string, string>> = {}) {
  const clock = handClock()
  const cluster = fakeCluster({ clock })
  const status = { version: '1', statusFailure: '', remoteEndpoints: [] }
  for (const name of NODES) cluster.put(make('RouteAgent', name, { status }, { namespace: NAMESPACE, annotations }))
  const ask = (id: string) =>
    askProbes({ api: cluster.api(id), namespace: NAMESPACE, clock, signal: new AbortController().signal, nodes: NODES, id })
  return { clock, cluster, ask }
}
/** Route agents that answer what they are asked, once a step. */
function answerAll(cluster: FakeCluster): void {
  for (const agent of cluster.objects('RouteAgent')) {
    const id = readProbeRequest(agent.metadata.annotations?.[PROBE_REQUEST])
    if (id === undefined) continue
    const answer = JSON.stringify({ id, at: '', results: [], unguarded: [] })
    cluster.put({ ...agent, metadata: { ...agent.metadata, annotations: { ...agent.metadata.annotations, [PROBE_ANSWER]: answer } } })
  }
}
async function turn(clock: ReturnType<typeof handClock>, cluster: FakeCluster, ms: number): Promise<void> {
  for (let spent = 0; spent < ms; spent += 500) {
    await clock.advance(500)
    answerAll(cluster)
  }
}
const answered = (probes: Awaited<ReturnType<typeof askProbes>>) =>
  probes.map((probe) => ('answer' in probe ? probe.answer.id : probe.silent))

it('two that ask at the same time both get answers of their own', async () => {
  const { clock, cluster, ask } = scene()
  const both = Promise.all([ask('one'), ask('two')])
  await turn(clock, cluster, 10_000)
  expect((await both).map(answered)).toEqual([
    ['one', 'one'],
    ['two', 'two'],
  ])
  expect(cluster.objects('RouteAgent').map(({ metadata }) => metadata.annotations)).toEqual([{}, {}])
})

it('a request that somebody left behind is replaced after a while', async () => {
  const { clock, cluster, ask } = scene({ [PROBE_REQUEST]: writeProbeRequest('old') })
  const asked = ask('new')
  await turn(clock, cluster, 15_000)
  expect(answered(await asked)).toEqual(['new', 'new'])
})

it('a node that does not answer is silent, one whose object is gone too', async () => {
  const { clock, cluster, ask } = scene()
  const asked = ask('one')
  await clock.advance(1_000)
  cluster.drop('RouteAgent', 'b', NAMESPACE)
  await clock.advance(25_000)
  expect(answered(await asked)).toEqual(Array(2).fill('its route agent did not answer within 20 s'))
})
