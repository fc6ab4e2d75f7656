import { expect, it } from '@jest/globals'
import { checkStillOurs, forgetUninstall } from '../../src/commands/join/last.ts'
import { environmentOf } from '../../src/install/objects/settings.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'
import { type FakeCluster, fakeCluster } from '../fakes/kube.ts'

const withMap = (name: string, data: Readonly<Record<string, string>>): FakeCluster => {
  const made = fakeCluster()
  made.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'submariner' }, ...{ data } })
  return made
}

it('a join whose settings another one has changed meanwhile does not say that all is well', async () => {
  const ours = environmentOf(PLAIN_JOIN)
  await checkStillOurs(withMap('submariner-settings', ours).api(), PLAIN_JOIN)
  const others = withMap('submariner-settings', { ...ours, SUBMARINER_HEALTHCHECKINTERVAL: '3' })
  await expect(checkStillOurs(others.api(), PLAIN_JOIN)).rejects.toMatchObject({
    id: 'SUB0434',
    message: expect.stringContaining('SUBMARINER_HEALTHCHECKINTERVAL is "3", not "1"'),
  })
})

it('a join takes away what an uninstall that broke off had written down', async () => {
  const west = withMap('submariner-uninstall', { 'route-agent-template': '{}' })
  const said: string[] = []
  await forgetUninstall(west.api(), 'submariner', (text) => said.push(text))
  await forgetUninstall(west.api(), 'submariner', (text) => said.push(text))
  expect(west.objects('ConfigMap')).toEqual([])
  expect(said).toEqual(['removed ConfigMap submariner/submariner-uninstall, of an uninstall that broke off'])
})
