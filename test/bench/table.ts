import type { Bench } from './bench.ts'
import { start } from './start.ts'

/** Every benchmark, in the order of `scripts/bench all`. */
export const BENCHES: readonly Bench[] = [start]
