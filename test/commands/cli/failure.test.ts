// Each command that takes -o json says by an object on stdout why it failed.
import { expect, it } from '@jest/globals'
import { main } from '../../../src/commands/cli/main.ts'
import { COMMANDS } from '../../../src/commands/cli/table.ts'
import { laptopRuns } from '../../../src/commands/runs/laptop.ts'
import { ApiError } from '../../../src/k8s/api.ts'
import { fakeWorld } from '../../fakes/context.ts'

const LINES: Readonly<Record<string, string>> = {
  'deploy-broker': '',
  join: '--cluster-id west',
  upgrade: '',
  uninstall: '--yes',
  verify: '--contexts west',
  show: '',
  forget: 'west --yes',
}

it.each(Object.entries(LINES))('%s, where the cluster cannot be reached', async (command, flags) => {
  expect(COMMANDS.find(({ name }) => name === command)?.flags.map(({ name }) => name)).toContain('output')
  const info = { 'broker-info.subm': 'bm90IGEgYnJva2VyIGZpbGU=' }
  const world = fakeWorld({ files: ['join', 'uninstall', 'forget'].includes(command) ? info : {} })
  const kube = async (): Promise<never> => {
    throw new ApiError(0, 'ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:6443')
  }
  const code = await main(
    [command, ...flags.split(' ').filter((word) => word !== ''), '-o', 'json'],
    { ...world.context, kube },
    laptopRuns,
  )
  const { error, ...rest } = JSON.parse(world.out())
  expect(code).toBeGreaterThan(0)
  expect(rest).toMatchObject({ apiVersion: 'subctl.submariner.io/v1', kind: 'Error' })
  expect(error).toEqual({ id: expect.stringMatching(/^SUB\d{4}$/), message: expect.any(String), hint: expect.any(String), exitCode: code })
  expect(world.err()).toContain(`error ${error.id}: ${error.message}\n${error.hint}\n`)
})
