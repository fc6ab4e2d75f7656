import { beforeAll } from '@jest/globals'
import { applyPlan } from '../../src/install/apply.ts'
import { compare } from '../../src/install/compare.ts'
import { brokerCrds } from '../../src/install/manifests.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { realClock } from '../../src/system/clock.ts'
import { describePlanes, openPlace, planes } from '../cluster/plane-suite.ts'
import { contract, NAMESPACE, READS } from './contract.ts'
import { WRITES } from './contract-writes.ts'

/** The namespaces and kinds that the tests use. */
async function prepare(api: KubeApi): Promise<void> {
  const namespaces = [NAMESPACE, 'elsewhere'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  const options = { clock: realClock, signal: new AbortController().signal, deadline: Date.now() + 60_000, progress: () => undefined }
  await applyPlan(api, await compare(api, [...namespaces, ...brokerCrds()]), options)
}

describePlanes('a real API server', () => {
  const at = planes(['real'])
  beforeAll(async () => prepare(openPlace(at.real)))
  contract('real', [...READS, ...WRITES], async () => ({ api: openPlace(at.real), oldVersion: async () => '1' }))
})
