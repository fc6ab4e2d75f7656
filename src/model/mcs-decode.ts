// What clusters share of their services on the broker, hostile until it has passed here. Unknown fields are left out.
import {
  array,
  boolean,
  enum as choice,
  exactOptional,
  literal,
  maximum,
  maxLength,
  minimum,
  minLength,
  number,
  object,
  record,
  refine,
  regex,
  string,
} from 'zod/mini'
import { type Decoded, decode, ip, metadata, plain, refuse } from './decode.ts'
import {
  type EndpointSlice,
  IS_HEADLESS,
  SERVICE_NAME,
  type ServiceExport,
  type ServiceImport,
  SOURCE_CLUSTER,
  SOURCE_NAMESPACE,
} from './mcs.ts'
import { CLUSTER_LABEL, isLabel } from './names.ts'

const MOST_PORTS = 100
const MOST_BACKENDS = 1000
const MOST_CLUSTERS = 1000
const MOST_EXPORTED = 64
const MOST_TEXT = 253

const text = () => string('must be text').check(maxLength(MOST_TEXT, `is longer than ${MOST_TEXT} characters`))
const label = () => string('must be text').check(refine(isLabel, 'is not a DNS label'))
const protocol = () => choice(['TCP', 'UDP', 'SCTP'], 'must be TCP, UDP or SCTP')
const port = () => number('must be a number').check(minimum(1, 'is not a port'), maximum(65535, 'is not a port'))
const appProtocol = () => plain(/^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/, 'the name of a protocol')
const portName = () => string('must be text').check(refine((name) => name === '' || isLabel(name), 'is not a DNS label'))

const servicePort = object(
  { name: exactOptional(portName()), protocol: exactOptional(protocol()), appProtocol: exactOptional(appProtocol()), port: port() },
  'must be an object',
)
const affinityConfig = object(
  {
    clientIP: exactOptional(
      object({
        timeoutSeconds: exactOptional(number('must be a number').check(minimum(1, 'is too short'), maximum(86400, 'is longer than a day'))),
      }),
    ),
  },
  'must be an object',
)

/** ServiceImport.spec; a test compares it with the CRD. */
export const ServiceImportSchema = object(
  {
    ports: array(servicePort, 'must be a list').check(maxLength(MOST_PORTS, `has more than ${MOST_PORTS} ports`)),
    ips: exactOptional(array(ip(), 'must be a list').check(maxLength(2, 'has more than 2 addresses'))),
    type: choice(['ClusterSetIP', 'Headless'], 'must be ClusterSetIP or Headless'),
    sessionAffinity: exactOptional(choice(['None', 'ClientIP', ''], 'must be None or ClientIP')),
    sessionAffinityConfig: exactOptional(affinityConfig),
    ipFamilies: exactOptional(array(choice(['IPv4', 'IPv6'], 'must be IPv4 or IPv6')).check(maxLength(2, 'has more than 2 families'))),
    internalTrafficPolicy: exactOptional(choice(['Cluster', 'Local'], 'must be Cluster or Local')),
    trafficDistribution: exactOptional(plain(/^[A-Za-z]+$/, 'a word')),
  },
  'must be an object',
)
/** ServiceImport.status, but for its conditions; a test compares it with the CRD. */
export const ServiceImportStatusSchema = object({
  endpointSliceObjects: exactOptional(choice(['Present', 'Absent'])),
  clusters: exactOptional(array(object({ cluster: label() }), 'must be a list').check(maxLength(MOST_CLUSTERS, 'is too long'))),
})

const exported = () =>
  record(string(), text(), 'must be a table of texts').check(
    refine((table) => Object.keys(table).length <= MOST_EXPORTED, `has more than ${MOST_EXPORTED} entries`),
  )
/** ServiceExport.spec; a test compares it with the CRD. */
export const ServiceExportSchema = object(
  { exportedLabels: exactOptional(exported()), exportedAnnotations: exactOptional(exported()) },
  'must be an object',
)

const group = literal('multicluster.x-k8s.io/v1beta1', 'must be multicluster.x-k8s.io/v1beta1')
const importResource = object({
  apiVersion: group,
  kind: literal('ServiceImport'),
  metadata,
  spec: ServiceImportSchema,
  status: exactOptional(ServiceImportStatusSchema),
})
const exportResource = object({
  apiVersion: group,
  kind: literal('ServiceExport'),
  metadata,
  spec: exactOptional(ServiceExportSchema),
})

