// What scripts/build and scripts/sizes agree on: the parts, and how one is bundled.
import type { BuildOptions } from 'esbuild'
import { lazyBuiltins } from './lazy-builtins.ts'

export const PARTS = ['engine', 'route-agent', 'discovery', 'dns', 'light', 'server', 'laptop', 'kubeconfig'] as const

/** esbuild's options for scripts of the binary. `commit` is what `version` prints of the sources. */
export const bundleOptions = (outdir: string, commit: string): BuildOptions => ({
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: false, // short ones would save nothing at a start, and take the names out of stack traces
  lineLimit: 160, // else an uncaught error prints a line of megabytes
  supported: { 'dynamic-import': false }, // a script of node:vm has no import()
  loader: { '.yaml': 'text' },
  define: { SUBCTL_COMMIT: JSON.stringify(commit) },
  logLevel: 'warning',
})

/** A part is the body of a function, as node:vm runs it. */
export const partOptions = (outdir: string, commit: string): BuildOptions => ({
  ...bundleOptions(outdir, commit),
  plugins: [lazyBuiltins],
  entryPoints: PARTS.map((part) => `bin/${part}.ts`),
  banner: { js: '(function (exports, require, module) {' },
  footer: { js: '\n})' },
})
