// Exports as objects of the broker, in the form that upstream's Lighthouse writes and reads.
import { canonical } from '../../model/canonical.ts'
import {
  type EndpointSlice,
  EXPORTED_ANNOTATIONS,
  EXPORTED_LABELS,
  IS_HEADLESS,
  LIGHTHOUSE,
  MANAGED_BY,
  ORIGINATING_NAMESPACE,
  PUBLISH_NOT_READY,
  SERVICE_NAME,
  type ServiceImport,
  SOURCE_CLUSTER,
  SOURCE_NAME,
  SOURCE_NAMESPACE,
  TIMESTAMP_PREFIX,
  USE_CLUSTERSET_IP,
} from '../../model/mcs.ts'
import { CLUSTER_LABEL } from '../../model/names.ts'
import type { Meta } from '../../model/resources.ts'
import { sha256 } from '../../system/digest.ts'
import { type ServiceKey, type Share, type Slice, specOf } from '../service/share.ts'

/** Ten characters that no two texts share, for the end of a name; the first is a letter. */
export const mark = (...parts: readonly string[]): string => `x${sha256(parts.join('\n')).slice(0, 10)}`

/** Who writes, and a text that nobody else knows, so that no other member can take the names of objects to come: the ServiceExport's uid. */
export interface Writer {
  readonly brokerNamespace: string
  readonly salt: string
}

/** UnixNano in decimal. One that is not known is younger than all. */
export const timestampText = (since: number): string => (Number.isFinite(since) ? BigInt(since).toString() : (2n ** 63n - 2n).toString())
/** Infinity for any other text. */
export const readTimestamp = (text: string | undefined): number =>
  text !== undefined && /^[1-9]\d{0,18}$/.test(text) && text !== timestampText(Number.POSITIVE_INFINITY)
    ? Number(text)
    : Number.POSITIVE_INFINITY

const identity = ({ cluster, name, namespace }: Share): Record<string, string> => ({
  [CLUSTER_LABEL]: cluster,
  [SOURCE_CLUSTER]: cluster,
  [SERVICE_NAME]: name,
  [SOURCE_NAMESPACE]: namespace,
})
const tableOf = (key: string, table: Readonly<Record<string, string>>): Record<string, string> =>
  Object.keys(table).length === 0 ? {} : { [key]: canonical(table) }

/** The export's own ServiceImport, which its cluster alone may write. */
export const clusterImport = (share: Share, { brokerNamespace, salt }: Writer): ServiceImport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: {
    name: `${share.name}-${share.namespace}-${share.cluster}-${mark(salt)}`,
    namespace: brokerNamespace,
    labels: identity(share),
    annotations: {
      [`${TIMESTAMP_PREFIX}${share.cluster}`]: timestampText(share.since),
      [PUBLISH_NOT_READY]: String(share.publishNotReady),
      ...tableOf(EXPORTED_LABELS, share.labels),
      ...tableOf(EXPORTED_ANNOTATIONS, share.annotations),
    },
  },
  spec: specOf(share),
})

/** The export's EndpointSlices. Their names end in no cluster's id. */
export const wireSlices = (share: Share, writer: Writer): readonly EndpointSlice[] =>
  share.slices.map((slice) => wireSlice(share, slice, writer))

function wireSlice(share: Share, { id, ports, backends }: Slice, { brokerNamespace, salt }: Writer): EndpointSlice {
  const isHeadless = share.type === 'Headless'
  const labels = {
    ...identity(share),
    [IS_HEADLESS]: String(isHeadless),
    [MANAGED_BY]: LIGHTHOUSE,
    [ORIGINATING_NAMESPACE]: share.namespace,
    ...(isHeadless && id.length <= 63 && { [SOURCE_NAME]: id }),
  }
  const metadata: Meta = {
    name: `${share.name}-${mark(salt, id)}`,
    namespace: brokerNamespace,
    labels,
    annotations: { [PUBLISH_NOT_READY]: String(share.publishNotReady) },
  }
  // Upstream's DNS server needs the name, the protocol and the number of each port.
  const whole = ports.flatMap(({ name = '', protocol = 'TCP', port, appProtocol }) =>
    port === undefined ? [] : [{ name, protocol, port, ...(appProtocol !== undefined && { appProtocol }) }],
  )
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', endpoints: backends, ports: whole }
}

export const sharedName = ({ name, namespace }: ServiceKey): string => `${name}-${namespace}`

/** The ServiceImport that all who export the service share, as its first exporter makes it. */
export const sharedImport = (share: Share, brokerNamespace: string): ServiceImport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: {
    name: sharedName(share),
    namespace: brokerNamespace,
    annotations: { [SERVICE_NAME]: share.name, [SOURCE_NAMESPACE]: share.namespace, ...ownAnnotations(share) },
  },
  spec: { ...specOf(share), ports: [] },
  status: { clusters: [{ cluster: share.cluster }] },
})

/** What a cluster says of itself there. */
export const ownAnnotations = (share: Share): Record<string, string> => ({
  [`${TIMESTAMP_PREFIX}${share.cluster}`]: timestampText(share.since),
  ...(share.type === 'ClusterSetIP' && { [USE_CLUSTERSET_IP]: 'false' }),
})
