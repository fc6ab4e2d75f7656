import { describe, expect, it } from '@jest/globals'
import { contains, parseIp } from '../../src/model/net.ts'
import { clusterOf, nodeOf, siteLayoutOf } from '../lab/layout.ts'
import { BED_DEFAULTS, type Cni } from './bed-state.ts'
import { componentsOf, dnsIp, nodeFiles } from './node-files.ts'

const layout = siteLayoutOf({ ...BED_DEFAULTS, clusters: 3, workers: 2 }, 'abc123', 7)
const settingOf = (cni: Cni) =>
  ({
    cluster: clusterOf(layout, 'east'),
    node: nodeOf(layout, 'east-w2'),
    cni,
    proxy: 'nftables',
    hasPolicy: false,
    pki: '/pki',
  }) as const

describe('what a node of a bed is told', () => {
  it('names its own pod network to the CNI, and the cluster’s to kube-proxy', () => {
    const files = nodeFiles(settingOf('bridge'))
    expect(files['/etc/cni/net.d/10-bed.conflist']).toContain('"subnet":"10.2.4.0/24"')
    expect(JSON.parse(files['/etc/kubernetes/kube-proxy.json'] ?? '')).toMatchObject({ mode: 'nftables', clusterCIDR: '10.2.0.0/16' })
  })
  it('leaves room for flannel’s VXLAN, and runs flanneld only there', () => {
    expect(nodeFiles(settingOf('flannel'))['/etc/cni/net.d/10-bed.conflist']).toContain('"mtu":1450')
    expect(Object.keys(componentsOf(settingOf('flannel')))).toContain('flanneld')
    expect(Object.keys(componentsOf(settingOf('bridge')))).toEqual(['containerd', 'kubelet', 'kube-proxy'])
  })
  it('has its DNS among the cluster’s services', () => {
    for (const cluster of layout.clusters) expect(contains(cluster.serviceCidr, parseIp(dnsIp(cluster)))).toBe(true)
  })
})
