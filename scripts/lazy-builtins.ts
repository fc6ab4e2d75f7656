// A plugin of esbuild: a builtin module of Node is loaded when something of it is first used, not where it is imported.
import { builtinModules, createRequire } from 'node:module'
import type { Plugin } from 'esbuild'

const load = createRequire(import.meta.url)
const NAMESPACE = 'lazy-builtin'

/**
 * Imports of Node's builtin modules become stand-ins that load the module at the first use. To compile and run all that the agents' part imports (TLS,
 * crypto, child processes, readline, assert) takes as long as Node's own start; most processes use a part of it, and none needs all of it at once.
 */
export const lazyBuiltins: Plugin = {
  name: NAMESPACE,
  setup(build) {
    const names = [...builtinModules].map((name) => name.replaceAll('/', '\\/')).join('|')
    build.onResolve({ filter: new RegExp(`^(node:)?(${names}|sqlite|sea)$`) }, ({ path, namespace }) => {
      const name = path.replace(/^node:/, '')
      return namespace === NAMESPACE || isBase(name) ? { path: `node:${name}`, external: true } : { path: name, namespace: NAMESPACE }
    })
    build.onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => ({ contents: standIn(path), loader: 'js' }))
  },
}

/** What every start of Node has loaded, and classes that libraries derive theirs from at once. */
const isBase = (name: string): boolean => ['buffer', 'events', 'fs', 'path', 'process', 'stream', 'url', 'util'].includes(name)

/** The text of a module that has the names of the builtin one, and loads it to answer for their values. */
function standIn(name: string): string {
  const keys = Object.getOwnPropertyNames(load(`node:${name}`)).filter((key) => !['length', 'name', 'prototype'].includes(key))
  return `
    let loaded
    const real = () => (loaded ??= require('node:${name}'))
    const stand = { get: (_, key) => (key === '__esModule' ? undefined : real()[key]), has: (_, key) => key in real(),
      ownKeys: () => ${JSON.stringify(keys)}, apply: (_, self, args) => Reflect.apply(real(), self, args) }
    // An arrow, since it may be called (assert) and has no property of its own that it must show.
    module.exports = new Proxy(() => {}, stand)`
}
