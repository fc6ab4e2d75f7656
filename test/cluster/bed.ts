// A bed of real Kubernetes clusters, from its beginning to its end. Nodes are namespaces of this machine; every program is the real one.
import { cp, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../src/model/errors.ts'
import { exec } from '../../src/system/exec.ts'
import { brokerName, kubeconfigOf, writeKubeconfig } from '../lab/access.ts'
import { startCentralBroker } from '../lab/central.ts'
import { endDaemon, logTails, startAgain } from '../lab/daemons.ts'
import { type ClusterLayout, type HostLayout, nodesOf } from '../lab/layout.ts'
import { buildSite, processesIn, removeNetwork } from '../lab/network.ts'
import { run } from '../lab/places.ts'
import { killAll } from '../lab/processes.ts'
import { bedHost, bootNode, importImage, startAgents, startNode, stopNode } from './bed-nodes.ts'
import { applyAddons, kubectl, startPlane, startPlaneAgain, stopPlane } from './bed-planes.ts'
import { BED_DEFAULTS, type Bed, type BedOptions, claimBed, forgetBed, forgetClaims, isOrphan, listBeds } from './bed-state.ts'
import { endBox, hierarchiesOf, saveHierarchies } from './box.ts'
import { hierarchiesFor, removeGroups } from './cgroups.ts'
import { kubeFolder } from './control-plane.ts'
import { raiseLimits, restoreLimits } from './machine.ts'
import { keepPodLogs } from './pod-logs.ts'

export { loadImage, startComponent, startNode, stopComponent, stopNode } from './bed-nodes.ts'
export { kubectl, startPlaneAgain, stopPlane } from './bed-planes.ts'
export { type Bed, type BedOptions, findBed, keepBed, listBeds } from './bed-state.ts'

export interface UpBedOptions extends Partial<BedOptions> {
  /** Archives of images that every node gets, beside those that the cluster itself is made of. */
  readonly images?: readonly string[]
  /** Called with what is being done, in a few words. */
  readonly say?: (what: string) => void
  /** Gives up at the next step, and takes down what is there. */
  readonly signal?: AbortSignal
}

/** Clusters whose nodes are Ready and whose DNS answers. Undone where it fails; the logs are kept then, and the error says where. */
export async function upBed({ images = [], say = () => undefined, signal, ...options }: UpBedOptions = {}): Promise<Bed> {
  await sweepBeds()
  const bed = await claimBed({ ...BED_DEFAULTS, ...options })
  try {
    say('networks')
    await prepare(bed)
    say('control planes and nodes')
    signal?.throwIfAborted()
    const own = join(kubeFolder(), 'images')
    const all = [...(await readdir(own)).map((name) => join(own, name)), ...images]
    await Promise.all([startPlanes(bed, say), ...nodesOf(bed.layout).map((node) => prepareNode(bed, node, all))])
    signal?.throwIfAborted()
    say('nodes get ready')
    await Promise.all(bed.layout.clusters.map((cluster) => joinNodes(bed, cluster)))
    signal?.throwIfAborted()
    return bed
  } catch (error) {
    const why = signal?.aborted === true ? '' : `\n${await logTails(bed, undefined, 8)}\nall logs are in ${await keepLogs(bed)}`
    await downBed(bed)
    throw signal?.aborted === true ? signal.reason : new Error(`the bed does not come up: ${messageOf(error)}${why}`, { cause: error })
  }
}

/** Folders whose contents are memory: they hold all that nodes and control planes write. */
const MEMORY = ['data', 'apis'] as const

async function prepare(bed: Bed): Promise<void> {
  await raiseLimits()
  await saveHierarchies(bed, await hierarchiesFor(`subctl-bed-${bed.layout.id}`))
  for (const name of MEMORY) {
    await mkdir(join(bed.folder, name), { mode: 0o700 })
    await exec(['mount', '-t', 'tmpfs', '-o', 'mode=700', `bed-${bed.layout.id}`, join(bed.folder, name)])
  }
  await buildSite(bed.layout, (cluster, node) => bedHost(bed, cluster, node))
}

async function startPlanes(bed: Bed, say: (what: string) => void): Promise<void> {
  const own = bed.layout.options.broker === 'central' ? [startBroker(bed)] : []
  await Promise.all([...bed.layout.clusters.map((cluster) => startPlane(bed, cluster)), ...own])
  await writeKubeconfig(bed)
  say('APIs are ready')
}

async function startBroker(bed: Bed): Promise<void> {
  await mkdir(join(bed.folder, 'apis', 'broker'), { recursive: true, mode: 0o700 })
  await startCentralBroker(bed)
}

async function prepareNode(bed: Bed, node: HostLayout, images: readonly string[]): Promise<void> {
  await bootNode(bed, node)
  for (const image of images) await importImage(bed, node.name, image)
}

async function joinNodes(bed: Bed, cluster: ClusterLayout<HostLayout>): Promise<void> {
  const context = ['--context', cluster.name]
  await Promise.all([applyAddons(bed, cluster), ...cluster.nodes.map((node) => startAgents(bed, node))])
  await kubectl(bed, [...context, 'wait', 'node', '--all', '--for=condition=Ready', '--timeout=120s'])
  await kubectl(bed, [...context, 'rollout', 'status', '--namespace', 'kube-system', 'deployment/coredns', '--timeout=120s'])
}

/** Copies the logs of all programs, and those of all pods by node, out of what `down` removes. Answers with the folder. */
export async function keepLogs(bed: Bed): Promise<string> {
  const folder = join(tmpdir(), 'subctl-bed-logs', bed.layout.id)
  await cp(join(bed.folder, 'logs'), folder, { recursive: true })
  await keepPodLogs(bed, join(folder, 'pods'))
  return folder
}

/** Ends everything of a bed and removes it; also one that is half made, or half removed. */
export async function downBed(bed: Bed): Promise<void> {
  await Promise.all(nodesOf(bed.layout).map(({ name }) => endBox(bed, name)))
  await killAll(() => processesIn(bed.layout))
  await removeNetwork(bed.layout)
  await removeGroups(await hierarchiesOf(bed))
  for (const name of MEMORY) await unmount(join(bed.folder, name))
  await forgetBed(bed)
  if ((await listBeds()).length === 0) await restoreLimits()
}

async function unmount(folder: string): Promise<void> {
  const { code } = await exec(['mountpoint', '--quiet', folder], { okCodes: [0, 1, 32] })
  if (code !== 0) return
  // Whoever made a mount namespace in the meantime has a copy: it is to hold no memory.
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true })
  await exec(['umount', folder])
}

