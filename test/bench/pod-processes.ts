// Processes of real pods on a node of a bed, by the control groups that its kubelet gave them.
import { readFile } from 'node:fs/promises'
import type { Bed } from '../cluster/bed-state.ts'
import { hierarchiesOf } from '../cluster/box.ts'
import { processesInGroups } from '../cluster/cgroups.ts'

export interface PodProcess {
  /** As this machine numbers it. */
  readonly pid: number
  /** The uid of its pod. */
  readonly pod: string
  /** The program's name as the kernel has it, at most 15 characters. */
  readonly name: string
}

/** What keeps a pod's namespaces open; no container of anyone's. */
export const PAUSE = 'pause'

/** The processes of all pods of a node that is on. */
export async function podProcesses(bed: Bed, node: string): Promise<readonly PodProcess[]> {
  const pids = await processesInGroups(await hierarchiesOf(bed), node)
  const found = await Promise.all(pids.map(readProcess))
  return found.flatMap((process) => process ?? [])
}

async function readProcess(pid: number): Promise<PodProcess | undefined> {
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  const [groups, name] = await Promise.all([read('cgroup'), read('comm')])
  const pod = podOf(groups)
  return pod === undefined ? undefined : { pid, pod, name: name.trim() }
}

/** The uid of the pod that a process belongs to, from the text of its /proc/PID/cgroup; undefined for one of no pod. */
export function podOf(groups: string): string | undefined {
  const [, uid] = /\/kubepods\/(?:[a-z]+\/)?pod([0-9a-f-]{36})(?:\/|$)/m.exec(groups) ?? []
  return uid
}
