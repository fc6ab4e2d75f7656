// What a person does where we change nothing.
import { clusterBlock, readCorefile } from './corefile.ts'
import type { DnsFacts } from './facts.ts'
import { forwardBlock } from './zone-blocks.ts'

/** The steps, as lines. */
export function byHand({ server }: DnsFacts, zones: readonly string[], address: string): readonly string[] {
  const names = zones.join(' and ')
  if (server.kind === 'coredns') {
    const read = readCorefile(server.corefile?.text ?? '')
    const main = read && clusterBlock(read)
    const where = server.custom ?? server.corefile
    const block =
      main === undefined
        ? `${zones.map((zone) => `${zone}:53`).join(' ')} {\n    forward . ${address}\n}`
        : forwardBlock(zones, main, address)
    return [
      `To have ${names} answered: join with --dns auto or --dns own, or forward it yourself, in ConfigMap ${where?.namespace ?? 'kube-system'}/${where?.name ?? 'coredns'}:`,
      ...block.split('\n').map((line) => `  ${line}`),
    ]
  }
  if (server.kind === 'kube-dns')
    return [
      `To have ${names} answered: forward it to ${address}, in stubDomains of ConfigMap ${server.stubs.namespace}/${server.stubs.name}`,
    ]
  if (server.kind === 'openshift')
    return [`To have ${names} answered: forward it to ${address}, in spec.servers: oc edit dns.operator/default`]
  return [`To have ${names} answered: forward it to ${address} in the cluster’s DNS`]
}
