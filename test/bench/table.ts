import type { Bench } from './bench.ts'
import { centralApi } from './central-api.ts'
import { failover } from './failover.ts'
import { joinToPing } from './join-to-ping.ts'
import { restart } from './restart.ts'
import { start } from './start.ts'

/** Every benchmark, in the order of `scripts/bench all`. */
export const BENCHES: readonly Bench[] = [start, joinToPing, failover, restart, centralApi]
