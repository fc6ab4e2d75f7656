// Bundles the launcher and the parts, caches V8's compiled code of them, and packs all of it with Node into one file.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import sea from '@yao-pkg/pkg/lib-es5/sea.js'
import { build } from 'esbuild'
import { bundleOptions, PARTS, partOptions } from './parts.ts'

const VERSION = process.versions.node
const arch = process.argv[2] ?? 'x64'
const cache = process.env.SUBCTL_CACHE ?? ''
// A build beside the usual one, as the bench of an upgrade makes it, has a folder of its own.
const dist = resolve(process.env.SUBCTL_DIST ?? 'dist')

// Young objects get 1 MB instead of 16: agents live for months on little memory. Other flags of V8's heap would cost Node the cache of its own code.
// One helper thread instead of four: in so small a heap it has little to do, and each is started with the program.
const FLAGS = ['--max-semi-space-size=1', '--v8-pool-size=1']
// Parts that run for long have all of their functions in the cache, called by `version` or not: a megabyte of memory for a twentieth of the CPU time of a start.
const EAGER: readonly string[] = ['engine', 'route-agent', 'discovery', 'dns', 'light', 'server']

const output = join(dist, arch === 'x64' ? 'subctl' : `subctl-${arch}`)

await bundle()
if (existsSync(output) && stampOf() === readIfThere(`${output}.stamp`)) console.error(`${output} is up to date`)
else {
  rmSync(`${output}.stamp`, { force: true })
  if (arch === process.arch) for (const part of PARTS) cacheCode(part)
  await pack()
  writeFileSync(`${output}.stamp`, stampOf())
}

async function bundle(): Promise<void> {
  mkdirSync(dist, { recursive: true })
  await build({ ...bundleOptions(dist, commit()), entryPoints: ['bin/subctl.ts'] })
  await build(partOptions(dist, commit()))
  for (const part of PARTS) {
    const file = join(dist, `${part}.cjs`)
    writeFileSync(file, inAscii(readFileSync(file, 'utf8')))
  }
}

/** One letter beyond ASCII, and V8 keeps two bytes for each of a part's in every process. esbuild leaves those of regular expressions and comments. */
function inAscii(script: string): string {
  return script.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The commit of the sources, unless SUBCTL_COMMIT says another word; `unknown` where there is no repository. */
function commit(): string {
  if (process.env.SUBCTL_COMMIT !== undefined) return process.env.SUBCTL_COMMIT
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return git('rev-parse', '--short=8', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '-dirty')
  } catch {
    return 'unknown'
  }
}

/** Tells one set of bundled scripts from another. */
function stampOf(): string {
  const hash = createHash('sha256').update([VERSION, ...FLAGS, ...EAGER].join())
  for (const part of ['subctl', ...PARTS]) hash.update(readFileSync(join(dist, `${part}.cjs`)))
  return hash.digest('hex')
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** Compiles a part in a process of its own that runs it once, so that the cache holds what a start needs. */
function cacheCode(part: string): void {
  const file = join(dist, `${part}.cjs`)
  // V8 notes its flags in a cache, and takes none that was made under others: they are as they were before it is made.
  const flag = (name: string): string => (EAGER.includes(part) ? `require('node:v8').setFlagsFromString('${name}');` : '')
  const program = `
    const { Script } = require('node:vm')
    ${flag('--no-lazy')}
    const script = new Script(require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8'), { filename: '${part}.cjs' })
    process.argv = ['node', 'subctl', 'version']
    const module_ = { exports: {} }
    script.runInThisContext()(module_.exports, require, module_)
    setTimeout(() => {
      ${flag('--lazy')}
      const cachedData = script.createCachedData()
      if (new Script(require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8'), { filename: '${part}.cjs', cachedData }).cachedDataRejected)
        throw new Error('V8 rejects its own cache')
      require('node:fs').writeFileSync(${JSON.stringify(join(dist, `${part}.cache`))}, cachedData)
    }, 200)`
  const done = spawnSync(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit'], timeout: 60_000 })
  if (done.status !== 0) throw new Error(`the part ${part} does not run: exit ${done.status}`)
}

async function pack(): Promise<void> {
  seedNode()
  const assets: Record<string, string> = {}
  for (const part of PARTS) {
    assets[`${part}.cjs`] = join(dist, `${part}.cjs`)
    // V8 rejects a cache of another architecture, and an empty one.
    if (arch !== process.arch) writeFileSync(join(dist, `${part}.cache`), '')
    assets[`${part}.cache`] = join(dist, `${part}.cache`)
  }
  const made = `${output}.new`
  const target = { nodeRange: `node${VERSION}`, platform: 'linux' as const, arch, output: made }
  const seaConfig = { disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: false, assets, execArgv: FLAGS }
  await sea.default(join(dist, 'subctl.cjs'), { targets: [target], seaConfig })
  // A running binary cannot be written over, but replaced.
  renameSync(made, output)
  const size = Math.round(statSync(output).size / 1e6)
  console.error(`${output}: ${size} MB, ${commit()}`)
}

/** Where pkg looks for the archive of a Node: files that say "fetched and unpacked", and the Node that scripts/setup brought. */
function seedNode(): void {
  const name = `node-v${VERSION}-linux-${arch}`
  const node = arch === process.arch ? process.execPath : join(cache, 'node', `${VERSION}-${arch}`, 'bin', 'node')
  const folder = join(cache, 'pkg', '.pkg-cache', 'sea')
  mkdirSync(join(folder, name, 'bin'), { recursive: true })
  for (const file of [`${name}.tar.gz`, `${name}.tar.gz.ok`, join(name, 'bin', 'node.ok')]) writeFileSync(join(folder, file), '')
  rmSync(join(folder, name, 'bin', 'node'), { force: true })
  symlinkSync(node, join(folder, name, 'bin', 'node'))
  process.env.HOME = join(cache, 'pkg')
}
