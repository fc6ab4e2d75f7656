// A bed of real clusters for as long as something is measured in it.
import { performance } from 'node:perf_hooks'
import { type Bed, downBed, upBed } from '../cluster/bed.ts'
import type { BenchOptions } from './bench.ts'
import { withSite } from './open-sites.ts'

export interface TimedBed {
  readonly bed: Bed
  /** From nothing to Ready nodes and an answering DNS. */
  readonly upSeconds: number
}

/** Brings two clusters up, each with two gateways and a worker, works in them and takes them down again. No node has our image. */
export function withBed<T>({ say }: BenchOptions, work: (timed: TimedBed) => Promise<T>): Promise<T> {
  say('a bed of real clusters comes up')
  const up = async (signal: AbortSignal): Promise<TimedBed> => {
    const began = performance.now()
    const bed = await upBed({ name: 'bench-bed', gateways: 2, workers: 1, signal })
    return { bed, upSeconds: (performance.now() - began) / 1000 }
  }
  return withSite({ up, down: ({ bed }) => downBed(bed) }, work)
}
