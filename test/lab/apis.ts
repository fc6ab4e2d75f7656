// API servers of a lab: real control planes, or the central API server in their place.
import { mkdir } from 'node:fs/promises'
import { startControlPlane } from '../cluster/control-plane.ts'
import { apiFolder, apiIp, apiNames, apiPlace, brokerName, saveAdmin, untilReady, writeKubeconfig } from './access.ts'
import { loseData, startCentralApi, startCentralBroker } from './central.ts'
import { adopt, endDaemon, startAgain } from './daemons.ts'
import { API_PORT, type ClusterLayout, clusterOf } from './layout.ts'
import { argvIn } from './places.ts'
import type { Lab } from './state.ts'

/** Starts every API of the lab, and writes the kubeconfig. */
export async function startApis(lab: Lab): Promise<void> {
  await Promise.all(apiNames(lab).map((name) => startOne(lab, name)))
  await writeKubeconfig(lab)
}

async function startOne(lab: Lab, name: string): Promise<void> {
  await mkdir(apiFolder(lab, name), { recursive: true, mode: 0o700 })
  if (name === 'broker') return startCentralBroker(lab)
  if (lab.layout.options.api === 'central') return startCentralApi(lab, name)
  await startKubernetes(lab, clusterOf(lab.layout, name))
}

async function startKubernetes(lab: Lab, { name, serviceCidr }: ClusterLayout): Promise<void> {
  const place = apiPlace(name)
  const plane = await startControlPlane({
    folder: apiFolder(lab, name),
    prefix: argvIn(lab, place, []),
    address: apiIp(lab, name),
    port: API_PORT,
    serviceCidr,
    daemon: true,
  })
  const names = ['etcd', 'apiserver', 'controllers']
  for (const [i, process_] of plane.processes.entries()) await adopt(lab, `${place}.${names[i]}`, place, process_)
  await saveAdmin(lab, name, { server: plane.server, ca: plane.ca, token: plane.token })
}

const keyOf = (name: string): string => `${apiPlace(name)}.apiserver`

/** Kills an API server, of a cluster or of the broker. Its data stay. */
export const killApi = (lab: Lab, name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => endDaemon(lab, keyOf(name), signal)

/** Starts a killed API server again, and waits until it is ready. */
export async function startApi(lab: Lab, name: string): Promise<void> {
  await startAgain(lab, keyOf(name))
  await untilReady(lab, name)
}

export const killBroker = (lab: Lab, signal?: NodeJS.Signals): Promise<void> => killApi(lab, brokerName(lab), signal)

/** Starts the broker again: with its data or, where it is a central one, `empty`, its database removed and its keys kept. */
export async function startBroker(lab: Lab, data: 'kept' | 'empty' = 'kept'): Promise<void> {
  if (data === 'empty') await loseData(lab)
  await startApi(lab, brokerName(lab))
}
