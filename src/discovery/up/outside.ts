// Backends of this cluster that no other one takes: importers let in only what lies in the networks that a cluster advertises, and its own agent knows those.
import { type Cidr, contains, ipOrNone } from '../../model/net.ts'
import type { Share } from '../service/share.ts'

export interface Outside {
  /** Whether there is no backend besides. */
  readonly isAll: boolean
  /** Which addresses, in which networks they are not, and what to do; for people. */
  readonly text: string
}

const MOST_SAID = 3

/** Undefined where all backends lie in the networks. */
export function outsideOf({ type, slices }: Pick<Share, 'type' | 'slices'>, networks: readonly Cidr[]): Outside | undefined {
  const isInside = (text: string): boolean => ipOrNone(text).some((ip) => networks.some((network) => contains(network, ip)))
  const all = slices.flatMap(({ backends }) => backends)
  const left = all.filter(({ addresses }) => !addresses.every(isInside))
  if (left.length === 0) return undefined
  const named = left.map(({ addresses, targetRef }) => {
    const address = addresses.find((one) => !isInside(one)) ?? ''
    return targetRef?.kind === 'Pod' && targetRef.name !== undefined ? `${address} (pod ${targetRef.name})` : address
  })
  const shown = [...new Set(named)].sort()
  const more = shown.length > MOST_SAID ? ` and ${shown.length - MOST_SAID} more` : ''
  const where = `${shown.slice(0, MOST_SAID).join(', ')}${more} ${shown.length === 1 ? 'lies' : 'lie'} in none of the networks that this cluster advertises (${[...networks].sort().join(', ') || 'none'})`
  return { isAll: left.length === all.length, text: `${where}: ${ADVICE[type]}` }
}

const ADVICE: Readonly<Record<Share['type'], string>> = {
  ClusterSetIP: 'give the Service an address of those, or join again with --service-cidr that has all the cluster’s networks of Services',
  Headless:
    'a pod with hostNetwork has the address of its node, which no tunnel carries: give it one of its own, or export a Service with a cluster address; for pods of another network join again with --pod-cidr that has all of them',
}
