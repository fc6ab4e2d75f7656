import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { lazyBuiltins } from '../../scripts/lazy-builtins.ts'

interface Ran<T> {
  readonly exports: T
  /** Builtin modules that the script has asked for up to now. */
  readonly loaded: readonly string[]
}

/** Bundles a script as a part of the binary is, and runs it. */
async function ran<T>(source: string): Promise<Ran<T>> {
  const { outputFiles } = await build({
    stdin: { contents: source, loader: 'ts', resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    plugins: [lazyBuiltins],
  })
  const real = createRequire(import.meta.url)
  const loaded: string[] = []
  const need = (name: string): unknown => {
    loaded.push(name)
    return real(name)
  }
  const made = { exports: {} as T }
  new Function('require', 'module', 'exports', outputFiles[0]?.text ?? '')(need, made, made.exports)
  return { exports: made.exports, loaded }
}

describe('a builtin module in a part of the binary', () => {
  it('is loaded when a name of it is first used, once, and not where it is imported', async () => {
    const { exports, loaded } = await ran<{ digest(): string }>(`
      import { createHash } from 'node:crypto'
      import { connect } from 'tls'
      export const digest = () => createHash('sha1').update('').digest('hex')
      export const open = () => connect(1)`)
    expect(loaded).toEqual([])
    expect(exports.digest()).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709')
    exports.digest()
    expect(loaded).toEqual(['node:crypto'])
  })
  it.each([
    ['a default import', `import os from 'os'; export const value = () => os.EOL`, '\n'],
    ['all of it under a name', `import * as os from 'node:os'; export const value = () => os.EOL`, '\n'],
    ['require', `exports.value = () => require('node:os').EOL`, '\n'],
    ['a module below another', `import { join } from 'node:path/posix'; export const value = () => join('a', 'b')`, 'a/b'],
    ['a module that is a function', `import assert from 'node:assert'; export const value = () => assert(true)`, undefined],
    ['a class', `import { Agent } from 'node:http'; export const value = () => new Agent() instanceof Agent`, true],
    ['a class of its own from one', `import { Agent } from 'node:http'; export const value = () => class extends Agent {}.name`, ''],
    ['what is asked for by "in"', `const os = require('node:os'); exports.value = () => 'EOL' in os && !('none' in os)`, true],
    ['what it does not have', `exports.value = () => require('node:os').none`, undefined],
  ])('is what it is without: %s', async (_, source, expected) => {
    const { exports, loaded } = await ran<{ value(): unknown }>(source)
    expect(loaded).toEqual([])
    expect(exports.value()).toBe(expected)
    expect(loaded).toHaveLength(1)
  })
  it('is loaded at once where every start of Node has loaded it and libraries derive classes from it', async () => {
    const { loaded } = await ran(`import { EventEmitter } from 'events'; export class Mine extends EventEmitter {}`)
    expect(loaded).toEqual(['node:events'])
  })
  it('fails where it is used wrongly as it does without', async () => {
    const { exports } = await ran<{ value(): unknown }>(`import assert from 'node:assert'; export const value = () => assert(false)`)
    expect(() => exports.value()).toThrow('evaluated to a falsy value')
  })
})
