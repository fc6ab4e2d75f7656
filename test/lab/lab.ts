// A lab from its beginning to its end.

import { startAs } from './daemons.ts'
import { DEFAULTS, ECHO_PORT, type LabOptions, nodesOf } from './layout.ts'
import { buildNetwork, processesIn, removeNetwork } from './network.ts'
import { makeRunFolders } from './places.ts'
import { processId, signal, waitEnded } from './processes.ts'
import { claimLab, forgetLab, isOrphan, type Lab, listLabs } from './state.ts'
import { program } from './traffic.ts'

/** Clusters that have nothing of ours yet: networks, nodes, pods and services, without APIs. Undone where it fails. */
export async function upBare(options: Partial<LabOptions> = {}): Promise<Lab> {
  await sweep()
  const lab = await claimLab({ ...DEFAULTS, ...options })
  try {
    await makeRunFolders(lab)
    await buildNetwork(lab.layout)
    await startEchoes(lab)
    return lab
  } catch (error) {
    await downLab(lab)
    throw error
  }
}

async function startEchoes(lab: Lab): Promise<void> {
  for (const { name, pod } of nodesOf(lab.layout))
    for (const place of [name, pod.name])
      await startAs(lab, `${place}.echo`, { place, argv: program('echo', place, String(ECHO_PORT)), env: {} })
}

/** Ends everything of a lab and removes it; also one that is half made, or half removed. */
export async function downLab(lab: Lab): Promise<void> {
  await endProcesses(lab)
  await removeNetwork(lab.layout)
  await forgetLab(lab)
}

/** Every process of a lab is in one of its namespaces; all of them end, again and again while new ones appear. */
async function endProcesses({ layout }: Lab): Promise<void> {
  for (;;) {
    const found = (await processesIn(layout)).flatMap((pid) => {
      try {
        return [processId(pid)]
      } catch {
        return []
      }
    })
    if (found.length === 0) return
    for (const process_ of found) signal(process_, 'SIGKILL')
    await Promise.all(found.map((process_) => waitEnded(process_)))
  }
}

/** Removes the labs whose owners have died. */
export async function sweep(): Promise<void> {
  for (const lab of await listLabs()) if (isOrphan(lab)) await downLab(lab)
}
