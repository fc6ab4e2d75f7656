import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { listFound } from '../../k8s/discover.ts'
import type { ConfigMap, Resource } from '../../model/resources.ts'
import { at, isRecord, listAt, textAt } from '../tree.ts'
import { withoutBlock } from './block.ts'
import { type DnsVersion, versionOfImage, versionOfLog, versionOfMetrics } from './coredns-version.ts'
import { readCorefile } from './corefile.ts'
import { type CoreDns, CUSTOM_KEY, type DnsFacts, type DnsServer, type Keeper, type MapText } from './facts.ts'

const DNS_LABEL = { 'k8s-app': 'kube-dns' }
const SYSTEM = 'kube-system'
const SERVICE_IMPORTS = 'serviceimports.multicluster.x-k8s.io'

/** What the cluster's DNS is. Reads alone; what one may not read counts as not there. */
export async function readDns(api: KubeApi): Promise<DnsFacts> {
  const [server, nodeLocal, servesAlpha] = await Promise.all([readServer(api), readNodeLocal(api), readAlpha(api)])
  return { server, nodeLocal, servesAlpha }
}

/** Namespaces with Clusters of several members: brokers. The agents' own has copies of them. */
export async function readBrokers(api: KubeApi, agents: string): Promise<readonly string[]> {
  const clusters = await orNone(api.list('Cluster'))
  const found = clusters?.items.flatMap(({ metadata: { namespace } }) =>
    namespace === undefined || namespace === agents ? [] : [namespace],
  )
  return [...new Set(found)]
}

async function readAlpha(api: KubeApi): Promise<boolean | undefined> {
  const crd = await api.get('CustomResourceDefinition', SERVICE_IMPORTS)
  if (crd === undefined) return undefined
  return listAt(crd, 'spec', 'versions').some((version) => textAt(version, 'name') === 'v1alpha1' && at(version, 'served') === true)
}

async function readServer(api: KubeApi): Promise<DnsServer> {
  const operator = await orNone(api.get('DNS', 'default'))
  if (operator !== undefined) {
    const servers = at(operator, 'spec', 'servers')
    const domain = textAt(operator, 'status', 'clusterDomain') ?? 'cluster.local'
    return { kind: 'openshift', title: 'OpenShift’s DNS operator', servers: Array.isArray(servers) ? servers : undefined, domain }
  }
  const [workload] = (await Promise.all([workloadsOf(api, 'Deployment'), workloadsOf(api, 'DaemonSet')])).flat().sort(likelierFirst)
  if (workload === undefined) return { kind: 'unknown', title: 'no Deployment or DaemonSet has the label k8s-app=kube-dns' }
  const title = `${workload.kind} ${workload.metadata.namespace}/${workload.metadata.name}`
  const container = containersOf(workload).find((one) => /coredns/i.test(imageOf(one)))
  if (container !== undefined) return readCoreDns(api, workload, imageOf(container))
  if (!containersOf(workload).some((one) => /kube-?dns/i.test(imageOf(one))))
    return { kind: 'unknown', title: `${title} runs neither CoreDNS nor kube-dns` }
  const stubs = await mapText(api, { namespace: workload.metadata.namespace ?? SYSTEM, name: 'kube-dns', key: 'stubDomains' })
  return { kind: 'kube-dns', title, stubs }
}

const workloadsOf = async (api: KubeApi, kind: 'Deployment' | 'DaemonSet'): Promise<readonly Resource[]> =>
  (await api.list(kind, { labels: DNS_LABEL })).items
const containersOf = (workload: Resource): readonly unknown[] => listAt(workload, 'spec', 'template', 'spec', 'containers')
const imageOf = (container: unknown): string => textAt(container, 'image') ?? ''
/** One that runs before one that is scaled to nothing, and the cluster's own namespace before others. */
function likelierFirst(a: Resource, b: Resource): number {
  const rank = (one: Resource): number => (isRunning(one) ? 0 : 2) + (one.metadata.namespace === SYSTEM ? 0 : 1)
  return rank(a) - rank(b)
}
const isRunning = (workload: Resource): boolean =>
  Number(at(workload, 'status', 'readyReplicas') ?? at(workload, 'status', 'numberReady') ?? 0) > 0

async function readCoreDns(api: KubeApi, workload: Resource, image: string): Promise<CoreDns> {
  const namespace = workload.metadata.namespace ?? SYSTEM
  const pod = at(workload, 'spec', 'template', 'spec')
  const names = configMapsOf(pod)
  const maps = await Promise.all(names.map(({ name }) => mapText(api, { namespace, name, key: 'Corefile' })))
  const corefile = maps.find(({ text }) => text !== undefined)
  const { version, versionFrom } = await readVersion(api, workload, image)
  return {
    ...{ kind: 'coredns', title: `${workload.kind} ${namespace}/${workload.metadata.name}`, image, version, versionFrom, corefile },
    account: { namespace, name: textAt(pod, 'serviceAccountName') ?? 'default' },
    custom: await readCustom(api, { namespace, pod, corefile }),
  }
}

/** ConfigMaps that are mounted, and where. */
const configMapsOf = (pod: unknown): readonly { readonly name: string; readonly path: string }[] =>
  listAt(pod, 'volumes').flatMap((volume) => {
    const name = textAt(volume, 'configMap', 'name')
    const mounts = listAt(pod, 'containers').flatMap((container) => listAt(container, 'volumeMounts'))
    const mount = mounts.find((one) => textAt(one, 'name') === textAt(volume, 'name'))
    return name === undefined ? [] : [{ name, path: (textAt(mount, 'mountPath') ?? '').replace(/\/$/, '') }]
  })

