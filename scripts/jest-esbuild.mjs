// jest's transformer: TypeScript by esbuild, YAML as its text.
import { createHash } from 'node:crypto'
import { transformSync, version } from 'esbuild'

export default {
  getCacheKey: (text, path, options) => createHash('sha256').update([version, path, text, options.configString].join('\0')).digest('hex'),
  process: (text, path) => {
    if (path.endsWith('.yaml')) return { code: `export default ${JSON.stringify(text)}` }
    const { code, map } = transformSync(text, { loader: 'ts', format: 'esm', target: 'node24', sourcefile: path, sourcemap: 'external' })
    return { code, map }
  },
}
