// What the containers of a bed's pods have printed, as their nodes keep it: to be read without an API, and of a node that is off.
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodesOf } from '../lab/layout.ts'
import type { Bed } from './bed-state.ts'

/** A folder for each pod, NAMESPACE_NAME_UID, with one for each container. */
const folderOf = (bed: Bed, node: string): string => join(bed.folder, 'data', node, 'log', 'pods')

/** Copies the logs of all pods to FOLDER/NODE. */
export async function keepPodLogs(bed: Bed, folder: string): Promise<void> {
  // A node that was never booted has none.
  for (const { name } of nodesOf(bed.layout))
    await cp(folderOf(bed, name), join(folder, name), { recursive: true, force: true }).catch(() => undefined)
}

/** The ends of the logs of all containers of a namespace. */
export async function podLogTails(bed: Bed, namespace: string, lines: number): Promise<string> {
  const all = await Promise.all(
    nodesOf(bed.layout).map(async ({ name: node }) => {
      const files = await readdir(folderOf(bed, node), { recursive: true }).catch(() => [])
      return files
        .filter((file) => file.startsWith(`${namespace}_`) && file.endsWith('.log'))
        .sort()
        .map((file) => ({ node, file }))
    }),
  )
  const tails = all.flat().map(async ({ node, file }) => {
    const text = await readFile(join(folderOf(bed, node), file), 'utf8').catch(() => '')
    return `--- ${node} ${file}\n${text.trimEnd().split('\n').slice(-lines).map(withoutStream).join('\n')}`
  })
  return (await Promise.all(tails)).join('\n')
}

/** A line begins with its time, its stream and F or P. */
const withoutStream = (line: string): string => line.replace(/^\S+ (stdout|stderr) [FP] /, '')
