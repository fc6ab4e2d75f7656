import type { JoinSettings } from '../../src/install/objects/settings.ts'
import { BROKER_SECRET } from '../../src/model/names.ts'
import { parseCidr } from '../../src/model/net.ts'

/** What a join without flags decides, on a cluster whose CNI is not known. */
export const PLAIN_JOIN: JoinSettings = {
  clusterId: 'west',
  namespace: 'submariner',
  podCidrs: [parseCidr('10.1.0.0/16')],
  serviceCidrs: [parseCidr('100.1.0.0/16')],
  networkPlugin: 'generic',
  natEnabled: true,
  nattPort: 4500,
  publicIp: '',
  airGapped: false,
  forceUdpEncaps: false,
  cableDriver: 'ipsec',
  healthCheck: { enabled: true, intervalSeconds: 1, maxPacketLoss: 5 },
  serviceDiscovery: true,
  balance: 'local-first',
  allowedNamespaces: [],
  dns: 'auto',
  zones: ['clusterset.local'],
  dnsServer: false,
  broker: { server: 'broker.example:6443', namespace: 'submariner-k8s-broker', secret: BROKER_SECRET },
}

/** A join whose every flag was given. */
export const FULL_JOIN: JoinSettings = {
  ...PLAIN_JOIN,
  podCidrs: ['10.1.0.0/16', '10.3.0.0/16'].map(parseCidr),
  networkPlugin: 'calico',
  natEnabled: false,
  nattPort: 4501,
  publicIp: 'ipv4:203.0.113.7',
  airGapped: true,
  forceUdpEncaps: true,
  healthCheck: { enabled: false, intervalSeconds: 2, maxPacketLoss: 3 },
  balance: 'spread',
  allowedNamespaces: ['kube-system', 'openshift-monitoring'],
  zones: ['clusterset.local', 'corp.example'],
}
