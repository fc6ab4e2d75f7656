// Control groups of a bed's nodes: a kubelet takes the whole tree that it sees for its own, so each node gets one in every hierarchy.
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A hierarchy of cgroups, version 1. */
export interface Hierarchy {
  /** `memory`, or `name=systemd`. */
  readonly name: string
  /** The bed's own folder in it. */
  readonly folder: string
}

/** The hierarchies of this machine, and where a bed's groups go: below this process's own. Throws where there are none. */
export async function hierarchiesFor(bed: string): Promise<readonly Hierarchy[]> {
  const [own, mounts] = await Promise.all([readFile('/proc/self/cgroup', 'utf8'), readFile('/proc/self/mounts', 'utf8')])
  const found = readHierarchies(own, mounts).map(({ name, folder }) => ({ name, folder: join(folder, bed) }))
  if (!found.some(({ name }) => name === 'memory'))
    throw new Error('nodes want cgroup controllers of version 1 (memory, cpu, ...), which this machine does not have')
  return found
}

/** From the texts of /proc/self/cgroup and /proc/self/mounts. */
export function readHierarchies(own: string, mounts: string): readonly Hierarchy[] {
  const points = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup')
  return own
    .split('\n')
    .map((line) => /^\d+:([^:]+):(.*)$/.exec(line))
    .flatMap((match) => {
      const [, name = '', path = ''] = match ?? []
      const point = points.find(([, , , options = '']) => name !== '' && name.split(',').every((one) => options.split(',').includes(one)))
      return point === undefined ? [] : [{ name, folder: join(point[1] ?? '', path) }]
    })
}

/** Makes a node's groups, empty: what a crashed container has left would delay its kubelet by seconds each. */
export async function makeGroups(hierarchies: readonly Hierarchy[], node: string): Promise<void> {
  for (const { name, folder } of hierarchies) {
    const own = join(folder, node)
    await removeTree(own)
    await mkdir(own, { recursive: true })
    if (!name.split(',').includes('cpuset')) continue
    for (const group of [folder, own])
      for (const file of ['cpuset.cpus', 'cpuset.mems']) await writeFile(join(group, file), await readFile(join(group, '..', file)))
  }
}

/** Every process in the groups of a bed or, with a name, of one node of it. */
export async function processesInGroups(hierarchies: readonly Hierarchy[], node = ''): Promise<readonly number[]> {
  const pids = hierarchies.find(({ name }) => name === 'pids') ?? hierarchies[0]
  return pids === undefined ? [] : pidsBelow(join(pids.folder, node))
}

async function pidsBelow(folder: string): Promise<readonly number[]> {
  const own = (await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number)
  const below = await Promise.all((await foldersIn(folder)).map(pidsBelow))
  return [...own, ...below.flat()]
}

/** Removes all groups of a bed. They can be busy for a moment after the last process has gone. */
export async function removeGroups(hierarchies: readonly Hierarchy[]): Promise<void> {
  for (const { folder } of hierarchies) {
    for (const end = Date.now() + 10_000; ; await wait(100)) {
      try {
        await removeTree(folder)
        break
      } catch (error) {
        if (Date.now() > end) throw error
      }
    }
  }
}

async function removeTree(folder: string): Promise<void> {
  for (const below of await foldersIn(folder)) await removeTree(below)
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

const foldersIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