const backend = object(
  {
    addresses: array(ip(), 'must be a list').check(minLength(1, 'is empty'), maxLength(100, 'is too long')),
    conditions: exactOptional(
      object(
        { ready: exactOptional(boolean()), serving: exactOptional(boolean()), terminating: exactOptional(boolean()) },
        'must be an object',
      ),
    ),
    hostname: exactOptional(label()),
    targetRef: exactOptional(
      object({
        kind: exactOptional(plain(/^[A-Za-z]+$/, 'a kind')),
        name: exactOptional(string().check(maxLength(MOST_TEXT), regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'is not a name'))),
        namespace: exactOptional(label()),
      }),
    ),
  },
  'must be an object',
)
const sliceResource = object({
  apiVersion: literal('discovery.k8s.io/v1', 'must be discovery.k8s.io/v1'),
  kind: literal('EndpointSlice'),
  metadata,
  addressType: choice(['IPv4', 'IPv6', 'FQDN'], 'must be IPv4, IPv6 or FQDN'),
  endpoints: array(backend, 'must be a list').check(maxLength(MOST_BACKENDS, `has more than ${MOST_BACKENDS} endpoints`)),
  ports: exactOptional(
    array(
      object({
        name: exactOptional(portName()),
        protocol: exactOptional(protocol()),
        port: exactOptional(port()),
        appProtocol: exactOptional(appProtocol()),
      }),
      'must be a list',
    ).check(maxLength(MOST_PORTS, `has more than ${MOST_PORTS} ports`)),
  ),
})

/** The field of a table in which something that others share says what it is of, and why it cannot be; undefined where it says it well. */
function misnamed(
  table: Readonly<Record<string, string>> | undefined,
  keys: readonly string[],
): readonly [key: string, why: string] | undefined {
  const wrong = keys.find((key) => !isLabel(table?.[key] ?? ''))
  return wrong === undefined ? undefined : [wrong, table?.[wrong] === undefined ? 'is missing' : 'is not a DNS label']
}
const OF_ONE_CLUSTER = [CLUSTER_LABEL, SOURCE_CLUSTER, SERVICE_NAME, SOURCE_NAMESPACE]

function labelled<T extends ServiceImport | EndpointSlice>(kind: string, input: unknown, decoded: Decoded<T>): Decoded<T> {
  if (!decoded.ok) return decoded
  const { labels } = decoded.value.metadata
  const wrong = misnamed(labels, OF_ONE_CLUSTER)
  if (wrong !== undefined) return refuse(kind, input, `metadata.labels["${wrong[0]}"]`, wrong[1])
  if (labels?.[CLUSTER_LABEL] === labels?.[SOURCE_CLUSTER]) return decoded
  return refuse(kind, input, `metadata.labels["${SOURCE_CLUSTER}"]`, `is not ${labels?.[CLUSTER_LABEL]}, which has written it`)
}

/** A ServiceImport of the broker that one cluster has written of its own export: its labels say which. */
export const decodeClusterImport = (input: unknown): Decoded<ServiceImport> =>
  labelled('ServiceImport', input, decode('ServiceImport', importResource, withPorts(input)))

/** The ServiceImport of the broker that all who export a service share: its annotations say which. */
export function decodeSharedImport(input: unknown): Decoded<ServiceImport> {
  const decoded: Decoded<ServiceImport> = decode('ServiceImport', importResource, withPorts(input))
  if (!decoded.ok) return decoded
  const { name, annotations } = decoded.value.metadata
  const wrong = misnamed(annotations, [SERVICE_NAME, SOURCE_NAMESPACE])
  if (wrong !== undefined) return refuse('ServiceImport', input, `metadata.annotations["${wrong[0]}"]`, wrong[1])
  const expected = `${annotations?.[SERVICE_NAME]}-${annotations?.[SOURCE_NAMESPACE]}`
  return name === expected ? decoded : refuse('ServiceImport', input, 'metadata.name', `must be ${expected}`)
}

/** One without ports may say null where the list belongs. */
const withPorts = (input: unknown): unknown =>
  isRecord(input) && isRecord(input.spec) && input.spec.ports === null ? { ...input, spec: { ...input.spec, ports: [] } } : input
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** An EndpointSlice of the broker. One without backends may say null where the list belongs. */
export function decodeSlice(input: unknown): Decoded<EndpointSlice> {
  const decoded = labelled('EndpointSlice', input, decode('EndpointSlice', sliceResource, withLists(input)))
  if (!decoded.ok || /^(true|false)$/.test(decoded.value.metadata.labels?.[IS_HEADLESS] ?? '')) return decoded
  return refuse('EndpointSlice', input, `metadata.labels["${IS_HEADLESS}"]`, 'must be true or false')
}
const withLists = (input: unknown): unknown =>
  typeof input === 'object' && input !== null && 'endpoints' in input && 'metadata' in input
    ? { ...input, endpoints: input.endpoints ?? [], ports: 'ports' in input ? (input.ports ?? []) : [] }
    : input

/** A ServiceExport of this cluster: people write it. */
export const decodeExport = (input: unknown): Decoded<ServiceExport> => decode('ServiceExport', exportResource, input)