interface Custom {
  readonly namespace: string
  readonly pod: unknown
  readonly corefile: MapText | undefined
}
/** The ConfigMap that is mounted where the Corefile imports `*.server` from. Patterns are relative to the Corefile's folder. */
async function readCustom(api: KubeApi, { namespace, pod, corefile }: Custom): Promise<CoreDns['custom']> {
  const imports = readCorefile(withoutBlock(corefile?.text ?? '') ?? '')?.imports ?? []
  const folders = imports.flatMap((pattern) => /^(.+)\/\*(?:\.server)?$/.exec(pattern)?.[1] ?? [])
  const maps = configMapsOf(pod)
  const base = maps.find(({ name }) => name === corefile?.name)?.path ?? '/etc/coredns'
  const map = maps.find(({ path }) => folders.some((folder) => path === (folder.startsWith('/') ? folder : `${base}/${folder}`)))
  if (map === undefined) return undefined
  return mapText(api, { namespace, name: map.name, key: CUSTOM_KEY })
}

async function readVersion(
  api: KubeApi,
  { metadata: { namespace = SYSTEM } }: Resource,
  image: string,
): Promise<{ readonly version: DnsVersion | undefined; readonly versionFrom: string }> {
  const tagged = versionOfImage(image)
  if (tagged !== undefined) return { version: tagged, versionFrom: `image ${image}` }
  const { items } = await api.list('Pod', { namespace, labels: DNS_LABEL })
  const pod = items.find(({ status }) => status?.phase === 'Running')?.metadata.name
  if (pod !== undefined)
    for (const { what, path, read } of SAYINGS) {
      const said = await api
        .within(5_000)
        .raw(`/api/v1/namespaces/${namespace}/pods/${pod}${path}`)
        .catch(() => '')
      const version = read(said)
      if (version !== undefined) return { version, versionFrom: `${what} of pod ${pod}` }
    }
  const pods = pod === undefined ? 'it has no running pod that would say it' : 'neither log nor metrics of its pods say it'
  return { version: undefined, versionFrom: `image ${image} has no version in its tag, and ${pods}` }
}

/** Where a running CoreDNS says its version: at the beginning of its log, and in its metrics, which not every API server reaches. */
const SAYINGS = [
  { what: 'log', path: '/log?limitBytes=8192', read: versionOfLog },
  { what: 'metrics', path: ':9153/proxy/metrics', read: versionOfMetrics },
] as const

async function readNodeLocal(api: KubeApi): Promise<MapText | undefined> {
  const sets = (await api.list('DaemonSet')).items.filter(({ metadata }) =>
    /^(node-local-dns|nodelocaldns|node-local-dns-cache)$/.test(metadata.name),
  )
  for (const { metadata, spec } of sets)
    for (const { name } of configMapsOf(spec?.template?.spec)) {
      const found = await mapText(api, { namespace: metadata.namespace ?? SYSTEM, name, key: 'Corefile' })
      if (found.text !== undefined) return found
    }
  return undefined
}

/** One text of a ConfigMap, with what is known of who keeps it. */
async function mapText(api: KubeApi, place: Pick<MapText, 'namespace' | 'name' | 'key'>): Promise<MapText> {
  const object = await orNone(api.get('ConfigMap', place.name, place.namespace))
  const { annotations = {} } = object?.metadata ?? {}
  const { [place.key]: text, ...others } = object?.data ?? {}
  return { ...place, text, others, isThere: object !== undefined, annotations, keeper: object && (await keeperOf(api, object)) }
}

/** Programs that have the ConfigMap in their keeping: by who wrote its data, else by their labels and annotations. */
async function keeperOf(api: KubeApi, { metadata }: ConfigMap): Promise<Keeper | undefined> {
  const { namespace = SYSTEM, name, labels = {}, annotations = {} } = metadata
  const maps = await listFound(api, { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }, { namespace }).catch(
    () => [],
  )
  const managed = maps.find((one) => one.metadata.name === name)?.managed ?? []
  if (managed.some(({ manager, fields }) => manager === 'eks' && isRecord(at(fields, 'f:data'))))
    return { kind: 'eks', name: 'the EKS addon coredns' }
  if (labels['addonmanager.kubernetes.io/mode'] === 'Reconcile') return { kind: 'other', name: 'the addon manager of the control plane' }
  if (labels['app.kubernetes.io/managed-by'] === 'Helm')
    return { kind: 'other', name: `Helm’s release ${annotations['meta.helm.sh/release-name'] ?? ''}`.trim() }
  if (annotations['argocd.argoproj.io/tracking-id'] !== undefined || labels['argocd.argoproj.io/instance'] !== undefined)
    return { kind: 'other', name: 'Argo CD' }
  if (labels['kustomize.toolkit.fluxcd.io/name'] !== undefined) return { kind: 'other', name: 'Flux' }
  if (annotations['objectset.rio.cattle.io/id'] !== undefined) return { kind: 'other', name: 'the k3s server' }
  return undefined
}

async function orNone<T>(call: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ApiError && (error.code === 404 || error.code === 403)) return undefined
    throw error
  }
}
