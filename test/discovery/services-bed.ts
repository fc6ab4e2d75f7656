// Services of real clusters, and pods that ask for them by name: `subctl nettest` of our own image, in StatefulSets whose pods say who they are.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeApi } from '../../src/k8s/api.ts'
import { type EndpointSlice, SERVICE_NAME, SOURCE_CLUSTER } from '../../src/model/mcs.ts'
import { BROKER_NAMESPACE, NAMESPACE } from '../../src/model/names.ts'
import { parseIp } from '../../src/model/net.ts'
import { type AimResult, NETTEST_PORT, readResult, writeAim } from '../../src/model/nettest.ts'
import { type NameResult, readNameResult } from '../../src/model/nettest-name.ts'
import { type Bed, kubectl } from '../cluster/bed.ts'
import { linesOf, removeNettest, startNettest } from '../cluster/nettest-pods.ts'
import { apiOf } from '../lab/access.ts'
import { until } from '../lab/until.ts'

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as { readonly version: string }

export const SHOP = 'shop'
export const PORT = 80
export const ZONE = 'svc.clusterset.local'
/** A name of the clusterset: `web` is a service of the shop. */
export const nameOf = (service: string, prefix = ''): string => `${prefix}${service}.${SHOP}.${ZONE}`

export const on = (bed: Bed, cluster: string, ...args: readonly string[]): Promise<string> => kubectl(bed, ['--context', cluster, ...args])
export const apply = (bed: Bed, cluster: string, items: readonly object[]): Promise<string> =>
  kubectl(bed, ['--context', cluster, 'apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })

export const namespace = (name: string): object => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

/** Two pods that give back what they are sent, NAME-0 and NAME-1, one a node where there is room. */
export const servers = (name: string, app: string, service: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name, namespace: SHOP },
  spec: {
    serviceName: service,
    replicas: 2,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app } },
    template: {
      metadata: { labels: { app } },
      spec: {
        terminationGracePeriodSeconds: 0,
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app } },
          },
        ],
        containers: [{ name: 'main', image: `localhost/subctl:${version}`, args: ['nettest', 'server'] }],
      },
    },
  },
})

export const service = (name: string, app: string, spec: object = {}, where = SHOP): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: where },
  spec: { selector: { app }, ports: [{ name: 'http', protocol: 'TCP', port: PORT, targetPort: NETTEST_PORT }], ...spec },
})

/** Has a server's pod ask its own DNS. */
export async function ask(bed: Bed, cluster: string, names: readonly string[]): Promise<ReadonlyMap<string, NameResult>> {
  const lines = await client(
    bed,
    cluster,
    names.flatMap((name) => ['--ask', name]),
  )
  return new Map(lines.flatMap((line) => readNameResult(line) ?? []).map((result) => [result.ask, result]))
}
/** What the name answers: addresses or targets, or the code that there is in their place. */
export async function answerOf(bed: Bed, cluster: string, name: string): Promise<readonly string[]> {
  const result = (await ask(bed, cluster, [name])).get(name)
  return result?.answers ?? [result?.code ?? 'nothing']
}

/** Has a pod, by default a server's, fetch from addresses, in turn and so many times each; gives who answered. */
export async function fetch(
  bed: Bed,
  cluster: string,
  ips: readonly string[],
  { port = PORT, times = 1, patience = '10s', from = `web-${cluster}-0` } = {},
): Promise<readonly AimResult[]> {
  const aims = ips.flatMap((ip) => Array.from({ length: times }, () => writeAim({ protocol: 'tcp', ip: parseIp(ip), port, bytes: 1000 })))
  const lines = await client(bed, cluster, ['--patience', patience, ...aims.flatMap((aim) => ['--aim', aim])], from)
  return lines.flatMap((line) => readResult(line) ?? [])
}
/** Names of the pods that answered, each once. */
export const whoOf = (results: readonly AimResult[]): readonly string[] =>
  [...new Set(results.map(({ ok, name, message }) => (ok ? (name ?? '') : `${message}`)))].sort()

const client = async (bed: Bed, cluster: string, args: readonly string[], from = `web-${cluster}-0`): Promise<readonly string[]> =>
  (await on(bed, cluster, '-n', SHOP, 'exec', from, '--', 'subctl', 'nettest', 'client', ...args)).trim().split('\n')

