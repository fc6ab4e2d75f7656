import { describe, expect, it } from '@jest/globals'
import { lanesOf, stepsFor, suitesOf } from '../../scripts/test-suites.ts'

const scripts = (names: readonly string[]): readonly string[] => stepsFor(names).map(({ argv }) => argv.join(' '))

describe('the suites of scripts/test', () => {
  it('are by default all that CI runs, real clusters among them', () => {
    expect(suitesOf([])).toEqual(['unit', 'kernel', 'api', 'lab', 'loss', 'cluster'])
  })
  it('are those named, and with `full` what `cluster` has', () => {
    expect(suitesOf(['--suite', 'lab,unit', '--suite=api'])).toEqual(['lab', 'unit', 'api'])
    expect(suitesOf(['--suite', 'full,cluster'])).toEqual(['cluster', 'full'])
    expect(() => suitesOf(['--suite', 'lap'])).toThrow('no suite lap; there are unit, ')
  })
  it('run side by side where they do not disturb each other, unit tests before all others', () => {
    expect(lanesOf(suitesOf([]))).toEqual([[['unit']], [['kernel', 'lab'], ['api'], ['loss'], ['cluster']]])
    expect(lanesOf(['lab'])).toEqual([[['lab']]])
    expect(lanesOf(suitesOf(['full']))).toEqual([[['cluster', 'full']]])
  })
  it('have the image built where real clusters are asked for, and only there', () => {
    expect(scripts(['unit'])).toEqual([])
    expect(scripts(['kernel'])).toEqual(['scripts/setup lab', 'scripts/build'])
    expect(scripts(['api', 'lab'])).toEqual(['scripts/setup lab', 'scripts/build', 'scripts/kube-build'])
    expect(scripts(['full'])).toContain('scripts/image --cached')
  })
})