/** Power loss of a node or of a control plane (west-api), or the end of one program of it. */
export async function stopPlace(bed: Bed, place: string, program?: string): Promise<void> {
  if (program !== undefined) await endDaemon(bed, `${place}.${program}`, 'SIGKILL')
  else if (place.endsWith('-api')) await stopPlane(bed, place.replace(/-api$/, ''))
  else await stopNode(bed, place)
}

/** Starts again what stopPlace has stopped. */
export async function startPlace(bed: Bed, place: string, program?: string): Promise<void> {
  if (program !== undefined) await startAgain(bed, `${place}.${program}`)
  else if (place.endsWith('-api')) await startPlaneAgain(bed, place.replace(/-api$/, ''))
  else await startNode(bed, place)
}

/** Runs a program to its end on a node that is on, or in another place of the bed such as west-router. */
export const execOn = run

/** The kubeconfig's contexts: clusters, and the broker's. */
export const contextsOf = (bed: Bed): readonly string[] => [...bed.layout.clusters.map(({ name }) => name), 'broker']
export const kubeconfigFile = kubeconfigOf
/** The context whose API the broker's is. */
export const brokerContext = (bed: Bed): string => brokerName(bed)

/** Removes the beds whose owners have died. */
export async function sweepBeds(): Promise<void> {
  for (const bed of await listBeds()) if (isOrphan(bed)) await downBed(bed)
  await forgetClaims()
}
