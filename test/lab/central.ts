// The central API server as a lab runs it: as the broker, or in the place of a cluster's API.
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Admin, apiFolder, apiIp, apiPlace, brokerFile, saveAdmin, untilReady } from './access.ts'
import { startAs } from './daemons.ts'
import { API_PORT } from './layout.ts'
import { run } from './places.ts'
import type { Site } from './sites.ts'
import { SUBCTL } from './subctl.ts'

const dataFolder = (lab: Site, name: string): string => join(apiFolder(lab, name), 'data')

/** Prepares the broker as its user would, and starts it. */
export async function startCentralBroker(lab: Site): Promise<void> {
  const at = `${apiIp(lab, 'broker')}:${API_PORT}`
  const init = ['--init', '--data', dataFolder(lab, 'broker'), '--listen', at, '--advertise', at, '--file', brokerFile(lab)]
  await run(lab, 'broker', [SUBCTL, 'serve-broker', ...init], { timeoutMs: 60_000 })
  await startServer(lab, 'broker', [])
}

/** The API of a cluster. */
export async function startCentralApi(lab: Site, cluster: string): Promise<void> {
  const at = `${apiIp(lab, cluster)}:${API_PORT}`
  await startServer(lab, cluster, ['--kinds', 'cluster', '--listen', at, '--advertise', at])
}

async function startServer(lab: Site, name: string, flags: readonly string[]): Promise<void> {
  const place = apiPlace(name)
  await startAs(lab, `${place}.apiserver`, { place, argv: [SUBCTL, 'serve-broker', '--data', dataFolder(lab, name), ...flags], env: {} })
  await saveAdmin(lab, name, await adminOf(lab, name))
  await untilReady(lab, name)
}

/** Removes the database of a broker that does not run. Its keys stay. */
export async function loseData(lab: Site): Promise<void> {
  const folder = dataFolder(lab, 'broker')
  for (const name of await readdir(folder)) if (name.startsWith('broker.db')) await rm(join(folder, name))
}

/** In a virtual machine without hardware help, on a busy machine, a program takes minutes to start. */
const START_MS = 300_000

/** From the files that the server writes when it starts. */
async function adminOf(lab: Site, name: string): Promise<Admin> {
  const folder = dataFolder(lab, name)
  for (const until = Date.now() + START_MS; Date.now() < until; await wait(20)) {
    const text = await readFile(join(folder, 'admin.kubeconfig'), 'utf8').catch(() => '')
    const token = /^\s*(?:- )?token: *(\S+)$/m.exec(text)?.[1]
    if (token !== undefined)
      return { server: `https://${apiIp(lab, name)}:${API_PORT}`, ca: await readFile(join(folder, 'ca.crt'), 'utf8'), token }
  }
  throw new Error(`${folder}/admin.kubeconfig has no token`)
}
