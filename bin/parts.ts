import { createRequire } from 'node:module'
import { getAsset, getRawAsset, isSea } from 'node:sea'
import { Script } from 'node:vm'

/** Runs a part and gives what it exports: in the binary a script among its assets with V8's cache of it, else the source beside this file. */
export async function loadPart(name: string): Promise<unknown> {
  // A name that the bundler cannot read, or the part would be bundled here too.
  const source = `./${name}.ts`
  if (!isSea()) return import(source)
  const filename = `${name}.cjs`
  const script = new Script(getAsset(filename, 'utf8'), { filename, cachedData: Buffer.from(getRawAsset(`${name}.cache`)) })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(process.execPath), module)
  return module.exports
}
