// What the tests of the lab share.
import { logTails } from './daemons.ts'
import { downLab, type UpOptions, upLab } from './lab.ts'
import type { Lab } from './state.ts'
import { type TestSite, testSite } from './test-site.ts'

export const MINUTE = 60_000

export const testLab = (options: UpOptions & { readonly name: string }): TestSite<Lab> =>
  testSite({ up: () => upLab(options), down: downLab, tell: (lab) => logTails(lab) })

/** Says a figure that a test has measured: reported, never asserted tightly. */
export const report = (what: string, value: number | string, unit = '', aim?: string): void => {
  process.stdout.write(`    measured: ${what}: ${value}${unit === '' ? '' : ` ${unit}`}${aim === undefined ? '' : ` (promised: ${aim})`}\n`)
}
