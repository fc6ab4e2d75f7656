// Nodes of one cluster as network namespaces: the real kernel, without Kubernetes and without tunnels.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Exec, exec } from '../../../src/system/exec.ts'
import { type Files, realFiles } from '../../../src/system/files.ts'

export interface NodeNs {
  readonly ns: string
  readonly exec: Exec
  readonly files: Files
  readonly runDir: string
  /** Runs a line of words; returns what it printed. */
  sh(line: string): Promise<string>
  /** Runs lines of `ip -batch`. */
  ip(...lines: readonly string[]): Promise<void>
}

/** The process that made a namespace stands in its name: what a killed run left is swept by the next. */
const run = `${process.pid}-${randomBytes(2).toString('hex')}`
const isOrphan = (ns: string): boolean => {
  const pid = /^sk-(\d+)-/.exec(ns)?.[1]
  return pid !== undefined && !existsSync(`/proc/${pid}`)
}

/** Makes network namespaces `NAME-xxxxxx` and runs the body; removes them and what runs in them whatever happens. */
export async function withNamespaces<T>(names: readonly string[], body: (...nodes: readonly NodeNs[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'subctl-kernel-'))
  const made: string[] = []
  try {
    const { stdout } = await exec(['ip', 'netns', 'list'])
    for (const ns of stdout.split('\n').flatMap((line) => line.split(' ')[0] ?? [])) if (isOrphan(ns)) await remove(ns)
    const nodes: NodeNs[] = []
    for (const name of names) {
      const ns = `sk-${run}-${name}`
      await exec(['ip', 'netns', 'add', ns])
      made.push(ns)
      // Link-local addresses come by and by: a dump would never be the same twice.
      await exec(['ip', 'netns', 'exec', ns, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'])
      await exec(['ip', '-n', ns, 'link', 'set', 'lo', 'up'])
      nodes.push(nodeOf(ns, join(folder, name)))
    }
    return await body(...nodes)
  } finally {
    for (const ns of made) await remove(ns)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Another run may be at it too. */
async function remove(ns: string): Promise<void> {
  const { stdout } = await exec(['ip', 'netns', 'pids', ns], { okCodes: [0, 1] })
  for (const pid of stdout.split('\n').filter((line) => line !== '')) await exec(['kill', '-9', pid], { okCodes: [0, 1] })
  await exec(['ip', 'netns', 'del', ns], { okCodes: [0, 1] })
}

function nodeOf(ns: string, runDir: string): NodeNs {
  // In a virtual machine the first use of a cipher takes its time.
  const inside: Exec = (argv, options) => exec(['ip', 'netns', 'exec', ns, ...argv], { timeoutMs: 60_000, ...options })
  return {
    ns,
    exec: inside,
    files: filesOf(inside),
    runDir,
    sh: async (line) => (await inside(line.split(' ') as [string, ...string[]])).stdout,
    ip: async (...lines) => void (await exec(['ip', '-n', ns, '-batch', '-'], { input: `${lines.join('\n')}\n` })),
  }
}

/** Files of /proc are those of the namespace; all others are the machine's. */
const filesOf = (inside: Exec): Files => ({
  ...realFiles,
  readIfThere: async (path) => {
    if (!path.startsWith('/proc/')) return realFiles.readIfThere(path)
    const { code, stdout } = await inside(['cat', path], { okCodes: [0, 1] })
    return code === 0 ? stdout : undefined
  },
  isPrivate: async () => true,
  writeFault: async () => undefined,
  overwrite: async (path, text) => void (await inside(['tee', path], { input: text })),
})

/** All that a node's kernel holds, in text: what must be the same after clean-up as before. */
export async function dump({ exec: inside }: NodeNs): Promise<string> {
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['ip', '-o', 'link', 'show'],
    ['ip', '-o', 'addr', 'show'],
    ['ip', 'rule', 'show'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ipset', 'save'],
    ['sysctl', '-a', '-r', '^net\\.ipv4\\.(conf|ip_forward)'],
    ['iptables-nft-save'],
    ['iptables-legacy-save'],
  ]
  const texts = await Promise.all(commands.map(async (command) => (await inside(command)).stdout))
  return withoutEmptyTables(texts.join('\n'))
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) =>
      line
        .replace(/\[\d+:\d+\]/, '')
        .replace(/(valid_lft|preferred_lft) \S+/g, '')
        .replace(/ initval \S+/, ''),
    )
    .join('\n')
}

/** Tables of iptables that hold nothing come with the first look at them and do nothing. */
const withoutEmptyTables = (text: string): string => text.replace(/^\*\w+\n(:[A-Z]+ ACCEPT \[\d+:\d+\]\n)+COMMIT\n/gm, '')
