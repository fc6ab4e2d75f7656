import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { diff } from '../../src/model/diff.ts'
import { diffSorted, lowerBound, type Order, TEXT_ORDER } from '../../src/model/sorted.ts'

interface Item {
  readonly place: number
  readonly text: string
}
const BY_PLACE: Order<Item> = { compare: (a, b) => a.place - b.place, isSame: (a, b) => a.text === b.text }
const sorted = fc
  .uniqueArray(fc.record({ place: fc.nat({ max: 20 }), text: fc.constantFrom('a', 'b') }), { selector: ({ place }) => place })
  .map((items) => items.sort(BY_PLACE.compare))

describe('diffSorted()', () => {
  it('gives of two sorted lists what diff() gives of any two', () => {
    fc.assert(
      fc.property(sorted, sorted, (before, after) => {
        const expected = diff(
          before,
          after,
          ({ place }) => String(place),
          ({ text }) => text,
        )
        expect(diffSorted(before, after, BY_PLACE)).toEqual(expected)
      }),
    )
  })
  it('takes texts in the order of sort()', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary' })), fc.uniqueArray(fc.string({ unit: 'binary' })), (before, after) => {
        const { put, drop } = diffSorted(before.toSorted(), after.toSorted(), TEXT_ORDER)
        expect(new Set([...before.filter((text) => !drop.includes(text)), ...put])).toEqual(new Set(after))
        expect(put.length + before.length - drop.length).toBe(after.length)
      }),
    )
  })
})

describe('lowerBound()', () => {
  it('is the first place that is not before, and the end where all are', () => {
    const items = [1, 3, 3, 7]
    const at = (limit: number): number => lowerBound(items, (item) => item < limit)
    expect([0, 1, 2, 3, 4, 7, 8].map(at)).toEqual([0, 0, 1, 1, 3, 3, 4])
    expect(lowerBound([], () => true)).toBe(0)
  })
})
