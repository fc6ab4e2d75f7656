/** A cluster with more exports has some of them left out: it shall not fill every other's API. */
export const MOST_SERVICES = 10_000

/** How many services each cluster has on the broker, object by object. */
export interface Quota {
  add(cluster: string, service: string): void
  remove(cluster: string, service: string): void
  /** Whether a service of a cluster is one too many. */
  isOver(cluster: string, service: string): boolean
  /** Clusters that have too many. */
  over(): readonly string[]
}

/** Who comes first stays; when one of them goes, `admit` is told of the one that takes its place. */
export function openQuota(admit: (service: string) => void, most = MOST_SERVICES): Quota {
  const clusters = new Map<string, { readonly objects: Map<string, number>; readonly over: Set<string> }>()
  return {
    add(cluster, service) {
      const known = clusters.get(cluster) ?? { objects: new Map<string, number>(), over: new Set<string>() }
      clusters.set(cluster, known)
      const count = known.objects.get(service) ?? 0
      if (count === 0 && known.objects.size - known.over.size >= most) known.over.add(service)
      known.objects.set(service, count + 1)
    },
    remove(cluster, service) {
      const known = clusters.get(cluster)
      const count = known?.objects.get(service) ?? 0
      if (known === undefined || count === 0) return
      if (count > 1) return void known.objects.set(service, count - 1)
      known.objects.delete(service)
      if (known.objects.size === 0) clusters.delete(cluster)
      if (known.over.delete(service)) return
      const [next] = known.over
      if (next === undefined) return
      known.over.delete(next)
      admit(next)
    },
    isOver: (cluster, service) => clusters.get(cluster)?.over.has(service) === true,
    over: () => [...clusters].filter(([, { over }]) => over.size > 0).map(([cluster]) => cluster),
  }
}
