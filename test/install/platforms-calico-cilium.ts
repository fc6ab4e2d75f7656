// Objects of clusters with Calico or Cilium, cut down to what tells networks.
import { kubeProxy, NODE } from './platforms-others.ts'

const calicoNode = (namespace: string, env: string): string => `
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: calico-node
  namespace: ${namespace}
  labels: { k8s-app: calico-node }
spec:
  selector: { matchLabels: { k8s-app: calico-node } }
  updateStrategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 1 } }
  template:
    metadata: { labels: { k8s-app: calico-node } }
    spec:
      hostNetwork: true
      containers:
        - name: calico-node
          image: docker.io/calico/node:v3.30.3
          env:
            - { name: DATASTORE_TYPE, value: kubernetes }
            - { name: CALICO_NETWORKING_BACKEND, value: bird }
            - { name: FELIX_DEFAULTENDPOINTTOHOSTACTION, value: ACCEPT }
${env}
---
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: { name: default-ipv4-ippool }
spec:
  allowedUses: [Workload, Tunnel]
  blockSize: 26
  cidr: 192.168.0.0/16
  ipipMode: Always
  natOutgoing: true
  nodeSelector: all()
  vxlanMode: Never
`
const FELIX = `
apiVersion: crd.projectcalico.org/v1
kind: FelixConfiguration
metadata: { name: default }
spec: { bpfConnectTimeLoadBalancing: TCP, bpfEnabled: false, floatingIPs: Disabled, logSeverityScreen: Info, reportingInterval: 0s }
`
export const CALICO_MANIFEST = [NODE, calicoNode('kube-system', ''), FELIX, kubeProxy('mode: ipvs')].join('\n---\n')
export const CALICO_OPERATOR = [NODE, calicoNode('calico-system', ''), FELIX, kubeProxy('mode: ""')].join('\n---\n')
const BPF_ENV = '            - { name: FELIX_BPFENABLED, value: "true" }'
export const CALICO_BPF = [NODE, calicoNode('calico-system', BPF_ENV), kubeProxy('mode: iptables')].join('\n---\n')

export const CANAL = `${NODE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: canal, namespace: kube-system, labels: { k8s-app: canal } }
spec:
  selector: { matchLabels: { k8s-app: canal } }
  template:
    spec:
      containers:
        - name: calico-node
          env: [{ name: CALICO_NETWORKING_BACKEND, value: none }, { name: CLUSTER_TYPE, value: 'k8s,canal' }]
        - name: kube-flannel
          command: [/opt/bin/flanneld, --ip-masq, --kube-subnet-mgr]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: canal-config, namespace: kube-system }
data:
  canal_iface: ""
  masquerade: "true"
  typha_service_name: none
  net-conf.json: |
    {
      "Network": "10.244.0.0/16",
      "Backend": {
        "Type": "vxlan"
      }
    }
---
${kubeProxy('mode: ""')}`

const cilium = (namespace: string): string => `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: cilium, namespace: ${namespace}, labels: { k8s-app: cilium, app.kubernetes.io/part-of: cilium } }
spec:
  selector: { matchLabels: { k8s-app: cilium } }
  template:
    spec:
      hostNetwork: true
      containers: [{ name: cilium-agent, image: 'quay.io/cilium/cilium:v1.18.2', command: [cilium-agent], args: [--config-dir=/tmp/cilium/config-map] }]
`
const ciliumSettings = (namespace: string, replacement: string, ipam = 'cluster-pool'): string => `
apiVersion: v1
kind: ConfigMap
metadata: { name: cilium-config, namespace: ${namespace} }
data:
  cluster-name: default
  cluster-pool-ipv4-cidr: 10.0.0.0/8
  cluster-pool-ipv4-mask-size: "24"
  enable-bpf-masquerade: "false"
  enable-ipv4: "true"
  enable-ipv4-masquerade: "true"
  ipam: ${ipam}
  kube-proxy-replacement: "${replacement}"
  kube-proxy-replacement-healthz-bind-address: ""
  routing-mode: tunnel
  tunnel-protocol: vxlan
`
export const CILIUM = [NODE, cilium('kube-system'), ciliumSettings('kube-system', 'false'), kubeProxy('mode: ""')].join('\n---\n')
export const CILIUM_ALONE = [NODE, cilium('cilium'), ciliumSettings('cilium', 'true')].join('\n---\n')
export const AZURE_CILIUM = `
apiVersion: v1
kind: Node
metadata:
  name: aks-nodepool1-12345678-vmss000000
  labels: { kubernetes.azure.com/podnetwork-type: overlay, kubernetes.azure.com/ebpf-dataplane: cilium, kubernetes.io/os: linux }
spec: { podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24] }
status: { addresses: [{ type: InternalIP, address: 10.224.0.4 }] }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: azure-cns, namespace: kube-system, labels: { k8s-app: azure-cns } }
spec: { template: { spec: { containers: [{ name: cns-container, image: mcr.microsoft.com/containernetworking/azure-cns }] } } }
---${cilium('kube-system')}---${ciliumSettings('kube-system', 'true', 'delegated-plugin')}`
