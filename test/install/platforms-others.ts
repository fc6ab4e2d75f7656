// Objects of clusters as their distributions make them, cut down to what tells networks.

export const NODE = `
apiVersion: v1
kind: Node
metadata: { name: n1, labels: { kubernetes.io/os: linux } }
spec: { podCIDR: 10.77.0.0/24, podCIDRs: [10.77.0.0/24] }
status: { addresses: [{ type: InternalIP, address: 172.18.0.2 }] }
`
/** kubeadm's, with the line of the mode. */
export const kubeProxy = (mode: string, podSubnet = ''): string => `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-proxy, namespace: kube-system, labels: { k8s-app: kube-proxy } }
spec:
  template:
    spec:
      containers:
        - name: kube-proxy
          command: [/usr/local/bin/kube-proxy, --config=/var/lib/kube-proxy/config.conf, --hostname-override=$(NODE_NAME)]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: kube-proxy, namespace: kube-system, labels: { app: kube-proxy } }
data:
  config.conf: |-
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    bindAddress: 0.0.0.0
    clusterCIDR: ${podSubnet === '' ? '""' : podSubnet}
    kind: KubeProxyConfiguration
    ipvs: { excludeCIDRs: null, minSyncPeriod: 0s, scheduler: "", strictARP: false, syncPeriod: 0s }
    ${mode}
  kubeconfig.conf: |-
    apiVersion: v1
    kind: Config
`
export const FLANNEL = `${NODE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-flannel-ds, namespace: kube-flannel, labels: { app: flannel, k8s-app: flannel, tier: node } }
spec:
  template:
    spec:
      containers: [{ name: kube-flannel, image: 'ghcr.io/flannel-io/flannel:v0.27.3', command: [/opt/bin/flanneld], args: [--ip-masq, --kube-subnet-mgr] }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: kube-flannel-cfg, namespace: kube-flannel, labels: { app: flannel, k8s-app: flannel, tier: node } }
data:
  cni-conf.json: |
    { "name": "cbr0", "cniVersion": "0.3.1", "plugins": [{ "type": "flannel", "delegate": { "hairpinMode": true, "isDefaultGateway": true } }] }
  net-conf.json: |
    {
      "Network": "10.244.0.0/16",
      "EnableNFTables": false,
      "Backend": {
        "Type": "vxlan"
      }
    }
---
${kubeProxy('mode: ""', '10.244.0.0/16')}`
export const K3S = `
apiVersion: v1
kind: Node
metadata:
  name: k3s-1
  labels: { kubernetes.io/os: linux, node.kubernetes.io/instance-type: k3s, node-role.kubernetes.io/control-plane: "true" }
  annotations:
    flannel.alpha.coreos.com/backend-type: vxlan
    flannel.alpha.coreos.com/kube-subnet-manager: "true"
    flannel.alpha.coreos.com/public-ip: 192.168.5.15
    k3s.io/node-args: '["server","--disable","traefik"]'
    k3s.io/internal-ip: 192.168.5.15
spec: { podCIDR: 10.42.0.0/24, podCIDRs: [10.42.0.0/24], providerID: 'k3s://k3s-1' }
status: { addresses: [{ type: InternalIP, address: 192.168.5.15 }] }
`
export const KIND = `${NODE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kindnet, namespace: kube-system, labels: { app: kindnet, k8s-app: kindnet, tier: node } }
spec:
  template:
    spec:
      containers:
        - name: kindnet-cni
          image: docker.io/kindest/kindnetd:v20250512-df8de77b
          env: [{ name: POD_SUBNET, value: 10.244.0.0/16 }, { name: CONTROL_PLANE_ENDPOINT, value: 'kind-control-plane:6443' }]
---
${kubeProxy('mode: iptables', '10.244.0.0/16')}`
export const WEAVE = `${NODE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: weave-net, namespace: kube-system, labels: { name: weave-net } }
spec:
  template:
    spec:
      containers:
        - { name: weave, command: [/home/weave/launch.sh], env: [{ name: INIT_CONTAINER, value: "true" }] }
        - { name: weave-npc, env: [] }
---
${kubeProxy('mode: ""')}`
export const OVN_KUBERNETES = `${NODE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: ovnkube-node, namespace: ovn-kubernetes }
spec:
  selector: { matchLabels: { app: ovnkube-node } }
  template:
    metadata: { labels: { app: ovnkube-node, component: network, type: infra, ovn-db-pod: "true" } }
    spec: { hostNetwork: true, containers: [{ name: nb-ovsdb }, { name: sb-ovsdb }, { name: ovnkube-controller }, { name: ovn-controller }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ovn-config, namespace: ovn-kubernetes }
data: { net_cidr: 10.244.0.0/16/24, svc_cidr: 10.96.0.0/16, k8s_apiserver: 'https://172.18.0.3:6443', mtu: "1400" }
`
export const KUBE_OVN = `${NODE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: ovs-ovn, namespace: kube-system, annotations: { kubernetes.io/description: This daemon set launches the openvswitch daemon. } }
spec: { updateStrategy: { type: OnDelete }, template: { metadata: { labels: { app: ovs, component: network, type: infra } }, spec: { containers: [{ name: openvswitch }] } } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-ovn-cni, namespace: kube-system }
spec: { template: { spec: { containers: [{ name: cni-server, args: ['--service-cluster-ip-range=10.96.0.0/12', '--network-type=geneve'] }] } } }
---
${kubeProxy('mode: ipvs', '10.16.0.0/16')}`
export const EKS = `
apiVersion: v1
kind: Node
metadata: { name: ip-192-168-1-229.eu-west-1.compute.internal, labels: { eks.amazonaws.com/nodegroup: ng, kubernetes.io/os: linux } }
spec: { providerID: 'aws:///eu-west-1a/i-0123456789abcdef0', podCIDR: 10.0.0.0/24 }
status: { addresses: [{ type: InternalIP, address: 192.168.1.229 }] }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: aws-node, namespace: kube-system, labels: { k8s-app: aws-node } }
spec: { template: { spec: { containers: [{ name: aws-node }, { name: aws-eks-nodeagent }] } } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-proxy, namespace: kube-system, labels: { eks.amazonaws.com/component: kube-proxy, k8s-app: kube-proxy } }
spec:
  template:
    spec: { containers: [{ name: kube-proxy, command: [kube-proxy, --v=2, --config=/var/lib/kube-proxy-config/config, --hostname-override=$(NODE_NAME)] }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: kube-proxy, namespace: kube-system, labels: { k8s-app: kube-proxy } }
data: { kubeconfig: 'kind: Config' }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: kube-proxy-config, namespace: kube-system, labels: { k8s-app: kube-proxy } }
data:
  config: |-
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    bindAddress: 0.0.0.0
    clusterCIDR: ""
    ipvs: { scheduler: rr }
    kind: KubeProxyConfiguration
    mode: "ipvs"
`
export const GKE = `
apiVersion: v1
kind: Node
metadata: { name: gke-a-default-pool-1, labels: { cloud.google.com/gke-nodepool: default-pool, kubernetes.io/os: linux } }
spec: { podCIDR: 10.4.0.0/24, podCIDRs: [10.4.0.0/24], providerID: gce://p/europe-west1-b/gke-a-default-pool-1 }
status: { addresses: [{ type: InternalIP, address: 10.128.0.3 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: kube-proxy-gke-a-default-pool-1, namespace: kube-system, labels: { component: kube-proxy, tier: node } }
spec:
  containers:
    - name: kube-proxy
      command: [/bin/sh, -c, 'exec kube-proxy --master=https://10.132.0.2 --kubeconfig=/var/lib/kube-proxy/kubeconfig --cluster-cidr=10.4.0.0/14 --oom-score-adj=-998 --v=2 --iptables-sync-period=1m 1>>/var/log/kube-proxy.log 2>&1']
`
export const KUBEADM_IPVS = [NODE, kubeProxy('mode: ipvs', '10.244.0.0/16')].join('\n---\n')
export const KUBEADM_NFTABLES = [NODE, kubeProxy('mode: nftables', '10.244.0.0/16')].join('\n---\n')
