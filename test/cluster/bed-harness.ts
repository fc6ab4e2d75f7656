// What tests on real clusters share: a bed for the tests of one file.
import { describe } from '@jest/globals'
import { NAMESPACE } from '../../src/model/names.ts'
import { logTails } from '../lab/daemons.ts'
import { type TestSite, testSite } from '../lab/test-site.ts'
import { type Bed, downBed, keepLogs, type UpBedOptions, upBed } from './bed.ts'
import { bedMissing } from './bed-missing.ts'
import { podLogTails } from './pod-logs.ts'

export const testBed = (options: UpBedOptions & { readonly name: string }): TestSite<Bed> =>
  testSite({
    up: () => upBed(options),
    down: downBed,
    tell: async (bed) =>
      [await logTails(bed, undefined, 8), await podLogTails(bed, NAMESPACE, 8), `all logs are in ${await keepLogs(bed)}`].join('\n'),
  })

/** `describe`, or where no bed can be made one that skips and says why. */
export function describeBed(title: string, tests: () => void): void {
  const why = bedMissing()
  if (why === undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: ${why})`, tests)
}
