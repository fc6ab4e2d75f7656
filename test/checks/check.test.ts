import { describe, expect, it } from '@jest/globals'
import { type Check, type Outcome, runChecks, type Verdict } from '../../src/checks/check.ts'
import { notAccepted } from '../../src/checks/clusters/broker-access.ts'
import { ApiError } from '../../src/k8s/api.ts'
import type { Clock } from '../../src/system/clock.ts'

/** A clock whose sleeps end at once and cost their time. */
const jumpingClock = (): Clock => {
  let now = 0
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms
    },
  }
}
const check = (id: `SUB${string}`, run: () => Verdict, more: Partial<Check<undefined>> = {}): Check<undefined> => ({
  id,
  name: id,
  run: async () => run(),
  ...more,
})

async function outcomesOf(checks: readonly Check<undefined>[], signal = new AbortController().signal): Promise<Outcome[]> {
  const found: Outcome[] = []
  for await (const outcome of runChecks(checks, undefined, {
    clock: jumpingClock(),
    signal,
    explain: (error) => (error instanceof Error ? error.message : ''),
  }))
    found.push(outcome)
  return found
}

describe('runChecks()', () => {
  it('yields outcomes in order', async () => {
    const outcomes = await outcomesOf([check('SUB1', () => ({ is: 'ok' })), check('SUB2', () => ({ is: 'warning', reason: 'w' }))])
    expect(outcomes.map((o) => [o.id, o.verdict.is])).toEqual([
      ['SUB1', 'ok'],
      ['SUB2', 'warning'],
    ])
  })

  it('begins what may be begun before the first check runs, also of those that are skipped later', async () => {
    const seen: string[] = []
    const ahead = (): void => void seen.push('begun')
    const bad = check('SUB1', () => ({ is: 'failed', reason: String(seen.push('ran')) }))
    await outcomesOf([bad, check('SUB2', () => ({ is: 'ok' }), { needs: ['SUB1'], ahead })])
    expect(seen).toEqual(['begun', 'ran'])
  })
  it('skips what cannot succeed after a failure, and says why', async () => {
    const outcomes = await outcomesOf([
      check('SUB1', () => ({ is: 'failed', reason: 'down' })),
      check('SUB2', () => ({ is: 'ok' }), { needs: ['SUB1'] }),
      check('SUB3', () => ({ is: 'ok' }), { needs: ['SUB2'] }),
    ])
    expect(outcomes.map((o) => o.verdict.is)).toEqual(['failed', 'skipped', 'skipped'])
    expect(outcomes[1]?.verdict).toMatchObject({ reason: expect.stringContaining('while SUB1 is not in order') })
    expect(outcomes[2]?.verdict).toMatchObject({ is: 'skipped', ground: 'SUB1' })
  })

  it('goes on after a failure that leaves something to ask', async () => {
    const outcomes = await outcomesOf([
      check('SUB1', () => ({ is: 'failed', reason: 'one of two', isPartial: true })),
      check('SUB2', () => ({ is: 'ok' }), { needs: ['SUB1'] }),
    ])
    expect(outcomes.map((o) => o.verdict.is)).toEqual(['failed', 'ok'])
  })

  it('takes what a check throws for a failure with that message', async () => {
    const [outcome] = await outcomesOf([
      check('SUB1', () => {
        throw new Error('connection refused')
      }),
    ])
    expect(outcome?.verdict).toEqual({ is: 'failed', reason: 'connection refused' })
  })

  it('has the next step of an error that the user can mend', async () => {
    const refused = await Promise.resolve()
      .then(() => notAccepted(new ApiError(401, 'Unauthorized', 'Unauthorized')))
      .catch((error: unknown) => error)
    const [outcome] = await outcomesOf([
      check('SUB1', () => {
        throw refused
      }),
    ])
    expect(outcome?.verdict).toEqual({
      is: 'failed',
      reason: 'The broker does not accept this cluster’s credential: Unauthorized',
      hint: expect.stringContaining('subctl join broker-info.subm'),
    })
  })

  it('waits for a check with patience to mend itself', async () => {
    let asked = 0
    const [outcome] = await outcomesOf([
      check('SUB1', () => (++asked < 4 ? { is: 'failed', reason: 'not yet' } : { is: 'ok' }), { patienceMs: 10_000 }),
    ])
    expect(outcome?.verdict.is).toBe('ok')
    expect(asked).toBe(4)
  })

  it('loses patience at its end', async () => {
    let asked = 0
    const [outcome] = await outcomesOf([
      check(
        'SUB1',
        () => {
          asked += 1
          return { is: 'failed', reason: 'never' }
        },
        { patienceMs: 2000 },
      ),
    ])
    expect(outcome?.verdict.is).toBe('failed')
    expect(asked).toBe(5)
    expect(outcome?.tookMs).toBe(2000)
  })

  it('ends at an aborted signal', async () => {
    expect(await outcomesOf([check('SUB1', () => ({ is: 'ok' }))], AbortSignal.abort())).toEqual([])
  })
})
