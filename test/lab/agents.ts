// Our agents on the nodes of a lab, started as the pods of their DaemonSets would be: environment from the ConfigMap, secrets as files.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeApi } from '../../src/k8s/api.ts'
import { put } from '../../src/k8s/put.ts'
import { BROKER_SECRET, NAMESPACE, PSK_SECRET, SETTINGS_CONFIGMAP } from '../../src/model/names.ts'
import type { Resource, Secret } from '../../src/model/resources.ts'
import { apiIp, apiOf } from './access.ts'
import { endDaemon, startAgain, startAs } from './daemons.ts'
import { API_PORT, type ClusterLayout, type NodeLayout, nodeOf } from './layout.ts'
import { processesIn } from './network.ts'
import { processId, signal } from './processes.ts'
import type { Lab } from './state.ts'
import { SUBCTL } from './subctl.ts'

export const AGENTS = ['charon', 'engine', 'route-agent'] as const
export type Agent = (typeof AGENTS)[number]

/** The ServiceAccount of each agent's pods; charon speaks to no API. */
const ACCOUNTS: Readonly<Record<Agent, string | undefined>> = {
  charon: undefined,
  engine: 'submariner-gateway',
  'route-agent': 'submariner-route-agent',
}
/** Secrets that each agent's pods mount. */
const MOUNTS: Readonly<Record<Agent, readonly string[]>> = {
  charon: [],
  engine: [BROKER_SECRET, PSK_SECRET],
  'route-agent': [],
}

export const agentsOf = ({ role }: NodeLayout): readonly Agent[] => (role === 'gateway' ? AGENTS : ['route-agent'])
export const agentKey = (node: string, agent: Agent): string => `${node}.${agent}`

/** Writes down, for the agents of a cluster, what join has left in its API: each agent gets a folder that it sees as /run/secrets. */
export async function mountSecrets(lab: Lab, cluster: ClusterLayout): Promise<void> {
  const api = await apiOf(lab, cluster.name)
  for (const agent of AGENTS) {
    const folder = secretsFolder(lab, cluster.name, agent)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const account = ACCOUNTS[agent]
    if (account !== undefined) await writeData(join(folder, 'kubernetes.io', 'serviceaccount'), await accountToken(api, account))
    for (const name of MOUNTS[agent]) await writeData(join(folder, 'submariner.io', name), await needSecret(api, name))
  }
}

const secretsFolder = (lab: Lab, cluster: string, agent: Agent): string => join(lab.folder, 'secrets', cluster, agent)

async function writeData(folder: string, { data = {} }: Secret): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [name, value] of Object.entries(data)) await writeFile(join(folder, name), Buffer.from(value, 'base64'), { mode: 0o600 })
}

async function needSecret(api: KubeApi, name: string): Promise<Secret> {
  const secret = await api.get('Secret', name, NAMESPACE)
  if (secret === undefined) throw new Error(`${api.server} has no Secret ${NAMESPACE}/${name}: has the cluster joined?`)
  return secret
}

/** A token of the account that lasts, from a Secret that the API server fills. */
async function accountToken(api: KubeApi, account: string): Promise<Secret> {
  const name = `${account}-lab`
  const secret: Resource & { readonly type: string } = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: { name, namespace: NAMESPACE, annotations: { 'kubernetes.io/service-account.name': account } },
  }
  await put(api, secret)
  for (const until = Date.now() + 60_000; Date.now() < until; await wait(50)) {
    const filled = await needSecret(api, name)
    if (filled.data?.token !== undefined) return filled
  }
  throw new Error(`${api.server} makes no token for ${account}`)
}

/** What the pods of a cluster's agents have in their environment, whatever their node. */
async function clusterEnvironment(lab: Lab, cluster: string): Promise<Readonly<Record<string, string>>> {
  const settings = await (await apiOf(lab, cluster)).get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE)
  if (settings?.data === undefined) throw new Error(`cluster ${cluster} has no ConfigMap ${SETTINGS_CONFIGMAP}: has it joined?`)
  return { ...settings.data, KUBERNETES_SERVICE_HOST: apiIp(lab, cluster), KUBERNETES_SERVICE_PORT: String(API_PORT) }
}

async function startIn(lab: Lab, node: NodeLayout, agent: Agent, env: Readonly<Record<string, string>>): Promise<void> {
  await startAs(lab, agentKey(node.name, agent), {
    place: node.name,
    argv: [SUBCTL, agent],
    env: { ...env, NODE_NAME: node.name },
    secrets: secretsFolder(lab, node.cluster, agent),
  })
}

/** Starts an agent, the first time or again, with the settings of now. Throws where it runs. */
export async function start(lab: Lab, node: string, agent: Agent): Promise<void> {
  const layout = nodeOf(lab.layout, node)
  await startIn(lab, layout, agent, await clusterEnvironment(lab, layout.cluster))
}

/** Starts every agent of the nodes at once. */
export async function startAgents(lab: Lab, nodes: readonly NodeLayout[]): Promise<void> {
  const begin = await readyAgents(lab, nodes)
  await begin()
}

/** Reads what every agent of the nodes needs; what it gives starts them all at once. */
export async function readyAgents(lab: Lab, nodes: readonly NodeLayout[]): Promise<() => Promise<void>> {
  const names = [...new Set(nodes.map(({ cluster }) => cluster))]
  const environments = new Map(await Promise.all(names.map(async (name) => [name, await clusterEnvironment(lab, name)] as const)))
  return async () => {
    await Promise.all(
      nodes.flatMap((node) => agentsOf(node).map((agent) => startIn(lab, node, agent, environments.get(node.cluster) ?? {}))),
    )
  }
}

/** Ends every agent of the nodes in order, as the removal of their pods would: charon last, since engines hand over through it. */
export async function endAgents(lab: Lab, nodes: readonly NodeLayout[]): Promise<void> {
  for (const wave of [['engine', 'route-agent'], ['charon']] as const)
    await Promise.all(
      nodes.flatMap((node) =>
        wave.filter((agent) => agentsOf(node).includes(agent)).map((agent) => kill(lab, node.name, agent, 'SIGTERM')),
      ),
    )
}

/** Ends an agent and waits until it has ended. */
export const kill = (lab: Lab, node: string, agent: Agent, name: NodeJS.Signals = 'SIGKILL'): Promise<void> =>
  endDaemon(lab, agentKey(node, agent), name)

/** Ends an agent and starts it again at once, without asking the API. */
export async function restart(lab: Lab, node: string, agent: Agent, name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  await kill(lab, node, agent, name)
  await startAgain(lab, agentKey(node, agent))
}

/** Kills strongSwan's daemon itself, under the `subctl charon` that keeps it; with the signal STOP it only stops answering. */
export async function signalCharon(lab: Lab, node: string, name: NodeJS.Signals): Promise<void> {
  const pids = await processesIn(lab.layout, nodeOf(lab.layout, node).ns)
  const found = await Promise.all(
    pids.map(async (pid) => ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('charon') ? [processId(pid)] : [])),
  )
  const daemons = found.flat()
  if (daemons.length === 0) throw new Error(`no charon runs on ${node}`)
  for (const daemon of daemons) signal(daemon, name)
}
