// A lab or a bed for the tests of one file.
import { messageOf } from '../../src/model/errors.ts'

export interface TestSite<S> {
  /** Throws while it is not up. */
  readonly site: S
  /** In beforeAll. */
  up(): Promise<void>
  /** In afterAll. */
  down(): Promise<void>
  /** Runs a test's work; where it fails the error carries what the site says of itself. */
  explained(work: (site: S) => Promise<void>): () => Promise<void>
}

export interface SiteWorks<S> {
  up(): Promise<S>
  down(site: S): Promise<void>
  /** The ends of its logs, and where the rest is. */
  tell(site: S): Promise<string>
}

export function testSite<S>(works: SiteWorks<S>): TestSite<S> {
  let site: S | undefined
  const need = (): S => {
    if (site === undefined) throw new Error('the site is not up')
    return site
  }
  return {
    get site() {
      return need()
    },
    async up() {
      site = await works.up()
    },
    async down() {
      if (site !== undefined) await works.down(site)
    },
    explained: (work) => async () => {
      try {
        await work(need())
      } catch (error) {
        throw new Error(`${messageOf(error)}\n${await works.tell(need())}`, { cause: error })
      }
    },
  }
}
