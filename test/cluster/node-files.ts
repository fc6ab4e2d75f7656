// What the programs of a node are told: files by path, as a pure function of the layout.

import { parseIp } from '../../src/model/net.ts'
import type { ClusterLayout, HostLayout } from '../lab/layout.ts'
import type { Cni, ProxyMode } from './bed-state.ts'

export interface NodeSetting {
  readonly cluster: ClusterLayout<HostLayout>
  readonly node: HostLayout
  readonly cni: Cni
  readonly proxy: ProxyMode
  readonly hasPolicy: boolean
  /** Where the control plane's files are: ca.crt, NODE.kubeconfig, ... */
  readonly pki: string
}

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock'
/** The tenth address of the services, as everywhere. */
export const dnsIp = ({ serviceCidr }: ClusterLayout<HostLayout>): string => parseIp(serviceCidr.replace(/\.0\/\d+$/, '.10'))

export function nodeFiles(setting: NodeSetting): Readonly<Record<string, string>> {
  return {
    '/etc/containerd/config.toml': CONTAINERD,
    '/etc/cni/net.d/10-bed.conflist': JSON.stringify(cniConfig(setting)),
    '/etc/kubernetes/kubelet.json': JSON.stringify(kubeletConfig(setting)),
    '/etc/kubernetes/kube-proxy.json': JSON.stringify(proxyConfig(setting)),
    '/etc/kubernetes/flannel.json': JSON.stringify({ Network: setting.cluster.podCidr, Backend: { Type: 'vxlan' } }),
  }
}

/** Command lines of a node's programs. */
export function componentsOf({ cluster, node, cni, hasPolicy, pki }: NodeSetting): Readonly<Record<string, readonly string[]>> {
  return {
    containerd: ['containerd', '--config', '/etc/containerd/config.toml'],
    kubelet: [
      'kubelet',
      '--config=/etc/kubernetes/kubelet.json',
      `--kubeconfig=${pki}/${node.name}.kubeconfig`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.ip}`,
    ],
    'kube-proxy': ['kube-proxy', '--config=/etc/kubernetes/kube-proxy.json'],
    ...(hasPolicy && {
      'kube-router': [
        'kube-router',
        `--kubeconfig=${pki}/kube-router.kubeconfig`,
        `--hostname-override=${node.name}`,
        `--service-cluster-ip-range=${cluster.serviceCidr}`,
        '--run-firewall=true',
        '--run-router=false',
        '--run-service-proxy=false',
        '--health-port=0',
      ],
    }),
    ...(cni === 'flannel' && {
      flanneld: [
        'flanneld',
        '--kube-subnet-mgr',
        `--kubeconfig-file=${pki}/flannel.kubeconfig`,
        '--net-config-path=/etc/kubernetes/flannel.json',
        '--iface=eth0',
        '--ip-masq',
      ],
    }),
  }
}

// Without CAP_SYS_RESOURCE nobody can lower an oom_score_adj, which the pause container's is.
const CONTAINERD = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`

/** A bridge on each node. Hiding pods behind their node is not the bridge's: it would do so between the nodes too. */
const cniConfig = ({ node, cni }: NodeSetting): object => ({
  cniVersion: '0.4.0',
  name: 'bed',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      mtu: cni === 'flannel' ? 1450 : 1500,
      ipam: { type: 'host-local', dataDir: '/run/cni/networks', ranges: [[{ subnet: node.podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
})

const kubeletConfig = ({ cluster, node, pki }: NodeSetting): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: `${pki}/ca.crt` } },
  authorization: { mode: 'Webhook' },
  tlsCertFile: `${pki}/${node.name}.crt`,
  tlsPrivateKeyFile: `${pki}/${node.name}.key`,
  containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  failSwapOn: false,
  clusterDNS: [dnsIp(cluster)],
  clusterDomain: 'cluster.local',
  resolvConf: '/etc/resolv.conf',
  enforceNodeAllocatable: [],
  evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
  imageGCHighThresholdPercent: 100,
})

/** Zeros leave the machine's connection tracking as it is: it cannot be set in a network namespace. */
const proxyConfig = ({ cluster, node, proxy, pki }: NodeSetting): object => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: proxy,
  clusterCIDR: cluster.podCidr,
  hostnameOverride: node.name,
  clientConnection: { kubeconfig: `${pki}/kube-proxy.kubeconfig` },
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
})
