// Whether every node reaches every other cluster, by what its route agent has tried when it was asked.
import type { Verdict } from '../check.ts'
import { verdictOf } from '../listing.ts'
import { ALONE, type Look, remoteIds } from '../look.ts'
import type { CheckContext, NodeProbe } from '../subject.ts'
import { reachHint } from './reach-hint.ts'
import { refusedOfCluster } from './refused.ts'

const LARGE_BYTES = 1000
type Size = 'small' | 'large'

/** Small probes from every node to every cluster; large ones where a small one was answered: of the others SUB0613 says what there is to say. */
export async function reached(context: CheckContext, signal: AbortSignal, size: Size): Promise<Verdict> {
  const seen = await context.look()
  const expected = probedIds(seen)
  if (expected.length === 0) {
    if (remoteIds(seen).length === 0) return { is: 'skipped', reason: ALONE, ground: 'SUB0610' }
    return { is: 'skipped', reason: 'no other cluster publishes an address to check' }
  }
  const probes = await context.probes(signal)
  const ways = probes.flatMap((probe) => expected.map((id) => ({ probe, id })))
  const asked = size === 'small' ? ways : ways.filter((way) => problemOf(seen, way, 'small') === undefined)
  if (asked.length === 0) return { is: 'skipped', reason: 'no node reaches another cluster: see SUB0613' }
  const found = asked.map((way) => ({ ...way, problem: problemOf(seen, way, size) }))
  const lacking = probes.filter((probe) => found.some((one) => one.probe === probe && one.problem !== undefined))
  // A probe that says nothing does so once.
  const problems = [...new Set(found.flatMap(({ problem }) => problem ?? []))]
  const note = `${new Set(asked.map(({ probe }) => probe)).size} nodes to ${[...new Set(asked.map(({ id }) => id))].join(', ')}`
  const hint = reachHint(context.namespace, seen, { size, probes, lacking })
  return verdictOf(problems, { note, hint, isPartial: found.some(({ problem }) => problem === undefined) })
}

interface Way {
  readonly probe: NodeProbe
  readonly id: string
}
function problemOf(seen: Look, { probe, id }: Way, size: Size): string | undefined {
  if ('silent' in probe) return `${probe.node}: not known, ${probe.silent}`
  const mine = probe.answer.results.filter((result) => result.cluster === id && (size === 'large') === result.sizeBytes >= LARGE_BYTES)
  if (mine.length === 0) {
    const [refused] = refusedOfCluster(seen, id)
    return refused === undefined ? `${probe.node}: ${id} was not probed` : `${id} is not reached: its gateway is refused: ${refused}`
  }
  const bad = mine.find((result) => !result.ok)
  return bad && `${probe.node} to ${id} (${bad.ip}, ${bad.sizeBytes} bytes): ${bad.message ?? 'no answer'}`
}

/** Clusters that can be asked for an answer: all but those that switched health checks off. */
const probedIds = (seen: Look): readonly string[] =>
  remoteIds(seen).filter((id) => {
    const endpoints = seen.endpoints.filter(({ spec }) => spec?.cluster_id === id)
    return endpoints.length === 0 || endpoints.some(({ spec }) => (spec.healthCheckIP ?? '') !== '')
  })
