// Errands of nodes whose kubelets the API server does not reach for a while.
import { expect, it } from '@jest/globals'
import { ERRAND_LABEL, jobName, NODE_ANNOTATION } from '../../src/install/remove/cleanup-job.ts'
import { runErrands } from '../../src/install/remove/cleanup-run.ts'
import { ApiError, type KubeApi } from '../../src/k8s/api.ts'
import type { Pod, Resource } from '../../src/model/resources.ts'
import type { Clock } from '../../src/system/clock.ts'
import { fakeCluster } from '../fakes/kube.ts'

const NODE = 'gw1'
const TEMPLATE = { spec: { containers: [{ name: 'agent', image: 'registry.example/subctl:1', args: [] }] } }
const meta = (name: string) => ({
  ...{ name, namespace: 'submariner', labels: { [ERRAND_LABEL]: 'trace' } },
  annotations: { [NODE_ANNOTATION]: NODE },
})

/** One node, whose errand has ended and whose log is there once `untilMs` has come. */
function placeOf(untilMs: number, code: number) {
  let now = 0
  const clock: Clock = {
    now: () => now,
    async sleep(ms) {
      now += ms
    },
  }
  const real = fakeCluster().api()
  const job = {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: meta(jobName('trace', NODE)) },
    status: { conditions: [{ type: 'Complete', status: 'True' }] },
  }
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: meta('p'), status: { phase: 'Succeeded' } }
  const lists: Readonly<Record<string, readonly Resource[]>> = { Job: [job], Pod: [pod] }
  const api = {
    ...real,
    create: async (object: Resource) => object,
    list: async (kind: string) => ({ items: lists[kind] ?? [], version: '1' }),
    remove: async () => true,
    async raw(): Promise<string> {
      if (now < untilMs) throw new ApiError(code, 'InternalError', 'connection refused')
      return 'what it printed\n'
    },
  } as unknown as KubeApi
  const outcomes = runErrands(api, {
    ...{ namespace: 'submariner', template: TEMPLATE, errand: 'trace', nodes: [NODE], hasAccount: false, progress: () => undefined },
    ...{ clock, signal: new AbortController().signal, deadline: 60_000 },
  })
  return { outcomes, clock }
}

it('has the log of a node whose kubelet answers some seconds later', async () => {
  const { outcomes } = placeOf(4_000, 500)
  expect(await outcomes).toEqual([{ node: NODE, why: undefined, log: 'what it printed\n' }])
})

it('goes on without a log where a kubelet is not reached for ten seconds, and at once where there is none', async () => {
  const late = placeOf(60_000, 500)
  expect(await late.outcomes).toEqual([{ node: NODE, why: undefined, log: '' }])
  expect(late.clock.now()).toBeGreaterThanOrEqual(10_000)
  const none = placeOf(60_000, 404)
  expect(await none.outcomes).toEqual([{ node: NODE, why: undefined, log: '' }])
  expect(none.clock.now()).toBe(0)
})
