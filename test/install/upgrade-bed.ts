// A member on a real API server with the real DaemonSet controller, and what no node runs: kubelets that say their pods are ready, and engines that hand over.
import { afterAll, beforeAll } from '@jest/globals'
import { isReady, nodeOf } from '../../src/install/rollout/rollout.ts'
import { ApiError, type KubeApi } from '../../src/k8s/api.ts'
import { GATEWAY_WORKLOAD, NAMESPACE, ROUTE_AGENT_WORKLOAD } from '../../src/model/names.ts'
import type { Gateway, Pod } from '../../src/model/resources.ts'
import { TOKEN_CONTROLLERS } from '../cluster/control-plane.ts'
import { type Laptop, openPlace, planes } from '../cluster/plane-suite.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { BROKER_URL, makeNode } from './beds.ts'

export const NODES = ['gw1', 'gw2', 'w1'] as const
export const BROKEN = 'localhost/broken:1'

export const JOIN = 'join --cluster-id west --context west --gateway gw1 --gateway gw2 --service-cidr 100.64.0.0/16'

export interface UpgradeBed {
  readonly laptop: Laptop
  readonly api: KubeApi
  /** Another cluster, for comparison. */
  readonly other: KubeApi
  readonly kubeconfigs: { readonly west: string; readonly other: string }
  /** Pods that have gone, in order, as `workload node`; and `active node` at each hand-over. */
  readonly history: string[]
  /** uids of pods beside which no route agent starts. */
  spoiling: readonly string[]
}

export function upgradeBed(): () => UpgradeBed {
  const at = planes(['west', 'other'], {
    controllers: [
      ...TOKEN_CONTROLLERS,
      'daemonset-controller',
      'deployment-controller',
      'replicaset-controller',
      'resourcequota-controller',
    ],
  })
  const end = new AbortController()
  let bed: UpgradeBed
  let ended: Promise<void> | undefined
  beforeAll(async () => {
    const [api, other] = [openPlace(at.west), openPlace(at.other)]
    for (const one of [api, other])
      for (const [i, name] of NODES.entries()) {
        await makeNode(one, { name, address: `172.16.1.${i + 1}`, podCidr: `10.1.${i + 1}.0/24` })
        await one.patch('Node', name, undefined, { metadata: { labels: { 'kubernetes.io/os': 'linux' } } })
      }
    const contexts = { west: at.west, other: at.other, '': at.west }
    const laptop = { contexts, hosts: { [BROKER_URL]: at.west.server }, files: new Map<string, string>() }
    bed = { laptop, api, other, kubeconfigs: { west: at.west.kubeconfig, other: at.other.kubeconfig }, history: [], spoiling: [] }
    ended = play(bed, end.signal)
  }, 60_000)
  afterAll(async () => {
    end.abort()
    await ended
  })
  return () => bed
}

async function play(bed: UpgradeBed, signal: AbortSignal): Promise<void> {
  const { api, history } = bed
  let active: Active | undefined
  let before: readonly Pod[] = []
  while (!signal.aborted) {
    try {
      const { items } = await api.list('Pod', { namespace: NAMESPACE })
      // No scheduler has given them to a node, so that a pod that is deleted is gone at once.
      for (const pod of before.filter(({ metadata }) => !items.some((item) => item.metadata.uid === metadata.uid)))
        history.push(`${pod.metadata.labels?.app ?? ''} ${nodeOf(pod)}`)
      before = items
      for (const pod of items) await start(api, pod, spoiledNodes(items, bed.spoiling).includes(nodeOf(pod)))
      active = await elect(api, items, active, history)
    } catch (error) {
      // Before the join neither namespace nor kinds are there; a pod may be gone by now; at the end the server is.
      if (!(error instanceof ApiError)) throw error
    }
    await new Promise((settle) => setTimeout(settle, 100))
  }
}

const spoiledNodes = (pods: readonly Pod[], by: readonly string[]): readonly string[] =>
  pods.filter(({ metadata }) => by.includes(metadata.uid ?? '')).map(nodeOf)

/** What a kubelet does: a pod is ready, unless its image is not to be had, or it is a route agent beside a charon that has its port. */
async function start(api: KubeApi, pod: Pod, isSpoiled: boolean): Promise<void> {
  const [container] = pod.spec?.containers ?? []
  const isBroken = container?.image === BROKEN
  const isUp = !isBroken && !(isSpoiled && pod.metadata.labels?.app === ROUTE_AGENT_WORKLOAD)
  if (pod.status?.containerStatuses !== undefined && isReady(pod) === isUp) return
  const state = isBroken ? { waiting: { reason: 'ErrImagePull', message: 'no such image' } } : { running: {} }
  const status = {
    phase: isBroken ? 'Pending' : 'Running',
    conditions: [{ type: 'Ready', status: isUp ? 'True' : 'False' }],
    containerStatuses: [{ name: container?.name, image: container?.image, imageID: '', ready: isUp, restartCount: 0, state }],
  }
  await api.replaceStatus({ ...pod, ...{ status } })
}

interface Active {
  readonly node: string
  readonly uid: string | undefined
}

/** What engines do: the active one's pod that ends lets another lead; each has its Gateway object. */
async function elect(api: KubeApi, pods: readonly Pod[], before: Active | undefined, history: string[]): Promise<Active | undefined> {
  const engines = pods.filter((pod) => pod.metadata.labels?.app === GATEWAY_WORKLOAD)
  const up = engines.map(nodeOf).sort()
  const stays = before !== undefined && engines.some(({ metadata }) => metadata.uid === before.uid)
  const heir = engines.find((pod) => nodeOf(pod) !== before?.node) ?? engines[0]
  const active = stays || heir === undefined ? before : { node: nodeOf(heir), uid: heir.metadata.uid }
  if (active !== undefined && active.node !== before?.node) history.push(`active ${active.node}`)
  for (const name of up) {
    const gateway: Gateway = {
      apiVersion: 'submariner.io/v1',
      kind: 'Gateway',
      metadata: { name, namespace: NAMESPACE, annotations: { 'submariner.io/broker': 'reached' } },
      status: {
        version: '1.2.3+abcdef12',
        haStatus: name === active?.node ? 'active' : 'passive',
        localEndpoint: endpointOf('west', { n: 1 }).spec,
        statusFailure: '',
        connections: [],
      },
    }
    await api.apply(gateway)
  }
  return active
}
