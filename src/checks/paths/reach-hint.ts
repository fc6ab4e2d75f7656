// What to do where nodes do not reach other clusters: told by which of them do.
import { ROUTE_AGENT_WORKLOAD, sanitise } from '../../model/names.ts'
import { activeGateways, type Look } from '../look.ts'
import type { NodeProbe } from '../subject.ts'

interface Probed {
  readonly size: 'small' | 'large'
  readonly probes: readonly NodeProbe[]
  /** Those of the probes that lack an answer from somewhere. */
  readonly lacking: readonly NodeProbe[]
}

export function reachHint(namespace: string, seen: Look, { size, probes, lacking }: Probed): string {
  // Agents that say nothing have tried no path.
  if (lacking.length > 0 && lacking.every((probe) => 'silent' in probe))
    return `see why the route agent there does not answer: \`kubectl -n ${namespace} get pods -l app=${ROUTE_AGENT_WORKLOAD} -o wide\`, and \`kubectl describe\` its pod`
  if (size === 'large') return 'a smaller MTU on the way? Compare `ip link` of the gateways'
  const gateways = activeGateways(seen).map(({ metadata }) => metadata.name)
  const isGatewayWell = probes.some((probe) => gateways.includes(sanitise(probe.node)) && !lacking.includes(probe))
  return isGatewayWell
    ? `${gateways.join(', ')} reaches it: open UDP 4800 between the nodes of this cluster, and look at their packet filters`
    : 'run `subctl show connections` and `subctl show route-agents`'
}
