// What our pods weigh on a node: all processes of all of them, once they have settled.
import { setTimeout as wait } from 'node:timers/promises'
import { NAMESPACE } from '../../src/model/names.ts'
import type { Bed } from '../cluster/bed.ts'
import { apiOf } from '../lab/access.ts'
import { activeGateway } from '../lab/active.ts'
import { clusterOf } from '../lab/layout.ts'
import { type BenchOptions, runsOf } from './bench.ts'
import { type Memory, memoryOf } from './cost.ts'
import { PAUSE, podProcesses } from './pod-processes.ts'
import { type Result, result } from './series.ts'

const CLUSTER = 'west'
const SETTLE_MS = 60_000
const EVERY_MS = 5_000

/** Memory of one process of a pod. */
export interface Weighed extends Memory {
  /** What the pod is for: `route-agent`. */
  readonly workload: string
  readonly name: string
}

/** Anonymous memory of our pods on a worker, and on the gateway that is active. */
export async function podMemory(bed: Bed, options: BenchOptions): Promise<readonly Result[]> {
  const gateway = (await activeGateway(bed, CLUSTER)).name
  const worker = clusterOf(bed.layout, CLUSTER).nodes.find(({ role }) => role === 'worker')?.name ?? ''
  options.say('settling')
  await wait(options.quick ? 2_000 : SETTLE_MS)
  const places = [
    ['worker-memory', worker],
    ['gateway-memory', gateway],
  ] as const
  const looks = new Map<string, (readonly Weighed[])[]>(places.map(([series]) => [series, []]))
  for (let look = 0; look < runsOf(options, 6); look += 1) {
    for (const [series, node] of places) looks.get(series)?.push(await weigh(bed, node))
    await wait(EVERY_MS)
  }
  return [...looks].map(([series, seen]) => toResult(series, seen))
}

async function weigh(bed: Bed, node: string): Promise<readonly Weighed[]> {
  const { items } = await (await apiOf(bed, CLUSTER)).list('Pod', { namespace: NAMESPACE })
  const ours = new Map(items.map(({ metadata }) => [metadata.uid ?? '', (metadata.labels?.app ?? '').replace(/^submariner-/, '')]))
  const processes = (await podProcesses(bed, node)).filter(({ pod }) => ours.has(pod))
  return Promise.all(processes.map(async ({ pid, pod, name }) => ({ ...(await memoryOf(pid)), workload: ours.get(pod) ?? '', name })))
}

/** Pause processes stand apart: every pod has one, of whatever make its runtime brings. */
export function toResult(series: string, looks: readonly (readonly Weighed[])[]): Result {
  const own = looks.map((look) => look.filter(({ name }) => name !== PAUSE))
  const pauses = looks.map((look) => look.filter(({ name }) => name === PAUSE))
  const middle = (of: readonly (readonly Weighed[])[], size: (memory: Memory) => number): string => {
    const sums = of.map((look) => look.reduce((sum, memory) => sum + size(memory), 0))
    return (sums.sort((a, b) => a - b)[sums.length >> 1] ?? 0).toFixed(1)
  }
  const anon = ({ anon: size }: Memory): number => size
  const workloads = [...new Set(own.flat().map(({ workload }) => workload))].sort()
  const parts = workloads.map(
    (workload) =>
      `${workload} ${middle(
        own.map((look) => look.filter((one) => one.workload === workload)),
        anon,
      )}`,
  )
  const conditions = [
    `anonymous memory of all processes of our pods: ${parts.join(', ')}`,
    `RSS ${middle(own, ({ rss }) => rss)}, PSS ${middle(own, ({ pss }) => pss)}`,
    `apart, ${pauses.at(-1)?.length ?? 0} pause processes ${middle(pauses, anon)}`,
  ]
  const values = own.map((look) => look.reduce((sum, memory) => sum + memory.anon, 0))
  return result({ bench: 'kubernetes', series, unit: 'MB', values, conditions: conditions.join('; ') })
}
