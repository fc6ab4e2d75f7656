// From the start of all agents, and from `subctl join`, to the first datagram between pods on workers that comes back.
import { performance } from 'node:perf_hooks'
import { mountSecrets, readyAgents, startAgents } from '../lab/agents.ts'
import { clusterOf, nodesOf } from '../lab/layout.ts'
import type { Lab } from '../lab/state.ts'
import { joinCluster } from '../lab/subctl.ts'
import { podAim, stream } from '../lab/traffic.ts'
import { type Bench, type BenchOptions, repeat, runsOf } from './bench.ts'
import { workerOf } from './gateways.ts'
import { result } from './series.ts'
import { withLab } from './with-lab.ts'

const EVERY_MS = 10

export const joinToPing: Bench = {
  name: 'join-to-ping',
  brief: 'start of all agents, or join of the second cluster, to the first echo between pods on workers',
  needsRoot: true,
  async run(options) {
    const agents = await repeat(runsOf(options, 5, 10), () => fromAgents(options))
    const joins = await repeat(runsOf(options, 3, 5), () => fromJoin(options))
    const conditions = `2 clusters, 2 gateways and a worker each; a datagram every ${EVERY_MS} ms`
    return [
      result({ bench: 'join-to-ping', series: 'agents', unit: 'ms', values: agents, conditions }),
      result({
        bench: 'join-to-ping',
        series: 'join',
        unit: 'ms',
        values: joins,
        conditions: `${conditions}; the first cluster runs already`,
      }),
    ]
  },
}

const fromAgents = (options: BenchOptions): Promise<number> =>
  withLab(options, { stopAt: 'joined' }, async (lab) => {
    // Their settings are a kubelet's to read, before it starts them.
    const begin = await readyAgents(lab, nodesOf(lab.layout))
    return timed(lab, begin)
  })

const fromJoin = (options: BenchOptions): Promise<number> =>
  withLab(options, { stopAt: 'apis' }, async (lab) => {
    await joinAndStart(lab, 'west')
    return timed(lab, () => joinAndStart(lab, 'east'))
  })

async function joinAndStart(lab: Lab, name: string): Promise<void> {
  const cluster = clusterOf(lab.layout, name)
  await joinCluster(lab, cluster)
  await mountSecrets(lab, cluster)
  await startAgents(lab, cluster.nodes)
}

/** Milliseconds from the beginning of the work to the first datagram that came back. */
async function timed(lab: Lab, work: () => Promise<void>): Promise<number> {
  await using datagrams = stream(lab, workerOf(lab, 'west').pod.name, podAim(workerOf(lab, 'east')), EVERY_MS)
  await datagrams.sending
  const began = performance.now()
  const [, ms] = await Promise.all([work(), datagrams.answered(120_000).then(() => performance.now() - began)])
  return ms
}
