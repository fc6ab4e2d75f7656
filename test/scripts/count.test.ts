import { describe, expect, it } from '@jest/globals'
import { countOf, lastLine, type TestFile, timesOf } from '../../scripts/test-count.ts'

const file = (...tests: (readonly [status: string, invocations?: number])[]): TestFile => ({
  file: 'test/a.lab.ts',
  tests: tests.map(([status, invocations = 1], i) => ({ name: `t${i}`, status, invocations })),
})

describe('the count of a suite', () => {
  it('counts tests, and names those that failed or needed a second go', () => {
    expect(countOf('lab', [file(['passed'], ['passed', 2], ['failed', 2], ['pending'], ['todo'])], 'jest ended with 1')).toEqual({
      suite: 'lab',
      passed: 2,
      skipped: ['lab test/a.lab.ts: t3', 'lab test/a.lab.ts: t4'],
      failures: ['lab test/a.lab.ts: t2'],
      secondGo: ['lab test/a.lab.ts: t1'],
    })
  })
  it.each([
    [
      'a file that did not load',
      [{ file: 'test/b.lab.ts', broken: '\nCannot find module\n at', tests: [] }],
      undefined,
      'lab test/b.lab.ts: Cannot find module',
    ],
    ['a suite without a test', [], undefined, 'lab: no test ran'],
    ['an end out of order', [file(['passed'])], 'jest ended with 7', 'lab: jest ended with 7'],
    ['a suite cut off by its limit', [file(['passed'])], 'not done within 5 minutes', 'lab: not done within 5 minutes'],
  ])('takes %s for a failure', (_, files, trouble, failure) => {
    expect(countOf('lab', files, trouble).failures).toEqual([failure])
  })
  it('ends in one line', () => {
    expect(
      lastLine([
        { passed: 3, failed: 0, skipped: 0 },
        { passed: 4, failed: 1, skipped: 0 },
      ]),
    ).toBe('7 passed, 1 failed')
    expect(lastLine([{ passed: 3, failed: 0, skipped: 2 }])).toBe('3 passed, 0 failed, 2 skipped')
  })
  it('says how long it took, and which files took longest', () => {
    const files = [3, 40, 7].map((seconds, i) => ({ file: `test/${i}.lab.ts`, seconds, tests: [] }))
    expect(
      timesOf('lab', files, 60)
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(['lab 60 s', '40 s test/1.lab.ts', '7 s test/2.lab.ts'])
  })
})
