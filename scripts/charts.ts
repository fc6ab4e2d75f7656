// Writes the generated files of the charts; see scripts/charts-text.ts.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

// It reads manifests as text, which Node by itself does not.
const folder = mkdtempSync(join(tmpdir(), 'subctl-charts-'))
const outfile = join(folder, 'charts.mjs')
try {
  await build({
    entryPoints: ['scripts/charts-text.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    loader: { '.yaml': 'text' },
    logLevel: 'warning',
  })
  const { generatedCharts, GENERATED } = await import(pathToFileURL(outfile).href)
  const files: ReadonlyMap<string, string> = generatedCharts(JSON.parse(readFileSync('package.json', 'utf8')).version)
  for (const path of globSync('manifests/charts/*/templates/*'))
    if (!files.has(path) && readFileSync(path, 'utf8').includes(GENERATED)) rmSync(path)
  for (const [path, text] of files) writeFileSync(path, text)
  console.log(`${files.size} files written`)
} finally {
  rmSync(folder, { recursive: true })
}
