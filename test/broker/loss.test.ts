import { expect, it } from '@jest/globals'
import { judgeLoss, KEEP_MS, keptUntil, LEAST_MS, type LossView, noticedAtOf } from '../../src/broker/loss.ts'

const VIEW: LossView = { remembered: 'a', clusterUid: 'a', hasEndpoint: true, noticedAt: undefined, now: 1_000_000 }
const judge = (more: Partial<LossView>) => judgeLoss({ ...VIEW, ...more })

it('a broker that has our objects as we remember them has lost nothing', () => {
  expect(judge({})).toEqual({ isLost: false, noticedAt: undefined, remember: undefined })
})

it('a broker that we have never been on has lost nothing; what is there is remembered', () => {
  expect(judge({ remembered: undefined, clusterUid: undefined, hasEndpoint: false })).toEqual({
    isLost: false,
    noticedAt: undefined,
    remember: undefined,
  })
  expect(judge({ remembered: undefined })).toMatchObject({ isLost: false, remember: 'a' })
  // The Cluster that `join` wrote, before an engine has run.
  expect(judge({ remembered: undefined, hasEndpoint: false })).toMatchObject({ isLost: false, remember: undefined })
})

it.each<[string, Partial<LossView>]>([
  ['our Cluster is gone', { clusterUid: undefined }],
  ['our Endpoint is gone', { hasEndpoint: false }],
  ['our Cluster was made anew, by an engine before this one', { clusterUid: 'b' }],
])('a broker has lost its data where %s', (_, more) => {
  expect(judge(more)).toEqual({ isLost: true, noticedAt: VIEW.now, remember: undefined })
})

it('the loss counts for ten minutes after it was noticed, also when our objects are back, and then the new uid is remembered', () => {
  const back = { clusterUid: 'b', noticedAt: VIEW.now }
  expect(judge({ ...back, now: VIEW.now + KEEP_MS - 1 })).toMatchObject({ isLost: true, noticedAt: VIEW.now })
  expect(judge({ ...back, now: VIEW.now + KEEP_MS })).toEqual({ isLost: false, noticedAt: undefined, remember: 'b' })
  expect(judge({ noticedAt: VIEW.now, now: VIEW.now + 1_000 })).toMatchObject({ isLost: true })
  expect(judge({ noticedAt: VIEW.now, now: VIEW.now + KEEP_MS })).toEqual({ isLost: false, noticedAt: undefined, remember: undefined })
})

it('the loss counts for a moment only where the broker has everybody else: somebody removed our objects alone', () => {
  const back = { clusterUid: 'b', isComplete: true, noticedAt: VIEW.now }
  expect(judge({ ...back, now: VIEW.now + LEAST_MS - 1 })).toMatchObject({ isLost: true, noticedAt: VIEW.now })
  expect(judge({ ...back, now: VIEW.now + LEAST_MS })).toEqual({ isLost: false, noticedAt: undefined, remember: 'b' })
  expect(judge({ ...back, clusterUid: undefined, now: VIEW.now + LEAST_MS })).toMatchObject({ isLost: true })
})

it('a process that starts in the middle goes on with the time of the one before, and believes no time to come', () => {
  expect(noticedAtOf(keptUntil(VIEW.now))).toBe(VIEW.now)
  expect([noticedAtOf(undefined), noticedAtOf('soon'), keptUntil(undefined)]).toEqual([undefined, undefined, undefined])
  expect(judge({ clusterUid: 'b', noticedAt: VIEW.now + 1 })).toMatchObject({ isLost: true, noticedAt: VIEW.now })
})

it('the loss does not end before our objects are back', () => {
  expect(judge({ clusterUid: undefined, noticedAt: VIEW.now, now: VIEW.now + 10 * KEEP_MS })).toMatchObject({ isLost: true })
})
