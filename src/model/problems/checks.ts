import type { Problems } from '../problem.ts'

export const checkProblems: Problems = {
  SUB0601: {
    title: 'The API does not answer',
    cause: "The kubeconfig's server cannot be reached or does not accept the credential.",
    next: 'Try `kubectl --context NAME get nodes`; mend the kubeconfig or the network.',
  },
  SUB0602: {
    title: 'The cluster has not joined',
    cause: 'The CRDs or the settings that `join` puts into a cluster are not there.',
    next: 'Run `subctl join broker-info.subm --cluster-id NAME`.',
  },
  SUB0603: {
    title: 'Gateway nodes',
    cause: 'No node, or only one, carries the label submariner.io/gateway=true. One alone has no successor.',
    next: 'Label nodes: `kubectl label node NODE submariner.io/gateway=true`.',
  },
  SUB0604: {
    title: 'No single leading gateway',
    cause: 'No engine holds the lease or renews it, or two gateways say that they are active.',
    next: 'Run `subctl show gateways`; look into the log of the engines.',
  },
  SUB0605: {
    title: 'The published Endpoint is not that of the active gateway',
    cause: "The engine cannot write to the cluster's API, or a hand-over has not ended.",
    next: "Run `subctl show endpoints`; look into the log of the active gateway's engine.",
  },
  SUB0606: {
    title: 'The broker does not serve this cluster',
    cause: "The broker is down, its address or certificate changed, or the cluster's credential was withdrawn.",
    next: 'Check the broker, then run `subctl join` again: it renews address and credential.',
  },
  SUB0607: {
    title: 'A cluster of the clusterset is not known here',
    cause: 'Its objects are refused (networks that overlap, bad fields) or not yet copied from the broker.',
    next: "Look into the log of the active gateway's engine: it names object, field and reason.",
  },
  SUB0608: {
    title: 'Networks overlap',
    cause: 'Two clusters claim the same addresses; the newer claim is refused and not routed.',
    next: 'Let one of the clusters leave and join again with other networks.',
  },
  SUB0609: {
    title: 'Rights on the broker are shared',
    cause: "The broker's Kubernetes has no policy that binds a member to its own objects (older than 1.30), or the policy was removed.",
    next: 'Where not all members trust each other: another broker, or `subctl deploy-broker` again on Kubernetes 1.30 or later.',
  },
  SUB0610: {
    title: 'A connection is not up',
    cause: "The peer's gateway does not answer on its UDP port, the keys differ, or it has just changed.",
    next: 'Open UDP 4500 between the gateways; read the reason in `subctl show connections -o wide`.',
  },
  SUB0611: {
    title: 'A node has no route agent',
    cause: 'The agent does not run there, or cannot write to the API.',
    next: 'Look into the log of the route agent on that node.',
  },
  SUB0612: {
    title: 'A node does not answer probes',
    cause: 'Its route agent is not running, or is cut off from the API.',
    next: 'Look into the log of the route agent on that node.',
  },
  SUB0613: {
    title: 'A node does not reach a remote cluster',
    cause: 'The tunnel is down, UDP 4800 between nodes is blocked, or a packet filter drops forwarded packets.',
    next: 'Open UDP 4800 between nodes; compare `subctl show route-agents` of all nodes.',
  },
  SUB0614: {
    title: 'Large packets do not pass',
    cause: 'Some link on the way has a smaller MTU than the gateways know, and ICMP is filtered.',
    next: "Lower the MTU of the gateways' devices or let ICMP fragmentation-needed pass.",
  },
  SUB0615: {
    title: "A node's protection is not complete",
    cause: 'Another program removed routes or packet filter rules that keep traffic from leaving in the clear.',
    next: 'The route agent puts them back in its next pass; find the program that removes them.',
  },
  SUB0616: {
    title: 'Packets leave in the clear',
    cause: 'Traffic to a remote network was seen outside the tunnel.',
    next: 'Keep such traffic off, and look for rules or routes ahead of ours: `ip rule`, `iptables-save`.',
  },
  SUB0617: {
    title: 'Versions differ',
    cause: 'Agents of another version than this binary run in the cluster.',
    next: 'Use the same binary everywhere.',
  },
  SUB0618: {
    title: 'Both ends do not agree',
    cause: 'A cluster knows an older gateway of the other than that publishes.',
    next: "Wait some seconds; then look into the log of the active gateway's engine.",
  },
  SUB0619: {
    title: 'An agent reports a failure',
    cause: 'An engine or a route agent cannot do its work; a gateway whose charon does not answer cannot take over, for one.',
    next: 'Read it in `subctl show gateways -o wide` and `subctl show route-agents`, then in the log of that agent.',
  },
  SUB0620: {
    title: 'A gateway node could not take over',
    cause: 'No engine runs there, it is cut off from the API, or its charon hangs.',
    next: 'Look into the logs of the engine and of charon on that node.',
  },
}
