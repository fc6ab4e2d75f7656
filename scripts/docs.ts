// Writes the generated documentation; see scripts/docs-text.ts.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generatedDocs } from './docs-text.ts'

const files = generatedDocs((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
for (const path of globSync('docs/commands/*.md')) if (!files.has(path)) rmSync(path)
for (const [path, text] of files) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
console.log(`${files.size} files written`)
