import type { Context } from '../../src/commands/context.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import type { Clock } from '../../src/system/clock.ts'
import { realClock } from '../../src/system/clock.ts'
import type { Exec } from '../../src/system/exec.ts'
import type { Files } from '../../src/system/files.ts'
import type { Follow } from '../../src/system/follow.ts'
import { silentLog } from '../../src/system/log.ts'

export interface FakeWorld {
  readonly context: Context
  /** What was written so far. */
  out(): string
  err(): string
  /** What SIGTERM does. */
  end(): void
  /** Files in memory, by path. */
  readonly files: Map<string, string>
}
export interface FakeOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  /** APIs by the kubeconfig's context; "" is the current one. */
  readonly apis?: Readonly<Record<string, KubeApi>>
  readonly clock?: Clock
  readonly exec?: Exec
  readonly follow?: Follow
  /** Answers of the terminal's user, in order; without them nobody can be asked. */
  readonly answers?: readonly string[]
  readonly isTty?: boolean
}

/** A world in memory, for a command that is run by main(argv, context, runs). */
export function fakeWorld(options: FakeOptions = {}): FakeWorld {
  const out: string[] = []
  const err: string[] = []
  const end = new AbortController()
  const files = new Map(Object.entries(options.files ?? {}))
  const answers = [...(options.answers ?? [])]
  const output = (texts: string[]) => ({ write: (text: string) => texts.push(text), isTty: options.isTty ?? false, columns: 100 })
  const context: Context = {
    stdout: output(out),
    stderr: output(err),
    ask: options.answers === undefined ? undefined : async () => answers.shift() ?? '',
    env: options.env ?? {},
    signal: end.signal,
    clock: options.clock ?? realClock,
    log: silentLog,
    exec: options.exec ?? (async (argv) => Promise.reject(new Error(`nobody expected ${argv.join(' ')}`))),
    follow: options.follow ?? (async (argv) => Promise.reject(new Error(`nobody expected ${argv.join(' ')}`))),
    files: memoryFiles(files),
    kube: async ({ context: name = '' }) => {
      const api = options.apis?.[name]
      if (api === undefined) throw new Error(`no API of context "${name}" in this test`)
      return api
    },
    version: '1.2.3+abcdef12',
    hostname: 'host',
  }
  return { context, out: () => out.join(''), err: () => err.join(''), end: () => end.abort(), files }
}

/** Files in memory; a folder is there as long as a file is in it. */
export function memoryFiles(files: Map<string, string>): Files {
  const read = async (path: string): Promise<string> => {
    const text = files.get(path)
    if (text === undefined) throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' })
    return text
  }
  return {
    read,
    readIfThere: async (path) => files.get(path),
    readBase64: async (path) => Buffer.from(await read(path)).toString('base64'),
    write: async (path, text) => void files.set(path, text),
    overwrite: async (path, text) => {
      await read(path)
      files.set(path, text)
    },
    rename: async (from, to) => {
      files.set(to, await read(from))
      files.delete(from)
    },
    makePrivate: async () => undefined,
    isPrivate: async () => true,
    writeFault: async () => undefined,
    remove: async (path) => {
      for (const name of [...files.keys()]) if (name === path || name.startsWith(`${path}/`)) files.delete(name)
    },
    list: async (folder) => {
      const inside = [...files.keys()].filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1))
      return [...new Set(inside.map((name) => name.split('/')[0] ?? ''))].sort()
    },
  }
}
