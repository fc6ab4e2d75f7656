// What the tests of the lab share.
import { messageOf } from '../../src/model/errors.ts'
import { logTails } from './daemons.ts'
import { downLab, type UpOptions, upLab } from './lab.ts'
import type { Lab } from './state.ts'

export const MINUTE = 60_000

/** A lab for the tests of one file: `up` in beforeAll, `down` in afterAll. */
export interface TestLab {
  readonly lab: Lab
  up(): Promise<void>
  down(): Promise<void>
  /** Runs a test's work; where it fails the error carries the ends of all logs of the lab. */
  explained(work: (lab: Lab) => Promise<void>): () => Promise<void>
}

export function testLab(options: UpOptions & { readonly name: string }): TestLab {
  let lab: Lab | undefined
  const need = (): Lab => {
    if (lab === undefined) throw new Error('the lab is not up')
    return lab
  }
  return {
    get lab() {
      return need()
    },
    async up() {
      lab = await upLab(options)
    },
    async down() {
      if (lab !== undefined) await downLab(lab)
    },
    explained: (work) => async () => {
      try {
        await work(need())
      } catch (error) {
        throw new Error(`${messageOf(error)}\n${await logTails(need())}`, { cause: error })
      }
    },
  }
}

/** Says a figure that a test has measured: reported, never asserted tightly. */
export const report = (what: string, value: number | string, unit = '', aim?: string): void => {
  process.stdout.write(`    measured: ${what}: ${value}${unit === '' ? '' : ` ${unit}`}${aim === undefined ? '' : ` (promised: ${aim})`}\n`)
}
