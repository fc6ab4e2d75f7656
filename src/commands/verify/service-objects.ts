// The services that verify exports for the test: before all servers of a cluster, one with an address and one headless.
import type { TriedKind } from '../../checks/services/tried.ts'
import { SERVICE_NAME, type ServiceExport, SOURCE_CLUSTER } from '../../model/mcs.ts'
import { NETTEST_PORT } from '../../model/nettest.ts'
import type { Service } from '../../model/resources.ts'
import { END_LABEL } from './pod-objects.ts'

export const KINDS: readonly TriedKind[] = ['address', 'headless']

/** Names differ between clusters: each service has one exporter, so that its own pods do not come first. `place` counts the clusters of the run. */
export const serviceName = (kind: TriedKind, place: number): string => `${kind}-${place}`

export function testService(kind: TriedKind, place: number, namespace: string): Service {
  const port = (protocol: 'TCP' | 'UDP') => ({ name: protocol.toLowerCase(), protocol, port: NETTEST_PORT, targetPort: NETTEST_PORT })
  const spec = {
    selector: { [END_LABEL]: 'server' },
    ports: [port('TCP'), port('UDP')],
    ...(kind === 'headless' && { clusterIP: 'None' }),
  }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: serviceName(kind, place), namespace }, spec }
}

export const testExport = (kind: TriedKind, place: number, namespace: string): ServiceExport => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceExport',
  metadata: { name: serviceName(kind, place), namespace },
})

/** EndpointSlices of an import. */
export const ofImport = (service: string): Readonly<Record<string, string>> => ({ [SERVICE_NAME]: service, [SOURCE_CLUSTER]: '' })
