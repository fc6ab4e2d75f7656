// Clusters as their distributions make them: objects cut down from the manifests that each project publishes, fields as they stand there.
import { describe, expect, it } from '@jest/globals'
import { networksOf } from '../../src/install/networks/discover.ts'
import { platformOf } from '../../src/install/networks/platform.ts'
import type { Seen } from '../../src/install/networks/seen.ts'
import { parseObjects } from '../../src/k8s/yaml.ts'
import type { ConfigMap, Node, Pod, Resource } from '../../src/model/resources.ts'
import { AZURE_CILIUM, CALICO_BPF, CALICO_MANIFEST, CALICO_OPERATOR, CANAL, CILIUM, CILIUM_ALONE } from './platforms-calico-cilium.ts'
import { EKS, FLANNEL, GKE, K3S, KIND, KUBE_OVN, KUBEADM_IPVS, KUBEADM_NFTABLES, OVN_KUBERNETES, WEAVE } from './platforms-others.ts'

/** What `readSeen` would make of these objects. */
function seenIn(text: string): Seen {
  const objects = parseObjects(text)
  const of = <R extends Resource>(kind: string): readonly R[] => objects.filter((object) => object.kind === kind) as unknown as readonly R[]
  const [felix] = of('FelixConfiguration')
  return {
    uid: 'u-1',
    version: 'v1.34.4',
    nodes: of<Node>('Node'),
    daemonSets: of('DaemonSet'),
    controlPods: of<Pod>('Pod'),
    configMaps: new Map(of<ConfigMap>('ConfigMap').map((map) => [`${map.metadata.namespace}/${map.metadata.name}`, map])),
    serviceCidrs: [],
    ipPools: of('IPPool'),
    ...(felix !== undefined && { felix }),
    apiAddresses: [],
    serviceHint: 'the provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/12',
  }
}

interface Row {
  readonly name: string
  readonly text: string
  readonly cni: string
  readonly proxy: string
  readonly pods: string
  readonly refused?: RegExp
}
const ROWS: readonly Row[] = [
  { name: 'flannel by its manifest, on kubeadm', text: FLANNEL, cni: 'flannel', proxy: 'iptables', pods: '10.244.0.0/16' },
  { name: 'k3s', text: K3S, cni: 'flannel', proxy: 'iptables', pods: '10.42.0.0/16' },
  { name: 'kind', text: KIND, cni: 'kindnet', proxy: 'iptables', pods: '10.244.0.0/16' },
  { name: 'Calico by its manifest', text: CALICO_MANIFEST, cni: 'calico', proxy: 'ipvs', pods: '192.168.0.0/16' },
  { name: 'Calico by its operator', text: CALICO_OPERATOR, cni: 'calico', proxy: 'iptables', pods: '192.168.0.0/16' },
  {
    name: 'Calico with eBPF by its environment',
    text: CALICO_BPF,
    cni: 'calico',
    proxy: 'none',
    pods: '192.168.0.0/16',
    refused: /Calico’s eBPF/,
  },
  { name: 'Canal', text: CANAL, cni: 'canal', proxy: 'iptables', pods: '10.244.0.0/16' },
  { name: 'Cilium beside kube-proxy', text: CILIUM, cni: 'cilium', proxy: 'iptables', pods: '10.0.0.0/8' },
  {
    name: 'Cilium in place of kube-proxy, in a namespace of its own',
    text: CILIUM_ALONE,
    cni: 'cilium',
    proxy: 'none',
    pods: '10.0.0.0/8',
    refused: /Cilium in place of kube-proxy/,
  },
  {
    name: 'AKS with Cilium as its data path',
    text: AZURE_CILIUM,
    cni: 'azure',
    proxy: 'none',
    pods: '10.244.0.0/16',
    refused: /Cilium in place of kube-proxy/,
  },
  { name: 'Weave', text: WEAVE, cni: 'weave', proxy: 'iptables', pods: '10.32.0.0/12' },
  { name: 'OVN-Kubernetes', text: OVN_KUBERNETES, cni: 'ovn-kubernetes', proxy: 'none', pods: '10.244.0.0/16', refused: /Open vSwitch/ },
  { name: 'Kube-OVN, which is not OVN-Kubernetes', text: KUBE_OVN, cni: 'kube-ovn', proxy: 'ipvs', pods: '10.16.0.0/16' },
  { name: 'EKS with kube-proxy in ipvs mode', text: EKS, cni: 'aws', proxy: 'ipvs', pods: '10.0.0.0/16' },
  { name: 'GKE, whose kube-proxy is a pod of the node’s own', text: GKE, cni: 'gke', proxy: 'iptables', pods: '10.4.0.0/14' },
  { name: 'kubeadm with ipvs and no CNI that is known', text: KUBEADM_IPVS, cni: 'generic', proxy: 'ipvs', pods: '10.244.0.0/16' },
  {
    name: 'kubeadm with nftables and no CNI that is known',
    text: KUBEADM_NFTABLES,
    cni: 'generic',
    proxy: 'nftables',
    pods: '10.244.0.0/16',
  },
]

describe('what a cluster runs is told by its objects', () => {
  it.each(ROWS)('$name', ({ text, cni, proxy, pods, refused }) => {
    const seen = seenIn(text)
    const found = networksOf(seen)
    const { refusal, notes } = platformOf(seen, found.cni, found.proxy)
    expect([found.cni.value, found.proxy.value, found.pods.value.join()]).toEqual([cni, proxy, pods])
    if (refused === undefined) expect(refusal).toBeUndefined()
    else expect(refusal).toMatch(refused)
    // One line each, for people.
    for (const line of [found.cni.source, found.proxy.source, ...notes]) expect(line).toMatch(/^[^\n]{5,}$/)
  })

  it('settings that an older Cilium left behind refuse nothing', () => {
    const left = CILIUM_ALONE.split(/^---$/m).filter((part) => !part.includes('kind: DaemonSet'))
    const seen = seenIn([FLANNEL, ...left].join('\n---\n'))
    const found = networksOf(seen)
    expect(found.cni.value).toBe('flannel')
    expect(platformOf(seen, found.cni, found.proxy).refusal).toBeUndefined()
  })

  it('Calico’s environment counts more than its FelixConfiguration', () => {
    const seen = seenIn(CALICO_BPF.replace('value: "true"', 'value: "false"').concat('\n---\n', FELIX_BPF))
    expect(networksOf(seen).proxy.value).toBe('iptables')
    expect(networksOf(seenIn(CALICO_OPERATOR.replace(/bpfEnabled: false/, 'bpfEnabled: true'))).proxy.value).toBe('none')
  })
})

const FELIX_BPF = `
apiVersion: crd.projectcalico.org/v1
kind: FelixConfiguration
metadata: { name: default }
spec: { bpfEnabled: true }
`
