// Calico's IPPools for the networks of other clusters: disabled ones, so that Calico gives out no address of them and leaves the source of packets to them
// as it is (INTEROP 4.4). The kind is that of the CRD, which is what Calico's own agents read, with or without its API server.
import { canonical } from '../model/canonical.ts'
import { type Diff, diff } from '../model/diff.ts'
import { apiVersionOf } from '../model/kinds.ts'
import { type Cidr, familyOf, overlaps, parseCidr, prefixLength } from '../model/net.ts'
import type { RemoteCluster } from '../model/remote.ts'
import type { Resource } from '../model/resources.ts'
import { at, textAt } from './tree.ts'

/** Upstream's label of the pools: what carries it is ours to remove. */
export const POOL_LABEL = 'submariner.io/ippool'

export interface PoolPlan extends Diff<Resource> {
  /** Remote networks that a pool of somebody else's overlaps, so that none can be made. */
  readonly refused: readonly string[]
}

/** What turns the cluster's pools into those that the remote clusters need. Nothing where Calico gives out no pod address here: then it rewrites none. */
export function planPools(remotes: readonly RemoteCluster[], existing: readonly Resource[]): PoolPlan {
  const own = existing.filter(isOwn)
  const foreign = existing.filter((pool) => !isOwn(pool))
  const isInUse = foreign.some((pool) => at(pool, 'spec', 'disabled') !== true)
  const wanted = isInUse
    ? remotes.flatMap(({ id, networks }) => networks.filter((network) => familyOf(network) === 4).map((cidr) => ({ id, cidr })))
    : []
  const taken = foreign.flatMap((pool) => cidrOf(pool))
  const isFree = (cidr: Cidr): boolean => !taken.some((other) => overlaps(other, cidr))
  const desired = wanted.filter(({ cidr }) => isFree(cidr)).map(({ id, cidr }) => poolOf(id, cidr))
  const changes = diff(own, desired, ({ metadata }) => metadata.name, textOf)
  const versions = new Map(own.map(({ metadata }) => [metadata.name, metadata]))
  return {
    // What is there is replaced as the version that was seen.
    put: changes.put.map((pool) => ({ ...pool, metadata: { ...versions.get(pool.metadata.name), ...pool.metadata } })),
    drop: changes.drop,
    refused: wanted.filter(({ cidr }) => !isFree(cidr)).map(({ cidr }) => cidr),
  }
}

const isOwn = ({ metadata }: Resource): boolean => metadata.labels?.[POOL_LABEL] === 'true'

/** Calico's own default; a smaller pool is one block. */
const BLOCK = 26

function poolOf(clusterId: string, cidr: Cidr): Resource {
  const spec = {
    cidr,
    blockSize: Math.max(BLOCK, prefixLength(cidr)),
    ipipMode: 'Never',
    vxlanMode: 'Never',
    natOutgoing: false,
    disabled: true,
    disableBGPExport: true,
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
  }
  return {
    apiVersion: apiVersionOf('IPPool'),
    kind: 'IPPool',
    metadata: {
      name: `submariner-${clusterId}-${cidr.replaceAll(/[/:]/g, '-')}`,
      labels: { [POOL_LABEL]: 'true', 'app.kubernetes.io/part-of': 'submariner', 'app.kubernetes.io/managed-by': 'subctl' },
    },
    ...{ spec },
  }
}

/** What matters of a pool: Calico's API server adds fields of its own. */
const textOf = (pool: Resource): string =>
  canonical(['cidr', 'natOutgoing', 'disabled', 'disableBGPExport', 'ipipMode', 'vxlanMode'].map((key) => at(pool, 'spec', key) ?? null))

function cidrOf(pool: Resource): readonly Cidr[] {
  try {
    return [parseCidr(textAt(pool, 'spec', 'cidr') ?? '')]
  } catch {
    return []
  }
}
