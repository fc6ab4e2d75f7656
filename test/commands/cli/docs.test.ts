import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { generatedDocs } from '../../../scripts/docs-text.ts'

const files = generatedDocs((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))

describe('generated documentation is as scripts/docs writes it (run it, and commit)', () => {
  for (const [path, text] of files) {
    it(path, () => expect(existsSync(path) ? readFileSync(path, 'utf8') : undefined).toBe(text))
  }
  it('no page is left of a command that is no more', () => {
    expect(globSync('docs/commands/*.md').filter((path) => !files.has(path))).toEqual([])
  })
})

describe('links of the documentation lead somewhere', () => {
  it.each([...globSync('docs/**/*.md'), 'README.md'])('%s', (file) => {
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\(([^)#]+)/g)].map((m) => m[1] ?? '')
    expect(links.filter((link) => !/^https?:/.test(link) && !existsSync(join(dirname(file), link)))).toEqual([])
  })
})
