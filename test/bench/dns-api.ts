// As much of a Kubernetes API as DNS servers read, with services of three clusters that never change: lists by pages, and watches that say nothing.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type KeyPair, makeAuthority, makeServerCertificate } from '../../src/apiserver/tls/certificates.ts'

export interface DnsApi extends AsyncDisposable {
  readonly port: number
  /** PEM of the authority that its certificate is of; undefined where it has none. */
  readonly ca: string | undefined
}

export const CLUSTERS = ['east', 'north', 'south'] as const
const VERSION = '1000'

export const nameOfService = (i: number): string => `service-${i}`
export const NAMESPACE = 'shop'

/** The API of the cluster west, on loopback, into which so many services of three others are imported. Whoever asks is answered. */
export async function openDnsApi(services: number, scheme: 'http' | 'https'): Promise<DnsApi> {
  const lists = listsOf(services)
  const authority = scheme === 'https' ? await makeAuthority(Date.now()) : undefined
  const listener = (request: IncomingMessage, response: ServerResponse): void => answer(lists, request, response)
  const server = authority === undefined ? createServer(listener) : createTlsServer(await certificateOf(authority), listener)
  server.listen(0, '127.0.0.1')
  await new Promise((settle) => server.once('listening', settle))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    ca: authority?.cert,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((settle) => server.close(settle))
    },
  }
}

const certificateOf = (authority: KeyPair): Promise<KeyPair> => makeServerCertificate(authority, ['127.0.0.1'], Date.now())

interface List {
  readonly apiVersion: string
  readonly kind: string
  readonly items: readonly object[]
}
type Lists = Readonly<Record<string, List>>

function listsOf(services: number): Lists {
  const all = Array.from({ length: services }, (_, i) => i)
  const mcs = (version: string): List => ({
    apiVersion: `multicluster.x-k8s.io/${version}`,
    kind: 'ServiceImport',
    // CoreDNS knows a service by its clusterset address alone; ours answers with one cluster's, in turn.
    items: all.map((i) => importOf(i, version === 'v1alpha1')),
  })
  const slices = all.flatMap((i) => CLUSTERS.map((cluster, of) => sliceOf(i, cluster, of)))
  const none = (apiVersion: string, kind: string): List => ({ apiVersion, kind, items: [] })
  return {
    '/apis/multicluster.x-k8s.io/v1alpha1/serviceimports': mcs('v1alpha1'),
    '/apis/multicluster.x-k8s.io/v1beta1/serviceimports': mcs('v1beta1'),
    '/apis/discovery.k8s.io/v1/endpointslices': { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', items: slices },
    '/apis/submariner.io/v1/namespaces/submariner/gateways': none('submariner.io/v1', 'Gateway'),
    '/api/v1/services': none('v1', 'Service'),
    '/api/v1/namespaces': { apiVersion: 'v1', kind: 'Namespace', items: [{ metadata: metadata(NAMESPACE, {}) }] },
  }
}

const metadata = (name: string, labels: object): object => ({
  name,
  uid: `00000000-0000-4000-8000-${name}`,
  resourceVersion: VERSION,
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
  managedFields: [
    { manager: 'subctl', operation: 'Apply', apiVersion: 'v1', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: {} },
  ],
})
const ports = [{ name: 'http', protocol: 'TCP', port: 80 }]

const importOf = (i: number, hasIps: boolean): object => ({
  metadata: { ...metadata(nameOfService(i), { 'submariner.io/imported': 'true' }), namespace: NAMESPACE },
  spec: { type: 'ClusterSetIP', ports, ...(hasIps && { ips: [`100.1.${i >> 8}.${i & 255}`] }) },
  status: { clusters: CLUSTERS.map((cluster) => ({ cluster })) },
})
const sliceOf = (i: number, cluster: string, of: number): object => ({
  metadata: {
    ...metadata(`${nameOfService(i)}-${of}abc`, {
      'multicluster.kubernetes.io/service-name': nameOfService(i),
      'multicluster.kubernetes.io/source-cluster': cluster,
      'endpointslice.kubernetes.io/managed-by': 'lighthouse-agent.submariner.io',
      'lighthouse.submariner.io/is-headless': 'false',
      'lighthouse.submariner.io/sourceNamespace': NAMESPACE,
    }),
    namespace: NAMESPACE,
  },
  addressType: 'IPv4',
  endpoints: [{ addresses: [`100.${of + 2}.${i >> 8}.${i & 255}`], conditions: { ready: true } }],
  ports,
})

function answer(lists: Lists, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const list = lists[pathname]
  const send = (status: number, body: object): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (pathname === '/version') return void send(200, { major: '1', minor: '34', gitVersion: 'v1.34.0' })
  if (list === undefined) return void send(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 })
  if (searchParams.get('sendInitialEvents') === 'true')
    return void send(422, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code: 422 })
  if (['true', '1'].includes(searchParams.get('watch') ?? '')) {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    return
  }
  const from = Number(searchParams.get('continue') ?? 0)
  const limit = Number(searchParams.get('limit') ?? 0) || list.items.length
  const items = list.items.slice(from, from + limit)
  const next = from + limit < list.items.length ? String(from + limit) : undefined
  const { apiVersion, kind } = list
  send(200, { apiVersion, kind: `${kind}List`, metadata: { resourceVersion: VERSION, continue: next }, items })
}
