import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { canonical } from '../../src/model/canonical.ts'

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
