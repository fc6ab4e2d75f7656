// The central API server as a lab runs it: as the broker, or in the place of a cluster's API.
import { join } from 'node:path'
import { type Admin, apiFolder, apiIp, apiPlace, saveAdmin, untilReady } from './access.ts'
import { startAs } from './daemons.ts'
import { API_PORT } from './layout.ts'
import type { Lab } from './state.ts'
import { SUBCTL } from './subctl.ts'

export async function startCentral(lab: Lab, name: string, kinds: 'broker' | 'cluster'): Promise<void> {
  const [place, at] = [apiPlace(name), `${apiIp(lab, name)}:${API_PORT}`]
  const argv = [SUBCTL, 'serve-broker', '--kinds', kinds, '--listen', at, '--advertise', at, '--data', dataFolder(lab, name)]
  await startAs(lab, `${place}.apiserver`, { place, argv, env: {} })
  await saveAdmin(lab, name, await adminFromData(lab, name))
  await untilReady(lab, name)
}

export const dataFolder = (lab: Lab, name: string): string => join(apiFolder(lab, name), 'data')

async function adminFromData(lab: Lab, name: string): Promise<Admin> {
  throw new Error(`${dataFolder(lab, name)} has no administrator`)
}
