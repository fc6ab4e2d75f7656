import type { KubeApi } from '../../src/k8s/api.ts'

export interface MadeNode {
  readonly name: string
  readonly address: string
  readonly podCidr: string
  readonly labels?: Readonly<Record<string, string>>
}

/** Makes a ready Node as a kubelet and its cloud would. */
export async function makeNode(api: KubeApi, { name, address, podCidr, labels = {} }: MadeNode): Promise<void> {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
  }
  const made = await api.create(node)
  await api.replaceStatus({
    ...made,
    ...{ status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'True' }] } },
  })
}
