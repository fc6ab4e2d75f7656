// How long a start takes: of the binary, and of an engine until the others can know of it.
import { performance } from 'node:perf_hooks'
import { exec } from '../../src/system/exec.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { type Bench, type BenchOptions, repeat, runsOf } from './bench.ts'
import { type Result, result } from './series.ts'

export const start: Bench = {
  name: 'start',
  brief: 'process start to the end of `version`, and to the engine’s Endpoint on the broker',
  needsRoot: true,
  run: async (options) => [await version(options)],
}

async function version(options: BenchOptions): Promise<Result> {
  options.say('subctl version')
  await exec([SUBCTL, 'version'])
  const values = await repeat(runsOf(options, 30, 100), async () => {
    const began = performance.now()
    await exec([SUBCTL, 'version'])
    return performance.now() - began
  })
  return result({ bench: 'start', series: 'version', unit: 'ms', values, conditions: 'the process from spawn to its end' })
}
