// A node's own machine: a box of namespaces around its network namespace, with a first process whose end is the end of all that runs in it.

import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { HostLayout } from '../lab/layout.ts'
import { boxFile } from '../lab/places.ts'
import { isRunning, killAll, type ProcessId, processId, startDaemon } from '../lab/processes.ts'
import type { Bed } from './bed-state.ts'
import { type Hierarchy, makeGroups, processesInGroups } from './cgroups.ts'
import { kubeProgram } from './control-plane.ts'

/** What outlasts a reboot of the node. */
const diskOf = (bed: Bed, node: string): string => join(bed.folder, 'data', node)
/** What is copied over the node's file system when it boots: files by path. */
const filesOf = (bed: Bed, node: string): string => join(bed.folder, 'files', node)
export const bootLogOf = (bed: Bed, node: string): string => join(bed.folder, 'logs', `${node}.boot.log`)

// A process has to be in the groups before it gets a namespace of them.
const ENTER = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift; exec "$@"'
const LIMIT_MS = 60_000

/** Boots a node: its file systems, and the files given, are there when this ends. Nothing else runs in it yet. */
export async function startBox(bed: Bed, node: HostLayout, files: Readonly<Record<string, string>>): Promise<void> {
  const groups = await hierarchiesOf(bed)
  await makeGroups(groups, node.name)
  const [disk, source, ready] = [diskOf(bed, node.name), filesOf(bed, node.name), join(bed.folder, 'boxes', `${node.name}.ready`)]
  await rm(ready, { force: true })
  await rm(source, { recursive: true, force: true })
  for (const folder of [disk, source, join(bed.folder, 'boxes'), join(bed.folder, 'logs')]) await mkdir(folder, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(source, path, '..'), { recursive: true })
    await writeFile(join(source, path), text, { mode: 0o600 })
  }
  const namespaces = [
    '--mount',
    '--uts',
    '--ipc',
    '--cgroup',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
  ]
  const box = ['sh', join(import.meta.dirname, 'programs', 'box.sh'), node.name, disk, source, ready, kubeProgram('pause')]
  const outer = startDaemon(
    [
      ...['sh', '-c', ENTER, 'sh', ...groups.map(({ folder }) => join(folder, node.name)), '--'],
      ...['nsenter', `--net=/run/netns/${node.ns}`, 'unshare', ...namespaces, ...box, groups.map(({ name }) => name).join(' ')],
    ],
    bootLogOf(bed, node.name),
  )
  await writeDown(bed, node.name, await untilReady(bed, node.name, outer, ready))
}

async function untilReady(bed: Bed, node: string, outer: ProcessId, ready: string): Promise<ProcessId> {
  for (const end = Date.now() + LIMIT_MS; !existsSync(ready); await wait(20)) {
    if (isRunning(outer) && Date.now() < end) continue
    throw new Error(`${node} does not boot: ${await readFile(bootLogOf(bed, node), 'utf8')}`)
  }
  const children = await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8')
  return processId(Number(children.trim().split(' ')[0]))
}

async function writeDown(bed: Bed, node: string, init: ProcessId): Promise<void> {
  const file = boxFile(bed, node)
  await writeFile(`${file}.new`, JSON.stringify(init))
  await rename(`${file}.new`, file)
}

/** Ends a node at once with all that runs in it. */
export async function endBox(bed: Bed, node: string): Promise<void> {
  const groups = await hierarchiesOf(bed)
  await killAll(() => processesInGroups(groups, node))
  await rm(boxFile(bed, node), { force: true })
}

const groupsFile = (bed: Bed): string => join(bed.folder, 'groups.json')

/** Where the groups of the bed's nodes are. */
export const saveHierarchies = (bed: Bed, groups: readonly Hierarchy[]): Promise<void> => writeFile(groupsFile(bed), JSON.stringify(groups))

export async function hierarchiesOf(bed: Bed): Promise<readonly Hierarchy[]> {
  const text = await readFile(groupsFile(bed), 'utf8').catch(() => '[]')
  return JSON.parse(text) as readonly Hierarchy[]
}
