// What a pod is asked to look up after a change of the cluster's DNS, and what the answers mean.
import type { NameResult } from '../../model/nettest-name.ts'

/** Each question so often: of several servers behind one address all are to have read the change. */
const TIMES = 6

/** No Service can have this name: it begins with a digit. */
const NOBODY = '0-submariner.default.svc'

/** Names for one look. `.` at the end keeps search lists out. */
export const questionsOf = (zones: readonly string[], domain: string): readonly string[] => {
  const cluster = clusterName(domain)
  return [cluster, cluster, ...Array.from({ length: TIMES }, () => zones.flatMap((zone) => [zone, `${NOBODY}.${zone}`])).flat()]
}
export const clusterName = (domain: string): string => `kubernetes.default.svc.${domain}`

export interface Judgement {
  /** Whether the cluster's own names are answered. */
  readonly isClusterUp: boolean
  /** Whether all servers answer for all zones. */
  readonly isServed: boolean
  /** What is seen, in a few words. */
  readonly text: string
}

/**
 * A zone is there when it exists without addresses, and a service in it that nobody has does not exist. An unsynced server says SERVFAIL to the second,
 * one that has not read the change says NXDOMAIN to the first.
 */
export function judge(results: readonly NameResult[], zones: readonly string[], domain: string): Judgement {
  const of = (name: string): readonly NameResult[] => results.filter(({ ask }) => ask === name)
  const cluster = of(clusterName(domain))
  const isClusterUp = cluster.length > 0 && cluster.every(({ ok }) => ok)
  const wrong = zones.flatMap((zone) => [
    ...of(zone).filter(({ code, ok }) => !ok && code !== 'NODATA'),
    ...of(`${NOBODY}.${zone}`).filter(({ code }) => code !== 'NXDOMAIN'),
  ])
  const isAsked = zones.every((zone) => of(zone).length > 0 && of(`${NOBODY}.${zone}`).length > 0)
  const isServed = isAsked && wrong.length === 0
  const first = isClusterUp ? wrong[0] : cluster.find(({ ok }) => !ok)
  const text = first === undefined ? (isAsked ? 'all are answered' : 'no answer was read') : `${first.ask}: ${first.code ?? 'an answer'}`
  return { isClusterUp, isServed, text }
}
