// One file of a program for the virtual machine, where reading many takes long: `node bundle.mjs PROGRAM OUT`.
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { build } from 'esbuild'

const [program, outfile] = process.argv.slice(2)
/** A file still finds its neighbours. */
const folders = {
  name: 'folders',
  setup({ onLoad }) {
    onLoad({ filter: /\/(test|src)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll('import.meta.dirname', JSON.stringify(dirname(path))), loader: 'ts' }
    })
  },
}
await build({
  entryPoints: [program],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  keepNames: true,
  loader: { '.yaml': 'text' },
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  plugins: [folders],
  logLevel: 'warning',
})
