import { describe, expect, it } from '@jest/globals'
import { cniOf } from '../../src/install/networks/cni.ts'
import { proxyModeOf } from '../../src/install/networks/kube-proxy.ts'
import { checkPlatform, platformOf } from '../../src/install/networks/platform.ts'
import type { Seen } from '../../src/install/networks/seen.ts'
import { UserError } from '../../src/model/errors.ts'
import type { ConfigMap, Node, Resource } from '../../src/model/resources.ts'
import { EMPTY_SEEN } from '../fakes/seen.ts'

const node = (more: { annotations?: Record<string, string>; providerID?: string } = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', annotations: more.annotations ?? {} },
  spec: { ...(more.providerID !== undefined && { providerID: more.providerID }) },
})
const set = (name: string, args: readonly string[] = []): Resource => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace: 'kube-system' },
  ...{ spec: { template: { spec: { containers: [{ name: 'c', args }] } } } },
})
const maps = (name: string, data: Record<string, string>): Pick<Seen, 'configMaps'> => ({
  configMaps: new Map<string, ConfigMap>([[`kube-system/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }]]),
})
const seen = (more: Partial<Seen>): Seen => ({ ...EMPTY_SEEN, nodes: [node()], ...more })
const platform = (more: Partial<Seen>) => {
  const cluster = seen(more)
  const cni = cniOf(cluster)
  return platformOf(cluster, cni, proxyModeOf(cluster, cni.value))
}
const k3s = (...args: readonly string[]): Partial<Seen> => ({
  nodes: [node({ annotations: { 'k3s.io/node-args': JSON.stringify(['server', ...args]) } })],
})

describe('proxyModeOf()', () => {
  it.each<[string, Partial<Seen>, string]>([
    ['kubeadm’s ConfigMap', maps('kube-proxy', { 'config.conf': 'kind: KubeProxyConfiguration\nmode: nftables\n' }), 'nftables'],
    ['an empty mode there', maps('kube-proxy', { 'config.conf': 'mode: ""\n' }), 'iptables'],
    ['ipvs there', maps('kube-proxy', { 'config.conf': 'mode: ipvs\n' }), 'ipvs'],
    ['a flag of the DaemonSet', { daemonSets: [set('kube-proxy', ['--proxy-mode=ipvs'])] }, 'ipvs'],
    ['a DaemonSet without one', { daemonSets: [set('kube-proxy')] }, 'iptables'],
    ['k3s', k3s(), 'iptables'],
    ['k3s with another mode', k3s('--kube-proxy-arg', 'proxy-mode=ipvs'), 'ipvs'],
    ['k3s without kube-proxy', k3s('--disable-kube-proxy'), 'none'],
    ['kube-router that serves services', { daemonSets: [set('kube-router', ['--run-service-proxy=true'])] }, 'ipvs'],
    ['Cilium in its place', { daemonSets: [set('cilium')], ...maps('cilium-config', { 'kube-proxy-replacement': 'true' }) }, 'none'],
    [
      'Cilium beside it',
      { daemonSets: [set('cilium'), set('kube-proxy')], ...maps('cilium-config', { 'kube-proxy-replacement': 'false' }) },
      'iptables',
    ],
    ['Calico with eBPF', { daemonSets: [set('calico-node')], felix: { spec: { bpfEnabled: true } } }, 'none'],
    ['OpenShift SDN', { openshift: { apiVersion: 'config.openshift.io/v1', kind: 'Network', metadata: { name: 'cluster' } } }, 'iptables'],
    ['nothing at all', {}, 'unknown'],
  ])('knows the mode by %s', (_, more, mode) => {
    const cluster = seen(more)
    expect(proxyModeOf(cluster, cniOf(cluster).value).value).toBe(mode)
  })
})

describe('platformOf()', () => {
  it.each<[string, Partial<Seen>, RegExp]>([
    ['OVN-Kubernetes', { daemonSets: [set('ovnkube-node')] }, /OVN-Kubernetes routes pods inside Open vSwitch/],
    [
      'Cilium without kube-proxy',
      { daemonSets: [set('cilium')], ...maps('cilium-config', { 'kube-proxy-replacement': 'strict' }) },
      /past the node’s packet filters/,
    ],
    ['GKE Dataplane V2', { daemonSets: [set('anetd')] }, /GKE Dataplane V2/],
    ['Calico’s eBPF', { daemonSets: [set('calico-node')], felix: { spec: { bpfEnabled: true } } }, /Calico’s eBPF/],
  ])('refuses %s, unless the user insists', (_, more, why) => {
    const found = platform(more)
    expect(() => checkPlatform(found, { anything: false })).toThrow(why)
    expect(() => checkPlatform(found, { anything: false })).toThrow(UserError)
    expect(() => checkPlatform(found, { anything: true })).not.toThrow()
  })
  it.each<[string, Partial<Seen>]>([
    ['flannel', { daemonSets: [set('kube-flannel-ds')] }],
    ['Calico', { daemonSets: [set('calico-node')] }],
    ['Canal', { daemonSets: [set('canal')] }],
    ['kindnet', { daemonSets: [set('kindnet')] }],
    ['Weave', { daemonSets: [set('weave-net')] }],
    ['Cilium with kube-proxy', { daemonSets: [set('cilium'), set('kube-proxy')] }],
    ['what nobody knows', {}],
  ])('does not refuse %s', (_, more) => {
    expect(platform(more).refusal).toBeUndefined()
  })
  it('mentions AWS’s source/destination check, and what Calico needs', () => {
    expect(platform({ nodes: [node({ providerID: 'aws:///eu-west-1a/i-1' })] }).notes.join()).toContain('source/destination check')
    expect(platform({ daemonSets: [set('calico-node')] }).notes.join()).toContain('IPPool for each remote network')
  })
  it('says nothing where there is nothing to know', () => {
    expect(platform({ daemonSets: [set('kube-flannel-ds'), set('kube-proxy')] }).notes).toEqual([])
  })
})
