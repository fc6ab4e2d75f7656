import { describe, expect, it } from '@jest/globals'
import { result, table } from './series.ts'

const of = (values: readonly number[]) => result({ bench: 'b', series: 's', unit: 'ms', values, conditions: 'quiet' })

describe('result()', () => {
  it('takes the maximum for p99 where there are under 100 samples, and says so', () => {
    expect(of([3, 1, 2])).toEqual({
      bench: 'b',
      series: 's',
      unit: 'ms',
      samples: 3,
      p50: 2,
      p99: 3,
      conditions: 'quiet; p99 is the maximum',
    })
  })

  it('takes the nearest rank of 100 samples and more', () => {
    expect(of(Array.from({ length: 200 }, (_, i) => i + 1))).toMatchObject({ p50: 100, p99: 198, conditions: 'quiet' })
  })

  it('refuses to tell anything of no samples', () => {
    expect(() => of([])).toThrow('b [s] has no samples')
  })
})

it('the table puts series in brackets', () => {
  expect(table([of([1])]).split('\n')[1]).toMatch(/^b {7}\[s\] /)
})
