import { expect, it } from '@jest/globals'
import { ApiError } from '../../src/k8s/api.ts'
import { podLog } from '../../src/k8s/pod-log.ts'
import { fakeCluster } from '../fakes/kube.ts'

/** An API whose answers come one after the other: a log, or the code of an error. */
function answering(answers: readonly (string | number)[]) {
  const asked: string[] = []
  const raw = async (path: string): Promise<string> => {
    const answer = answers[asked.push(path) - 1]
    if (typeof answer === 'string') return answer
    throw new ApiError(answer ?? 0, 'Reason', 'read: connection reset by peer')
  }
  return { api: { ...fakeCluster().api(), raw }, asked }
}

it('asks again where the API server held a connection to a kubelet that has started again since', async () => {
  const { api, asked } = answering([500, 500, 'a line\n'])
  expect(await podLog(api, 'shop', 'web', { lastLines: 5 })).toBe('a line\n')
  expect(asked).toEqual(Array.from({ length: 3 }, () => '/api/v1/namespaces/shop/pods/web/log?tailLines=5'))
})

it.each([
  { what: 'a kubelet that is not reached at all', answers: [500, 500, 500], code: 500, asks: 3 },
  { what: 'an API server that is busy', answers: [503], code: 503, asks: 1 },
  { what: 'a right that lacks', answers: [403], code: 403, asks: 1 },
  { what: 'no answer', answers: [0], code: 0, asks: 1 },
])('throws for $what', async ({ answers, code, asks }) => {
  const { api, asked } = answering(answers)
  await expect(podLog(api, 'shop', 'web')).rejects.toMatchObject({ code })
  expect(asked).toHaveLength(asks)
})

it.each([400, 404])('knows no log of a pod that has not started or is gone (%s)', async (code) => {
  expect(await podLog(answering([code]).api, 'shop', 'web')).toBeUndefined()
})
