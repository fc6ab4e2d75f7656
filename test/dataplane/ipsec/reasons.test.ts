import { describe, expect, it } from '@jest/globals'
import { openAttempts } from '../../../src/dataplane/ipsec/attempts.ts'
import { reasonOf } from '../../../src/dataplane/ipsec/reasons.ts'
import { parseIp } from '../../../src/model/net.ts'

describe('reasons from charon’s log', () => {
  it.each([
    [
      "tried 1 shared key for '172.30.0.1' - '172.30.0.2', but MAC mismatched",
      'authentication failed: the pre-shared key of 1.2.3.4:4500 is another one',
    ],
    [
      'received AUTHENTICATION_FAILED notify error',
      'authentication failed: 1.2.3.4:4500 does not know this gateway yet, or has another pre-shared key',
    ],
    ['received NO_PROPOSAL_CHOSEN notify error', 'no proposal: 1.2.3.4:4500 accepts none of ours, or does not know this gateway yet'],
    ['received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built', 'no proposal: 1.2.3.4:4500 accepts none of our ESP proposals'],
    ['received TS_UNACCEPTABLE notify, no CHILD_SA built', '1.2.3.4:4500 refused the networks'],
    ['retransmit 1 of request with message ID 0', 'no answer from 1.2.3.4:4500'],
    ['giving up after 5 retransmits', 'no answer from 1.2.3.4:4500'],
    ['error writing to socket: Network is unreachable', 'cannot send to 1.2.3.4:4500: Network is unreachable'],
    ['error installing route with policy 100.2.0.0/16 === 10.1.0.0/16 out', 'this gateway owns no address in 100.2.0.0/16'],
    ['initiating IKE_SA x[1] to 1.2.3.4', undefined],
  ])('%s', (line, reason) => {
    expect(reasonOf(line, { address: parseIp('1.2.3.4'), port: 4500 })).toBe(reason)
  })
  it('name an IPv6 address in brackets', () => {
    expect(reasonOf('giving up after 5 retransmits', { address: parseIp('2001:db8::1'), port: 4500 })).toBe(
      'no answer from [2001:db8::1]:4500',
    )
  })
})

describe('attempts', () => {
  it('wait 1, 2, 4 ... at most 30 s after each other', () => {
    const attempts = openAttempts()
    const waits: number[] = []
    let now = 0
    for (let i = 0; i < 8; i += 1) {
      attempts.tried('a', 'x', now)
      const start = now
      while (!attempts.isDue('a', 'x', now)) now += 500
      waits.push((now - start) / 1000)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30])
  })
  it('come at once when what they are about has changed, and begin anew', () => {
    const attempts = openAttempts()
    attempts.tried('a', 'x', 0)
    expect(attempts.isDue('a', 'x', 10)).toBe(false)
    expect(attempts.isDue('a', 'y', 10)).toBe(true)
    attempts.clearAll()
    expect(attempts.isDue('a', 'x', 10)).toBe(true)
  })
})
