import { activeGateways, type Look } from '../../checks/look.ts'
import { isOf } from '../../checks/paths/gateways.ts'
import type { PodRole } from '../../checks/pods/pod-findings.ts'
import { GATEWAY_LABEL } from '../../model/names.ts'
import type { Node } from '../../model/resources.ts'

/** The nodes of a cluster from which and to which pods talk: that of the active gateway, and one that is no gateway, where there is one. */
export function podNodes(look: Look): readonly { readonly node: string; readonly role: PodRole }[] {
  const ready = look.nodes.filter(isUp)
  const active = activeGateways(look)[0]
  const labelled = ready.filter(({ metadata }) => metadata.labels?.[GATEWAY_LABEL] === 'true')
  const gateway = ready.find((node) => active !== undefined && isOf(active, node)) ?? labelled[0]
  const worker = ready.find((node) => node !== gateway && !labelled.includes(node)) ?? ready.find((node) => node !== gateway)
  return [
    ...(gateway === undefined ? [] : [{ node: gateway.metadata.name, role: 'gateway' as const }]),
    ...(worker === undefined ? [] : [{ node: worker.metadata.name, role: 'worker' as const }]),
  ]
}

/** A node that says nothing of being ready, as outside a real cluster, counts as up. */
const isUp = ({ status }: Node): boolean => {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready === undefined || ready.status === 'True'
}
