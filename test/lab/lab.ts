// A lab from its beginning to its end.
import { readFile, rm } from 'node:fs/promises'
import { messageOf } from '../../src/model/errors.ts'
import { apiOf } from './access.ts'
import { agentKey, mountSecrets, startAgents } from './agents.ts'
import { startApis } from './apis.ts'
import { daemonOf, logOf, logTails, startAs } from './daemons.ts'
import { DEFAULTS, ECHO_PORT, type LabOptions, nodeOf, nodesOf } from './layout.ts'
import { buildNetwork, processesIn, rebuildNode, removeNetwork, setCable } from './network.ts'
import { putClusterObjects } from './objects.ts'
import { makeRunFolders, run, runFolder } from './places.ts'
import { killAll } from './processes.ts'
import { claimLab, forgetClaims, forgetLab, isOrphan, type Lab, listLabs } from './state.ts'
import { deployBroker, joinCluster } from './subctl.ts'
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

/** What a lab is told while it comes up. */
export interface UpOptions extends Partial<LabOptions> {
  /** Called with what is being done, in a few words. */
  readonly say?: (what: string) => void
  /** Default: joined clusters with running agents. */
  readonly stopAt?: 'network' | 'apis' | 'joined'
  /** Gives up at the next step, and takes down what is there. */
  readonly signal?: AbortSignal
}

/** Clusters that have joined, by the way that users take, and whose agents run. Undone where it fails. */
export async function upLab({ say = () => undefined, stopAt, signal: stop, ...options }: UpOptions = {}): Promise<Lab> {
  say('networks, nodes, pods and services')
  const lab = await upBare(options)
  try {
    for (const step of STEPS) {
      stop?.throwIfAborted()
      if (step.after !== undefined && step.after === stopAt) return lab
      say(step.title(lab.layout.options))
      await step.work(lab)
    }
    return lab
  } catch (error) {
    const logs = stop?.aborted === true ? '' : await logTails(lab)
    await downLab(lab)
    throw stop?.aborted === true ? stop.reason : new Error(`the lab does not come up: ${messageOf(error)}\n${logs}`, { cause: error })
  }
}

interface Step {
  /** Stopping there ends before this step. */
  readonly after: UpOptions['stopAt']
  title(options: LabOptions): string
  work(lab: Lab): Promise<void>
}
const STEPS: readonly Step[] = [
  {
    after: 'network',
    title: ({ api }) => `API servers (${api})`,
    async work(lab) {
      await startApis(lab)
      await Promise.all(lab.layout.clusters.map(async (cluster) => putClusterObjects(await apiOf(lab, cluster.name), cluster)))
    },
  },
  {
    after: 'apis',
    title: () => 'the broker, and the clusters join',
    async work(lab) {
      await deployBroker(lab)
      for (const cluster of lab.layout.clusters) await joinCluster(lab, cluster)
      for (const cluster of lab.layout.clusters) await mountSecrets(lab, cluster)
    },
  },
  { after: 'joined', title: () => 'agents on every node', work: (lab) => startAgents(lab, nodesOf(lab.layout)) },
]

async function startEchoes(lab: Lab): Promise<void> {
  await Promise.all(nodesOf(lab.layout).flatMap(({ name, pod }) => [startEcho(lab, name), startEcho(lab, pod.name)]))
}

async function startEcho(lab: Lab, place: string): Promise<void> {
  const { key } = await startAs(lab, `${place}.echo`, { place, argv: program('echo', place, String(ECHO_PORT)), env: {} })
  const untilListening = `until [ -n "$(ss -Hltn sport = :${ECHO_PORT})" ]; do sleep 0.02; done`
  await run(lab, place, ['sh', '-c', untilListening], { timeoutMs: 60_000 }).catch(async (error) => {
    throw new Error(`${key} does not listen: ${messageOf(error)}: ${await readFile(logOf(lab, key), 'utf8')}`)
  })
}

/** A node dies: everything on it is killed, and its network cable pulled. Its pod runs on, cut off. */
export async function loseNode(lab: Lab, name: string): Promise<void> {
  const node = nodeOf(lab.layout, name)
  await setCable(lab.layout, node, 'down')
  await killAll(() => processesIn(lab.layout, node.ns))
}

/** The node boots again: an empty kernel, an empty /run, its pod, and our agents where its cluster has joined. */
export async function bootNode(lab: Lab, name: string): Promise<void> {
  const node = nodeOf(lab.layout, name)
  for (const ns of [node.ns, node.pod.ns]) await killAll(() => processesIn(lab.layout, ns))
  await rebuildNode(lab.layout, node)
  await rm(runFolder(lab, name), { recursive: true, force: true })
  await makeRunFolders(lab)
  for (const place of [name, node.pod.name]) await startEcho(lab, place)
  if ((await daemonOf(lab, agentKey(name, 'route-agent'))) !== undefined) await startAgents(lab, [node])
}

/** Ends everything of a lab and removes it; also one that is half made, or half removed. */
export async function downLab(lab: Lab): Promise<void> {
  await endProcesses(lab)
  await removeNetwork(lab.layout)
  await forgetLab(lab)
}

/** Every process of a lab is in one of its namespaces. */
const endProcesses = ({ layout }: Lab): Promise<void> => killAll(() => processesIn(layout))

/** Removes the labs whose owners have died. */
export async function sweep(): Promise<void> {
  for (const lab of await listLabs()) if (isOrphan(lab)) await downLab(lab)
  await forgetClaims()
}
