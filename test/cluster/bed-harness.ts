// What tests on real clusters share: a bed for the tests of one file.
import { describe } from '@jest/globals'
import { messageOf } from '../../src/model/errors.ts'
import { logTails } from '../lab/daemons.ts'
import { type Bed, downBed, keepLogs, type UpBedOptions, upBed } from './bed.ts'
import { bedMissing } from './bed-missing.ts'

/** A bed for the tests of one file: `up` in beforeAll, `down` in afterAll. */
export interface TestBed {
  readonly bed: Bed
  up(): Promise<void>
  down(): Promise<void>
  /** Runs a test's work; where it fails the logs are kept, and the error carries their ends and says where they are. */
  explained(work: (bed: Bed) => Promise<void>): () => Promise<void>
}

export function testBed(options: UpBedOptions & { readonly name: string }): TestBed {
  let bed: Bed | undefined
  const need = (): Bed => {
    if (bed === undefined) throw new Error('the bed is not up')
    return bed
  }
  return {
    get bed() {
      return need()
    },
    async up() {
      bed = await upBed(options)
    },
    async down() {
      if (bed !== undefined) await downBed(bed)
    },
    explained: (work) => async () => {
      try {
        await work(need())
      } catch (error) {
        throw new Error(`${messageOf(error)}\n${await logTails(need(), undefined, 8)}\nall logs are in ${await keepLogs(need())}`, {
          cause: error,
        })
      }
    },
  }
}

/** `describe`, or where no bed can be made one that skips and says why. */
export function describeBed(title: string, tests: () => void): void {
  const why = bedMissing()
  if (why === undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: ${why})`, tests)
}