/** Addresses of pods, by the pods' names. */
export async function podIps(bed: Bed, cluster: string, app: string): Promise<readonly string[]> {
  const { items } = JSON.parse(await on(bed, cluster, '-n', SHOP, 'get', 'pods', '-l', `app=${app}`, '-o', 'json')) as {
    readonly items: readonly { readonly metadata: { readonly name: string }; readonly status: { readonly podIP?: string } }[]
  }
  return [...items].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).map(({ status }) => status.podIP ?? '')
}

/** EndpointSlices of an import that are of one cluster. */
export const slicesOf = async (api: KubeApi, imported: string, cluster: string): Promise<readonly EndpointSlice[]> =>
  (await api.list('EndpointSlice', { namespace: SHOP, labels: { [SERVICE_NAME]: imported, [SOURCE_CLUSTER]: cluster } })).items

export const readyOf = (slices: readonly EndpointSlice[]): readonly string[] =>
  slices.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses, conditions }) => (conditions?.ready === false ? [] : addresses))).sort()

export const vipOf = async (api: KubeApi, name: string, where = SHOP): Promise<string> =>
  (await api.get('ServiceImport', name, where))?.spec.ips?.[0] ?? ''

/** Both have web; west has a queue for itself, east a db, and one service of each type. */
export async function furnish(bed: Bed): Promise<void> {
  const headless = { clusterIP: 'None' }
  const each = (cluster: string): readonly object[] => [namespace(SHOP), servers(`web-${cluster}`, 'web', 'web'), service('web', 'web')]
  await apply(bed, 'west', [...each('west'), servers('queue', 'queue', 'queue'), service('queue', 'queue', headless)])
  await apply(bed, 'east', [
    ...[...each('east'), servers('db', 'db', 'db'), service('db', 'db', headless)],
    ...[service('node', 'web', { type: 'NodePort' }), service('lb', 'web', { type: 'LoadBalancer' })],
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'ext', namespace: SHOP },
      spec: { type: 'ExternalName', externalName: 'example.com' },
    },
  ])
  for (const [cluster, sets] of Object.entries({ west: ['web-west', 'queue'], east: ['web-east', 'db'] }))
    for (const name of sets) await on(bed, cluster, '-n', SHOP, 'rollout', 'status', `statefulset/${name}`, '--timeout=120s')
}

/** Which backends the address of a service has in a cluster. */
export async function balance(bed: Bed, cluster: string, way: string): Promise<void> {
  const args = ['discovery', '--metrics-listen', ':8082', '--balance', way]
  const patch = { spec: { template: { spec: { containers: [{ name: 'discovery', args }] } } } }
  await on(bed, cluster, '-n', NAMESPACE, 'patch', 'deployment', 'submariner-discovery', '-p', JSON.stringify(patch))
  await on(bed, cluster, '-n', NAMESPACE, 'rollout', 'status', 'deployment/submariner-discovery', '--timeout=120s')
}

/** Whatever there is of a service of east on the broker and in west. */
export async function tracesOf(bed: Bed, name: string): Promise<readonly string[]> {
  const broker = await apiOf(bed, 'broker')
  const [imports, slices, west] = await Promise.all([
    broker.list('ServiceImport', { namespace: BROKER_NAMESPACE }),
    broker.list('EndpointSlice', { namespace: BROKER_NAMESPACE }),
    on(bed, 'west', '-n', SHOP, 'get', 'serviceimports,endpointslices,services', '-o', 'json'),
  ])
  const { items } = JSON.parse(west) as { readonly items: readonly object[] }
  return [...imports.items, ...slices.items, ...items].map((one) => JSON.stringify(one)).filter((text) => text.includes(`"${name}"`))
}

export interface Watch extends AsyncDisposable {
  /** What the name answered last, and when it began to. */
  last(): Promise<{ readonly answer: string; readonly atMs: number }>
}
/** A pod on a node of west that asks for a name ten times a second. */
export async function watchName(bed: Bed, name: string): Promise<Watch> {
  const pod = await startNettest(bed, 'west-w1', 'watch', ['client', '--repeat', '100ms', '--ask', name])
  const last: Watch['last'] = async () => {
    const line = (await on(bed, 'west', 'logs', pod.name, '--timestamps', '--tail=1')).trim()
    const [at = '', text = ''] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]
    const result = readNameResult(text)
    return { answer: result?.answers?.join() ?? result?.code ?? '', atMs: Date.parse(at) }
  }
  await until('it asks', async () => (await linesOf(bed, pod, 1))[0] !== '')
  return {
    last,
    async [Symbol.asyncDispose]() {
      await removeNettest(bed, pod)
    },
  }
}
