import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { exec } from '../../src/system/exec.ts'

const BENCH = join(import.meta.dirname, '..', '..', 'scripts', 'bench')

it('scripts/bench prints an array of results, and nothing else, on stdout', async () => {
  const { stdout, stderr } = await exec([BENCH, 'central-api', '--quick', '-o', 'json'], { timeoutMs: 240_000 })
  const results: unknown = JSON.parse(stdout)
  const a = expect.any
  const line = {
    bench: 'central-api',
    series: a(String),
    unit: a(String),
    samples: a(Number),
    p50: a(Number),
    p99: a(Number),
    conditions: a(String),
  }
  expect(results).toEqual([line, line, line, line, line])
  expect(stderr).toContain('central-api: watchers')
}, 300_000)

it('scripts/bench refuses a bench that it does not know', async () => {
  const { code, stderr } = await exec([BENCH, 'nothing'], { okCodes: [64], timeoutMs: 120_000 })
  expect([code, stderr]).toEqual([64, expect.stringContaining('there is no bench "nothing"')])
}, 150_000)
