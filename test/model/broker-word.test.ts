import { expect, it } from '@jest/globals'
import { brokerState } from '../../src/model/gateway-status.ts'

it.each([
  ['reached', { isReached: true, why: '' }],
  ['no answer within 15000 ms', { isReached: false, why: 'no answer within 15000 ms' }],
  // An engine that has just started takes back the word of the one before it.
  ['', undefined],
])('what a gateway says of the broker is read as it is meant: %p', (text, state) => {
  expect(brokerState({ 'submariner.io/broker': text })).toEqual(state)
})
it('a gateway without a word has said nothing', () => {
  expect([brokerState({}), brokerState(undefined)]).toEqual([undefined, undefined])
})
