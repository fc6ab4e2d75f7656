// What processes cost, as the kernel counts it: memory and CPU time, by process id.
import { readdir, readFile } from 'node:fs/promises'
import { exec } from '../../src/system/exec.ts'

/** What the pods of `discovery` and `dns` have in their environment. */
export const AS_IN_POD = ['MALLOC_ARENA_MAX=1', 'UV_THREADPOOL_SIZE=1']

/** In MB of 1,000,000 bytes. `anon` is what nothing but the process itself is the reason for; `rss` counts pages of files too. */
export interface Memory {
  readonly anon: number
  readonly rss: number
  readonly pss: number
}

/** Of one process. Throws where it has ended. */
export async function memoryOf(pid: number): Promise<Memory> {
  const [status, rollup] = await Promise.all([readFile(`/proc/${pid}/status`, 'utf8'), readFile(`/proc/${pid}/smaps_rollup`, 'utf8')])
  return parseMemory(status, rollup)
}

export function parseMemory(status: string, rollup: string): Memory {
  return { anon: megabytes(status, 'RssAnon'), rss: megabytes(status, 'VmRSS'), pss: megabytes(rollup, 'Pss') }
}

function megabytes(text: string, field: string): number {
  const kilo = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]
  if (kilo === undefined) throw new Error(`the kernel does not say ${field}`)
  return (Number(kilo) * 1024) / 1e6
}

/** CPU time of a process until now in milliseconds, with that of the programs it has run to their end. The kernel counts in steps of 10. */
export async function cpuMsOf(pid: number): Promise<number> {
  return parseCpuMs(await readFile(`/proc/${pid}/stat`, 'utf8'))
}

const TICK_MS = 10

export function parseCpuMs(stat: string): number {
  // The name in brackets may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i] ?? 0), 0) * TICK_MS
}

/** The processes that this one has started, and theirs. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')))
  const own = lists.flatMap((text) => text.trim().split(' ').filter(Boolean).map(Number))
  return [...own, ...(await Promise.all(own.map(childrenOf))).flat()]
}

/**
 * Writes everything back and drops the file from the page cache, as if it came from disk. Pages of a file just written count as a
 * process's own, and more of them are mapped at once.
 */
export async function readAgainFromDisk(file: string): Promise<void> {
  await exec(['sync'], { timeoutMs: 120_000 })
  await exec(['dd', `if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
}
