import type { Bench } from './bench.ts'
import { centralApi } from './central-api.ts'
import { discovery } from './discovery.ts'
import { dns } from './dns.ts'
import { failover } from './failover.ts'
import { joinToPing } from './join-to-ping.ts'
import { kubernetes } from './kubernetes.ts'
import { memory } from './memory.ts'
import { propagation } from './propagation.ts'
import { restart } from './restart.ts'
import { scale } from './scale.ts'
import { start } from './start.ts'
import { throughput } from './throughput.ts'

/** Every benchmark, in the order of `scripts/bench all`. */
export const BENCHES: readonly Bench[] = [
  ...[start, memory, joinToPing, propagation, failover, restart, throughput, scale, centralApi, kubernetes, discovery, dns],
]
