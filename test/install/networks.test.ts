import { describe, expect, it } from '@jest/globals'
import { cniOf } from '../../src/install/networks/cni.ts'
import { networksOf } from '../../src/install/networks/discover.ts'
import { gather } from '../../src/install/networks/pods.ts'
import type { Seen } from '../../src/install/networks/seen.ts'
import { UserError } from '../../src/model/errors.ts'
import { parseCidr } from '../../src/model/net.ts'
import type { ConfigMap, Node, Pod, Resource } from '../../src/model/resources.ts'
import { EMPTY_SEEN } from '../fakes/seen.ts'

const node = (
  name: string,
  podCidr?: string,
  more: { labels?: Record<string, string>; annotations?: Record<string, string>; ip?: string } = {},
): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: more.labels ?? {}, annotations: more.annotations ?? {} },
  spec: podCidr === undefined ? {} : { podCIDR: podCidr, podCIDRs: [podCidr] },
  status: { addresses: [{ type: 'InternalIP', address: more.ip ?? '172.18.0.2' }] },
})
const daemonSet = (namespace: string, name: string, env: Record<string, string> = {}): Resource => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace },
  ...{
    spec: { template: { spec: { containers: [{ name: 'c', env: Object.entries(env).map(([key, value]) => ({ name: key, value })) }] } } },
  },
})
const configMap = (path: string, data: Record<string, string>): readonly [string, ConfigMap] => [
  path,
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: path.split('/')[1] ?? '', namespace: path.split('/')[0] ?? '' }, data },
]
const pod = (component: string, ...command: string[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: component, namespace: 'kube-system', labels: { component } },
  spec: { containers: [{ name: component, command }] },
})
const pool = (name: string, cidr: string, disabled = false): Resource => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'IPPool',
  metadata: { name },
  ...{ spec: { cidr, disabled } },
})
const EMPTY: Seen = { ...EMPTY_SEEN, nodes: [node('n1')] }
const SERVICES: Pick<Seen, 'serviceCidrs'> = {
  serviceCidrs: [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'kubernetes' },
      spec: { cidrs: ['10.96.0.0/12', 'fd00:1::/112'] },
    },
  ],
}
const kubeadm = configMap('kube-system/kubeadm-config', {
  ClusterConfiguration: 'kind: ClusterConfiguration\nnetworking:\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.97.0.0/16\n',
})

interface Row {
  readonly name: string
  readonly seen: Partial<Seen>
  readonly cni: string
  readonly pods: string
  readonly source: string
  readonly services: string
}

