import { afterAll, beforeAll, describe } from '@jest/globals'
import { applyPlan } from '../../src/install/apply/apply.ts'
import { compare } from '../../src/install/apply/compare.ts'
import { brokerCrds } from '../../src/install/objects/manifests.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { realClock } from '../../src/system/clock.ts'
import { type Served, serve } from '../apiserver/serve.ts'
import { describePlanes, openPlace, planes } from '../cluster/plane-suite.ts'
import { contract, NAMESPACE, READS } from './contract.ts'
import { WIRE, type WireSubject } from './contract-wire.ts'
import { WRITES } from './contract-writes.ts'

const ALL = [...READS, ...WRITES, ...WIRE]

/** The namespaces and kinds that the tests use. */
async function prepare(api: KubeApi): Promise<void> {
  const namespaces = [NAMESPACE, 'elsewhere'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  const options = { clock: realClock, signal: new AbortController().signal, deadline: Date.now() + 60_000, progress: () => undefined }
  await applyPlan(api, await compare(api, [...namespaces, ...brokerCrds()]), options)
}

describePlanes('a real API server', () => {
  const at = planes(['real'])
  beforeAll(() => prepare(openPlace(at.real)))
  // Its watches begin where its copy of etcd does.
  contract('real', ALL, async () => ({ api: openPlace(at.real), place: at.real, oldVersion: async () => '1' }) satisfies WireSubject)
})

describe('the central API server', () => {
  const mostChanges = 100
  let served: Served
  beforeAll(async () => {
    served = await serve({ limits: { mostChanges } })
    await prepare(served.admin)
  })
  afterAll(() => served.stop())
  const oldVersion = async (): Promise<string> => {
    const { version } = await served.admin.list('Cluster')
    for (let i = 0; i <= mostChanges; i += 1)
      await served.admin.apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'changing', namespace: NAMESPACE },
        ...{ data: { i: String(i) } },
      })
    return version
  }
  contract('central', ALL, async () => {
    const place = { server: served.url, ca: served.ca, token: served.server.adminToken }
    return { api: served.admin, place, oldVersion } satisfies WireSubject
  })
})
