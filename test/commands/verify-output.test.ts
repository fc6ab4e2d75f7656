// What verify prints and writes, and when.
import { expect, it } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { type FakeOptions, fakeWorld } from '../fakes/context.ts'
import { joined } from '../fakes/joined.ts'
import { fakeCluster } from '../fakes/kube.ts'

async function verify(apis: FakeOptions['apis'], flags: readonly string[]) {
  const world = fakeWorld({ ...(apis && { apis }), env: { LANG: 'C' } })
  const code = await main(['verify', ...flags], world.context, laptopRuns)
  return { code, out: world.out() }
}

it('verify tries the place of --junit-file before it checks anything, and leaves no success there when it is broken off', async () => {
  const west = joined()
  const world = fakeWorld({ apis: west.apis, clock: west.clock })
  const files = { ...world.context.files, write: () => Promise.reject(new Error('no such folder')) }
  const argv = ['verify', '--context', 'west', '--junit-file', '/nowhere/x.xml']
  expect(await main(argv, { ...world.context, files }, laptopRuns)).toBe(64)
  expect([world.out(), world.err()]).toEqual([
    '',
    expect.stringMatching(/^error SUB0103: --junit-file: \/nowhere\/x.xml cannot be written: no such folder\n/),
  ])
  const written: string[] = []
  const write = async (_: string, text: string) => void written.push(text)
  await main(argv, { ...world.context, files: { ...files, write } }, laptopRuns)
  expect(written.map((text) => [text.includes('errors="1"'), text.includes('SUB0602')])).toEqual([
    [true, false],
    [false, true],
  ])
})

it('verify folds what it cannot tell of a cluster that has not joined into one line; programs get every check', async () => {
  const apis = { west: fakeCluster().api() }
  const flags = ['--context', 'west', '--timeout', '5s']
  const table = await verify(apis, flags)
  expect(table.out.split('\n').filter((line) => line.includes('skipped'))).toEqual([
    expect.stringMatching(/^ {2}skipped \d\d more checks: they cannot be told while SUB0602 is not in order$/),
    expect.stringMatching(/^\d+ checks in order, 1 failed, 0 warnings, \d\d skipped\.$/),
  ])
  const { out } = await verify(apis, [...flags, '-o', 'json'])
  const report = JSON.parse(out) as { clusters: { checks: { result: string }[] }[] }
  expect(report.clusters[0]?.checks.filter(({ result }) => result === 'skipped').length).toBeGreaterThan(20)
})
