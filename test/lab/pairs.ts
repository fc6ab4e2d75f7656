// Who asks whom, so that every kind of source and target between two clusters is among it.
import { type ClusterLayout, type Layout, nodesOf } from './layout.ts'
import type { Lab } from './state.ts'
import { type Aim, type Answer, clusterAim, hostAim, podAim, serviceAim, untilAnswered } from './traffic.ts'

export type Asking = readonly [from: string, aims: readonly Aim[]]

/** Every pod and every host of one cluster asks every pod, service and host of another. */
export const pairsBetween = (from: ClusterLayout, to: ClusterLayout): readonly Asking[] => {
  const aims = [...to.nodes.flatMap((node) => [podAim(node), serviceAim(node), hostAim(node)]), clusterAim(to)]
  return from.nodes.flatMap((node): Asking[] => [
    [node.pod.name, aims],
    [node.name, aims],
  ])
}

/** All pairs of clusters, both ways. */
export const allPairs = ({ clusters }: Layout): readonly Asking[] =>
  clusters.flatMap((from) => clusters.filter((to) => to !== from).flatMap((to) => pairsBetween(from, to)))

/** Two pods of each cluster, on a gateway and on a worker, ask such a pod and its service in each other cluster. */
export const fewPairs = ({ clusters }: Layout): readonly Asking[] =>
  clusters.flatMap((from) =>
    clusters
      .filter((to) => to !== from)
      .flatMap((to) => {
        const ends = [from, to].map(({ nodes }) => [nodes[0], nodes.at(-1)].filter((node) => node !== undefined))
        const aims = (ends[1] ?? []).flatMap((node) => [podAim(node), serviceAim(node)])
        return (ends[0] ?? []).map((node): Asking => [node.pod.name, aims])
      }),
  )

/**
 * Waits until all clusters reach each other through tunnels, by few pairs; gives how long that took. Throws with what is missing. What comes through a
 * tunnel has its own address; in the clear a pod is hidden behind its node. `timeoutMs` is of one question.
 */
export async function untilConnected(lab: Lab, limitMs = 60_000, timeoutMs = 2000): Promise<number> {
  const isThrough = ({ from, error, seen }: Answer): boolean => error === undefined && seen === addressSeen(lab.layout, from)
  const { missing, ms } = await untilAnswered(lab, fewPairs(lab.layout), { limitMs, timeoutMs, isGood: isThrough })
  if (missing.length > 0) throw new Error(`not connected after ${ms} ms: ${missing.map(say).join('; ')}`)
  return ms
}

export const say = ({ from, to, error, seen }: Answer): string => `${from} -> ${to}: ${error ?? `ok, seen as ${seen}`}`

/** The address that the other cluster must see of a place: a pod's own, and a host's among its pods. */
export function addressSeen(layout: Layout, place: string): string | undefined {
  const node = nodesOf(layout).find(({ name, pod }) => name === place || pod.name === place)
  return node?.name === place ? node.cniIp : node?.pod.ip
}
