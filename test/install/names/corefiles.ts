// Corefiles as installers leave them, and facts about a cluster's DNS made of them.
import type { CoreDns, DnsFacts, MapText } from '../../../src/install/names/facts.ts'

export const KUBEADM = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`
export const K3S = `.:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
    }
    hosts /etc/coredns/NodeHosts {
      ttl 60
      reload 15s
      fallthrough
    }
    prometheus :9153
    cache 30
    loop
    reload
    loadbalance
    import /etc/coredns/custom/*.override
    forward . /etc/resolv.conf
}
import /etc/coredns/custom/*.server
`
export const AKS = `.:53 {
    errors
    ready
    health {
      lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
      ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
    import custom/*.override
    template ANY ANY internal.cloudapp.net {
      match "^(?:[^.]+\\.){4,}internal\\.cloudapp\\.net\\.$"
      rcode NXDOMAIN
      fallthrough
    }
    template ANY ANY reddog.microsoft.com {
      rcode NXDOMAIN
    }
}
import custom/*.server # Additional zones
`
/** Another port, and a bind: a block beside it needs both. */
export const GARDENER = `.:8053 {
  bind 10.0.0.1 10.0.0.2
  errors
  kubernetes corp.example in-addr.arpa ip6.arpa {
      endpoint https://api.corp.example
      kubeconfig /etc/coredns/kubeconfig "a context"
      pods insecure
  }
  reload
  import custom/*.override
}
import custom/*.server
`
export const NODE_LOCAL = `cluster.local:53 {
    errors
    cache {
            success 9984 30
            denial 9984 5
    }
    reload
    loop
    bind 169.254.20.10 10.96.0.10
    forward . __PILLAR__CLUSTER__DNS__ {
            force_tcp
    }
    prometheus :9253
    health 169.254.20.10:8080
    }
in-addr.arpa:53 {
    errors
    cache 30
    reload
    loop
    bind 169.254.20.10 10.96.0.10
    forward . __PILLAR__CLUSTER__DNS__ {
            force_tcp
    }
    prometheus :9253
    }
.:53 {
    errors
    cache 30
    reload
    loop
    bind 169.254.20.10 10.96.0.10
    forward . __PILLAR__UPSTREAM__SERVERS__
    prometheus :9253
    }
`
export const LIGHTHOUSE = `#lighthouse-start AUTO-GENERATED SECTION. DO NOT EDIT
clusterset.local:53 {
    forward . 10.43.99.88
}
#lighthouse-end
${KUBEADM}`

export const mapText = (over: Partial<MapText> = {}): MapText => ({
  ...{
    namespace: 'kube-system',
    name: 'coredns',
    key: 'Corefile',
    text: KUBEADM,
    isThere: true,
    others: {},
    annotations: {},
    keeper: undefined,
  },
  ...over,
})
export const coreDns = (over: Partial<CoreDns> = {}): CoreDns => ({
  ...{ kind: 'coredns', title: 'Deployment kube-system/coredns', image: 'registry.example/coredns:v1.12.4', version: [1, 12, 4] },
  ...{ versionFrom: 'image registry.example/coredns:v1.12.4', account: { namespace: 'kube-system', name: 'coredns' } },
  ...{ corefile: mapText(), custom: undefined },
  ...over,
})
export const facts = (server: DnsFacts['server'] = coreDns(), over: Partial<DnsFacts> = {}): DnsFacts => ({
  ...{ server, nodeLocal: undefined, servesAlpha: true },
  ...over,
})
export const customMap = (over: Partial<MapText> = {}): MapText =>
  mapText({ name: 'coredns-custom', key: 'submariner.server', text: undefined, isThere: false, ...over })