const ROWS: readonly Row[] = [
  {
    name: 'flannel in its own namespace',
    seen: {
      daemonSets: [daemonSet('kube-flannel', 'kube-flannel-ds')],
      configMaps: new Map([configMap('kube-flannel/kube-flannel-cfg', { 'net-conf.json': '{"Network":"10.5.0.0/16"}' }), kubeadm]),
    },
    cni: 'flannel',
    pods: '10.5.0.0/16',
    source: 'ConfigMap kube-flannel/kube-flannel-cfg',
    services: '10.97.0.0/16',
  },
  {
    name: 'Calico with two pools, one of them disabled',
    seen: {
      ...SERVICES,
      daemonSets: [daemonSet('calico-system', 'calico-node')],
      ipPools: [pool('default', '192.168.0.0/16'), pool('old', '10.9.0.0/16', true)],
    },
    cni: 'calico',
    pods: '192.168.0.0/16',
    source: 'Calico IPPool default',
    services: '10.96.0.0/12',
  },
  {
    name: 'Canal',
    seen: {
      ...SERVICES,
      daemonSets: [daemonSet('kube-system', 'canal')],
      configMaps: new Map([
        configMap('kube-system/canal-config', { 'net-conf.json': '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' }),
      ]),
    },
    cni: 'canal',
    pods: '10.42.0.0/16',
    source: 'ConfigMap kube-system/canal-config',
    services: '10.96.0.0/12',
  },
  {
    name: 'kindnet',
    seen: {
      daemonSets: [daemonSet('kube-system', 'kindnet', { POD_SUBNET: '10.244.0.0/16' })],
      controlPods: [pod('kube-apiserver', 'kube-apiserver', '--service-cluster-ip-range=10.96.0.0/16')],
    },
    cni: 'kindnet',
    pods: '10.244.0.0/16',
    source: 'DaemonSet kindnet (POD_SUBNET)',
    services: '10.96.0.0/16',
  },
  {
    name: 'Cilium with pools of its own',
    seen: {
      ...SERVICES,
      daemonSets: [daemonSet('kube-system', 'cilium')],
      configMaps: new Map([
        configMap('kube-system/cilium-config', { ipam: 'cluster-pool', 'cluster-pool-ipv4-cidr': '10.1.0.0/16 10.2.0.0/16' }),
      ]),
    },
    cni: 'cilium',
    pods: '10.1.0.0/16,10.2.0.0/16',
    source: 'ConfigMap kube-system/cilium-config',
    services: '10.96.0.0/12',
  },
  {
    name: 'Cilium that takes Kubernetes’ node networks',
    seen: {
      ...SERVICES,
      daemonSets: [daemonSet('kube-system', 'cilium')],
      configMaps: new Map([configMap('kube-system/cilium-config', { ipam: 'kubernetes', 'cluster-pool-ipv4-cidr': '10.0.0.0/8' })]),
      controlPods: [pod('kube-controller-manager', 'kube-controller-manager', '--cluster-cidr', '10.77.0.0/16')],
    },
    cni: 'cilium',
    pods: '10.77.0.0/16',
    source: 'kube-controller-manager --cluster-cidr',
    services: '10.96.0.0/12',
  },
  {
    name: 'Weave with its default range',
    seen: { ...SERVICES, daemonSets: [daemonSet('kube-system', 'weave-net')] },
    cni: 'weave',
    pods: '10.32.0.0/12',
    source: 'DaemonSet weave-net (IPALLOC_RANGE, or its default)',
    services: '10.96.0.0/12',
  },
  {
    name: 'OVN-Kubernetes by its ConfigMap',
    seen: {
      daemonSets: [daemonSet('ovn-kubernetes', 'ovnkube-node')],
      configMaps: new Map([configMap('ovn-kubernetes/ovn-config', { net_cidr: '10.244.0.0/16/24', svc_cidr: '10.98.0.0/16' })]),
    },
    cni: 'ovn-kubernetes',
    pods: '10.244.0.0/16',
    source: 'ConfigMap ovn-kubernetes/ovn-config',
    services: '10.98.0.0/16',
  },
  {
    name: 'OpenShift',
    seen: {
      daemonSets: [daemonSet('openshift-ovn-kubernetes', 'ovnkube-node')],
      openshift: {
        apiVersion: 'config.openshift.io/v1',
        kind: 'Network',
        metadata: { name: 'cluster' },
        ...{ status: { clusterNetwork: [{ cidr: '10.128.0.0/14', hostPrefix: 23 }], serviceNetwork: ['172.30.0.0/16'] } },
      },
    },
    cni: 'ovn-kubernetes',
    pods: '10.128.0.0/14',
    source: 'Network.config.openshift.io cluster',
    services: '172.30.0.0/16',
  },
  {
    name: 'GKE, whose control plane shows nothing',
    seen: {
      ...SERVICES,
      nodes: [
        node('a', '10.4.0.0/24', { labels: { 'cloud.google.com/gke-nodepool': 'p' }, ip: '10.128.0.3' }),
        node('b', '10.4.1.0/24', { labels: { 'cloud.google.com/gke-nodepool': 'p' }, ip: '10.128.0.4' }),
      ],
      daemonSets: [daemonSet('kube-system', 'anetd')],
    },
    cni: 'gke',
    pods: '10.4.0.0/16',
    source: 'the podCIDRs of 2 nodes',
    services: '10.96.0.0/12',
  },
  {
    name: 'AKS with the overlay',
    seen: {
      nodes: [node('a', '10.244.3.0/24', { labels: { 'kubernetes.azure.com/podnetwork-type': 'overlay' }, ip: '10.224.0.4' })],
      daemonSets: [daemonSet('kube-system', 'azure-cns')],
      serviceHint:
        'spec.clusterIPs: failed to allocate IP 1.1.1.1: the provided IP is not in the valid range. The range of valid IPs is 10.0.0.0/16',
    },
    cni: 'azure',
    pods: '10.244.0.0/16',
    source: 'the podCIDRs of 1 node',
    services: '10.0.0.0/16',
  },
  {
    name: 'k3s with its defaults',
    seen: {
      nodes: [
        node('a', '10.42.0.0/24', {
          annotations: { 'k3s.io/node-args': '["server","--disable","traefik"]', 'flannel.alpha.coreos.com/backend-type': 'vxlan' },
        }),
      ],
    },
    cni: 'flannel',
    pods: '10.42.0.0/16',
    source: 'the default of k3s',
    services: '10.43.0.0/16',
  },
  {
    name: 'k3s with networks of its own',
    seen: {
      nodes: [
        node('a', '10.52.0.0/24', {
          annotations: { 'k3s.io/node-args': '["server","--cluster-cidr","10.52.0.0/16","--service-cidr=10.53.0.0/16"]' },
        }),
      ],
    },
    cni: 'generic',
    pods: '10.52.0.0/16',
    source: 'k3s server --cluster-cidr',
    services: '10.53.0.0/16',
  },
  {
    name: 'kubeadm with a CNI unknown to us',
    seen: { configMaps: new Map([kubeadm]), daemonSets: [daemonSet('kube-system', 'kube-proxy')] },
    cni: 'generic',
    pods: '10.244.0.0/16',
    source: 'ConfigMap kube-system/kubeadm-config',
    services: '10.97.0.0/16',
  },
  {
    name: 'kube-proxy’s configuration alone',
    seen: {
      ...SERVICES,
      configMaps: new Map([configMap('kube-system/kube-proxy', { 'config.conf': 'clusterCIDR: 10.60.0.0/16,fd00::/56\n' })]),
    },
    cni: 'generic',
    pods: '10.60.0.0/16',
    source: 'ConfigMap kube-system/kube-proxy',
    services: '10.96.0.0/12',
  },
]

