import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { FACTORS, SCENARIOS, titleOf } from './matrix.ts'
import { pairsOf, pairwise, product } from './pairwise.ts'

describe('pairwise()', () => {
  it('has every pair of values of two factors in some row, and no row twice', () => {
    const values = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 })
    const factors = fc
      .array(values, { minLength: 2, maxLength: 5 })
      .map((lists) => Object.fromEntries(lists.map((list, i) => [`f${i}`, list])))
    fc.assert(
      fc.property(factors, (some) => {
        const rows = pairwise(some)
        const covered = new Set(rows.flatMap(pairsOf))
        for (const [a, listA] of Object.entries(some))
          for (const [b, listB] of Object.entries(some))
            if (a < b)
              for (const x of listA)
                for (const y of listB)
                  expect(covered).toContain(
                    JSON.stringify([
                      [a, x],
                      [b, y],
                    ]),
                  )
        expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(rows.length)
      }),
    )
  })

  it('needs a small part of the whole product', () => {
    expect(SCENARIOS.length).toBeGreaterThanOrEqual(FACTORS.rpFilter.length * FACTORS.gateways.length)
    expect(SCENARIOS.length).toBeLessThan(product(FACTORS).length / 10)
  })

  it('gives scenarios of which each has a title of its own', () => {
    expect(new Set(SCENARIOS.map(titleOf)).size).toBe(SCENARIOS.length)
  })
})
