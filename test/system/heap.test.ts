import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

const HEAP = join(import.meta.dirname, '..', '..', 'src', 'system', 'heap.ts')

it('collectGarbage() collects after the time, and does not keep a process alive', () => {
  const program = `
    import { collectGarbage } from ${JSON.stringify(HEAP)}
    globalThis.seen = new FinalizationRegistry((what) => console.log(what))
    globalThis.seen.register({}, 'collected')
    collectGarbage(10)
    collectGarbage(3_600_000)
    setTimeout(() => console.log(typeof globalThis.gc), 200)`
  const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], { encoding: 'utf8', timeout: 60_000 })
  expect(out.trim().split('\n').sort()).toEqual(['collected', 'undefined'])
})