describe('the networks of a cluster are found', () => {
  it.each(ROWS)('with $name', ({ seen, cni, pods, source, services }) => {
    const found = networksOf({ ...EMPTY, ...seen })
    expect(found.cni.value).toBe(cni)
    expect(found.pods).toEqual({ value: pods.split(','), source })
    expect(found.services.value.join()).toBe(services)
    expect(found.shared).toBeUndefined()
  })

  it('with what a flag says before all else, and what the cluster says as a note', () => {
    const found = networksOf({ ...EMPTY, ...SERVICES, configMaps: new Map([kubeadm]) }, { podCidrs: [parseCidr('10.1.0.0/16')] })
    expect(found.pods).toEqual({ value: ['10.1.0.0/16'], source: '--pod-cidr' })
    expect(found.notes).toEqual([
      'ConfigMap kube-system/kubeadm-config says 10.244.0.0/16 for pods',
      'ConfigMap kube-system/kubeadm-config says 10.97.0.0/16 for services',
    ])
  })

  it('or the flag is asked for where nothing tells them', () => {
    const id = (run: () => unknown): unknown => {
      try {
        return run()
      } catch (error) {
        return error instanceof UserError ? `${error.id} ${error.hint}` : error
      }
    }
    expect(id(() => networksOf({ ...EMPTY, ...SERVICES }))).toMatch(/^SUB0405 .*--pod-cidr/)
    expect(id(() => networksOf(EMPTY))).toMatch(/^SUB0406 .*--service-cidr/)
  })

  it('and configuration that is no YAML or JSON is passed over', () => {
    const seen = {
      ...EMPTY,
      ...SERVICES,
      daemonSets: [daemonSet('kube-flannel', 'kube-flannel-ds')],
      configMaps: new Map([
        configMap('kube-flannel/kube-flannel-cfg', { 'net-conf.json': '{"Network": 10' }),
        configMap('kube-system/kubeadm-config', { ClusterConfiguration: '{: bad' }),
        configMap('kube-system/kube-proxy', { 'config.conf': 'clusterCIDR: "$(reboot)"' }),
      ]),
      nodes: [node('a', '10.42.0.0/24')],
    }
    expect(networksOf(seen).pods.source).toBe('the podCIDRs of 1 node')
  })
})

describe('pods on the nodes’ own network are recognised', () => {
  it.each([
    ['the AWS CNI', { daemonSets: [daemonSet('kube-system', 'aws-node'), daemonSet('kube-system', 'calico-node')] }, /AWS/],
    ['the Azure CNI without overlay', { daemonSets: [daemonSet('kube-system', 'azure-cns')] }, /Azure/],
    [
      'Cilium on ENIs',
      { daemonSets: [daemonSet('kube-system', 'cilium')], configMaps: new Map([configMap('kube-system/cilium-config', { ipam: 'eni' })]) },
      /ipam "eni"/,
    ],
  ] as const)('with %s', (_name, seen, reason) => {
    const found = networksOf({ ...EMPTY, ...SERVICES, nodes: [node('n', '10.0.0.0/16')], ...seen })
    expect(found.shared).toMatch(reason)
  })

  it('and a pod network that the user names counts more than what the CNI commonly does', () => {
    const seen = { ...EMPTY, ...SERVICES, daemonSets: [daemonSet('kube-system', 'aws-node')] }
    expect(networksOf(seen, { podCidrs: [parseCidr('100.64.0.0/16')] }).shared).toBeUndefined()
    expect(cniOf(seen).value).toBe('aws')
  })
})

describe('node networks are gathered into the cluster’s', () => {
  const gathered = (networks: readonly string[], avoid: readonly string[] = []): readonly string[] =>
    gather(networks.map(parseCidr), avoid.map(parseCidr))

  it.each([
    [['10.42.0.0/24', '10.42.7.0/24'], [], ['10.42.0.0/16']],
    [['10.40.9.0/24', '10.41.0.0/24'], [], ['10.40.0.0/16', '10.41.0.0/16']],
    [['10.0.1.64/26'], [], ['10.0.0.0/18']],
    [['10.0.0.0/9'], [], ['10.0.0.0/8']],
    [['8.0.0.0/6'], [], ['8.0.0.0/6']],
    [['10.42.1.0/24', '10.42.2.0/24'], ['10.42.200.9/32'], ['10.42.1.0/24', '10.42.2.0/24']],
    [[], [], []],
  ])('%j avoiding %j gives %j', (networks, avoid, wanted) => expect(gathered(networks, avoid)).toEqual(wanted))
})
