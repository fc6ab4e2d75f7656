import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { canonical, isSame } from '../../src/model/canonical.ts'

it('canonical() gives one text for one value, whatever the order of its keys, and it is JSON of that value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonical(value)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(canonical(turned(value))).toBe(text)
    }),
  )
})

it('canonical() leaves out what JSON has no word for, and says null for it in a list', () => {
  expect(canonical({ b: undefined, a: [undefined, 1], c: () => 1 })).toBe('{"a":[null,1]}')
  expect(canonical('text')).toBe('"text"')
  expect(canonical(null)).toBe('null')
})

describe('isSame()', () => {
  // Few words, so that many values are equal, or nearly.
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, false, 0, 1, '', 'a', '0'),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'toString'), fc.oneof(tie('value'), fc.constant(undefined)), { maxKeys: 2 }),
    ),
  }))

  it('says what the texts of canonical() say', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(isSame(a, b)).toBe(canonical(a) === canonical(b))
      }),
      { numRuns: 2_000 },
    )
  })

  it('finds a value the same as itself in another order, and other than itself with anything more in it', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(isSame(one, turned(one))).toBe(true)
        expect([isSame(one, { one }), isSame({ one }, { one, more: 0 }), isSame([one], [one, one])]).toEqual([false, false, false])
      }),
    )
  })
})

/** The same value with keys in the other order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, turned(item)]),
  )
}
