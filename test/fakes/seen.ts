import type { Seen } from '../../src/install/networks/seen.ts'

/** What is seen of a cluster that tells nothing about itself. */
export const EMPTY_SEEN: Seen = {
  uid: 'u-1',
  version: 'v1.34.4',
  nodes: [],
  daemonSets: [],
  controlPods: [],
  configMaps: new Map(),
  serviceCidrs: [],
  ipPools: [],
  apiAddresses: [],
}
