import { describe, expect, it } from '@jest/globals'
import { type Contest, decide, held, look, type Sight } from '../../src/k8s/contest.ts'
import type { Lease } from '../../src/model/resources.ts'
import { make } from '../fakes/kube.ts'

const lease = (spec: unknown): Lease => make('Lease', 'lock', { spec } as Omit<Lease, 'apiVersion' | 'kind' | 'metadata'>)
const heldBy = (holderIdentity: unknown, more = {}): Lease => lease({ holderIdentity, leaseDurationSeconds: 3, renewTime: 'x', ...more })
const seen = (of: Lease | undefined, quietMs = 0, wasHeld = of !== undefined): Sight => ({ lease: of, quietMs, wasHeld })
const contest = (sight: Sight | undefined, leading = false): Contest => ({ me: 'me', leading, sight, termMs: 3_000 })

describe('decide', () => {
  it.each([
    ['a standby that has seen nothing waits', contest(undefined), 'wait'],
    ['a leader whom nothing answers goes on', contest(undefined, true), 'renew'],
    ['a lease that never was is taken', contest(seen(undefined)), 'take'],
    ['a lease that vanished is left to its holder for a term', contest(seen(undefined, 2_999, true)), 'wait'],
    ['a lease that vanished and stays away is taken', contest(seen(undefined, 3_000, true)), 'take'],
    ['a lease given back is taken at once', contest(seen(heldBy(''))), 'take'],
    ['a lease held in the own name is taken at once', contest(seen(heldBy('me'))), 'take'],
    ["another's lease is left alone before its term is over", contest(seen(heldBy('other'), 2_999)), 'wait'],
    ["another's lease is taken after a quiet term", contest(seen(heldBy('other'), 3_000)), 'take'],
    ["the holder's own longer term counts", contest(seen(heldBy('other', { leaseDurationSeconds: 15 }), 14_000)), 'wait'],
    ['a senseless term does not wait for ever', contest(seen(heldBy('other', { leaseDurationSeconds: 1e12 }), 60_000)), 'take'],
    ['a term that is no number is ours', contest(seen(heldBy('other', { leaseDurationSeconds: 'x' }), 3_000)), 'take'],
    ['a lease without a readable holder is left alone for a term', contest(seen(heldBy(7))), 'wait'],
    ['a lease without a spec too', contest(seen(lease(null))), 'wait'],
    ['and then taken', contest(seen(lease('garbage'), 3_000)), 'take'],
    ['a leader renews what is its own', contest(seen(heldBy('me')), true), 'renew'],
    ['a leader makes a lease again that was removed', contest(seen(undefined, 0, true), true), 'renew'],
    ['a leader writes over garbage', contest(seen(heldBy({ a: 1 })), true), 'renew'],
    ['a leader yields to another holder', contest(seen(heldBy('other')), true), 'yield'],
  ] as const)('%s', (_name, given, expected) => {
    expect(decide(given)).toBe(expected)
  })
})

describe('look', () => {
  it('adds up the time in which nothing changed, and begins anew with every change or gap', () => {
    const quiet = (sight: Sight): number => sight.quietMs
    const a = look(undefined, heldBy('other'), 500)
    expect(quiet(a)).toBe(0)
    const b = look(look(a, heldBy('other'), 1_000), heldBy('other'), 1_500)
    expect(quiet(b)).toBe(2_500)
    expect(quiet(look(b, heldBy('other', { renewTime: 'y' }), 1_000))).toBe(0)
    expect(quiet(look(b, heldBy('other'), undefined))).toBe(0)
    expect(quiet(look(b, undefined, 1_000))).toBe(0)
  })
})

describe('held', () => {
  it('keeps what must be kept through a renewal and counts a change of holder', () => {
    const first = held(undefined, 'me', 0, 3_000)
    expect(first).toEqual({
      holderIdentity: 'me',
      leaseDurationSeconds: 3,
      acquireTime: '1970-01-01T00:00:00.000000Z',
      renewTime: '1970-01-01T00:00:00.000000Z',
      leaseTransitions: 1,
    })
    const again = held(lease(first), 'me', 1_000, 3_000)
    expect(again).toEqual({ ...first, renewTime: '1970-01-01T00:00:01.000000Z' })
    expect(held(lease(again), 'you', 2_000, 3_000)).toMatchObject({ leaseTransitions: 2, acquireTime: '1970-01-01T00:00:02.000000Z' })
  })
  it('puts garbage right', () => {
    expect(held(heldBy('me', { acquireTime: 5, leaseTransitions: -3 }), 'me', 0, 2_500)).toMatchObject({
      leaseDurationSeconds: 3,
      acquireTime: '1970-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    })
  })
})
