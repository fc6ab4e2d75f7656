// West is the broker too and has joined; its nodes have no kubelets: what one does to Jobs and to pods that end is done here.
import { afterAll, beforeAll } from '@jest/globals'
import { execa } from 'execa'
import { ERRAND_LABEL, NODE_ANNOTATION } from '../../src/install/remove/cleanup-job.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import type { Pod } from '../../src/model/resources.ts'
import { kubeProgram } from '../cluster/control-plane.ts'
import { done, type Laptop, openPlace, type Place, planes, type Ran, runOn } from '../cluster/plane-suite.ts'
import { BROKER_URL, makeNode, versionsOf } from './beds.ts'

const CONTROLLERS = [
  'serviceaccount-token-controller',
  'serviceaccount-controller',
  'namespace-controller',
  'job-controller',
  'daemonset-controller',
  'garbage-collector-controller',
]

export interface UninstallBed {
  readonly laptop: Laptop
  readonly west: KubeApi
  readonly kubelets: Kubelets
  /** kubectl on west; its input is `input`. */
  kubectl(line: string, input?: string): Promise<string>
}

export interface Kubelets {
  /** Nodes whose errands fail, with what they print. */
  readonly failing: Map<string, string>
  /** Nodes without power: nothing there begins or ends. */
  readonly dead: Set<string>
  /** Each errand that ran, as `errand node`, and the agents' pods that were there at that moment. */
  readonly ran: { readonly errand: string; readonly node: string; readonly agents: number; readonly args: readonly string[] }[]
}

export function uninstallBed(): () => UninstallBed {
  const at = planes(['west'], { controllers: CONTROLLERS })
  const kubelets: Kubelets = { failing: new Map(), dead: new Set(), ran: [] }
  const end = new AbortController()
  let bed: UninstallBed
  let running: Promise<void> = Promise.resolve()
  beforeAll(async () => {
    const west = openPlace(at.west)
    await makeNode(west, { name: 'gw', address: '172.16.1.1', podCidr: '10.1.1.0/24' })
    await makeNode(west, { name: 'worker', address: '172.16.1.2', podCidr: '10.1.2.0/24' })
    running = serve(west, kubelets, end.signal)
    const kubectl = async (line: string, input = ''): Promise<string> =>
      (await execa(kubeProgram('kubectl'), [`--kubeconfig=${at.west.kubeconfig}`, ...line.split(' ')], { input })).stdout
    bed = { laptop: laptopOf(at.west, west), west, kubelets, kubectl }
  }, 120_000)
  afterAll(async () => {
    end.abort()
    await running
  })
  return () => bed
}

const laptopOf = (west: Place, api: KubeApi): Laptop => ({
  contexts: { west },
  hosts: { [BROKER_URL]: west.server },
  files: new Map(),
  between: (opened) => ({
    ...opened,
    // No kubelet serves a log.
    raw: async (path) => {
      const [, namespace = '', pod = ''] = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/log/.exec(path) ?? []
      return pod === '' ? opened.raw(path) : logOf(await api.get('Pod', pod, namespace))
    },
  }),
})

const NOTHING = { ours: {}, others: { routes: ['default via 172.16.1.254 dev eth0'] }, restores: [], unread: [] }
/** What an agent prints: the kernel of a node that holds a rule of ours until it has cleaned itself. */
function logOf(pod: Pod | undefined): string {
  const errand = pod?.metadata.labels?.[ERRAND_LABEL]
  if (pod?.status?.phase === 'Failed') return `${pod.status.message}\n`
  const trace = errand === 'trace' ? { ...NOTHING, ours: { rules: ['150: from all lookup 150 proto 77'] } } : NOTHING
  return `{"level":"info","msg":"rule del priority 150"}\n${JSON.stringify({ apiVersion: 'subctl.submariner.io/v1', kind: 'NodeTrace', ...trace })}\n`
}

async function serve(api: KubeApi, kubelets: Kubelets, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { items } = await api.list('Pod').catch(() => ({ items: [] as readonly Pod[] }))
    const agents = items.filter(({ metadata }) => metadata.labels?.app?.startsWith('submariner-')).length
    for (const pod of items) await attend(api, kubelets, pod, agents).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function attend(api: KubeApi, { failing, dead, ran }: Kubelets, pod: Pod, agents: number): Promise<void> {
  const { name, namespace, labels = {}, annotations = {}, deletionTimestamp } = pod.metadata
  const [errand, node] = [labels[ERRAND_LABEL], annotations[NODE_ANNOTATION] ?? '']
  if (dead.has(pod.spec?.nodeName ?? '')) return
  if (deletionTimestamp !== undefined) return void (await api.remove('Pod', name, namespace, { graceSeconds: 0 }))
  if (errand === undefined || ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')) return
  const why = failing.get(node)
  const status = why === undefined ? { phase: 'Succeeded' } : { phase: 'Failed', message: why }
  await api.replaceStatus({ ...pod, status })
  ran.push({ errand, node, agents, args: pod.spec?.containers?.[0]?.args ?? [] })
}

export const run = async (bed: UninstallBed, line: string): Promise<Ran> => runOn(bed.laptop, line)

const JOIN = 'join --cluster-id west --context west --service-cidr 100.1.0.0/16 --timeout 60s'
export const deploy = (bed: UninstallBed): Promise<Ran> => run(bed, `deploy-broker --context west --broker-url ${BROKER_URL}`).then(done)
/** Joins, and has the gateway publish what one does. */
export async function joinWest(bed: UninstallBed, more = ''): Promise<void> {
  done(await run(bed, `${JOIN} ${more}`.trim()))
  await bed.west.apply({
    apiVersion: 'submariner.io/v1',
    kind: 'Cluster',
    metadata: { name: 'west', namespace: 'submariner' },
    ...{ spec: { cluster_id: 'west', cluster_cidr: ['10.1.0.0/16'], service_cidr: ['100.1.0.0/16'], global_cidr: [] } },
  })
}
/** Names of all that an install could touch, and of Jobs and DaemonSets. */
export async function namesOf(api: KubeApi): Promise<readonly string[]> {
  const more = await Promise.all((['DaemonSet', 'Job', 'Pod', 'ResourceQuota', 'Lease'] as const).map((kind) => api.list(kind)))
  const all = more.flatMap(({ items }) => items.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`))
  return [...Object.keys(await versionsOf(api)), ...all].sort()
}
