import type { Problems } from '../problem.ts'

export const checkProblems: Problems = {
  SUB0601: {
    title: 'The API does not answer',
    cause: "The kubeconfig's server cannot be reached or does not accept the credential.",
    next: 'Try `kubectl --context NAME get nodes`; mend the kubeconfig or the network.',
  },
  SUB0602: {
    title: 'The cluster has not joined, or its settings are not what agents take',
    cause:
      'The CRDs or the settings that `join` puts into a cluster are not there; or somebody has written what agents refuse: those that run go on with what they have read, and would not start again.',
    next: 'Run `subctl join broker-info.subm --cluster-id NAME`; over settings that others have written with --force-conflicts.',
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
    title: 'This cluster does not take all that the broker has',
    cause:
      'Another cluster publishes what this one refuses: what it has taken before stays in use, and the change does not come through. Or the broker has a cluster more: its objects are refused (networks that overlap, bad fields, another’s label) or not yet copied. Or this cluster has: it keeps copies for ten minutes after the broker had lost its own objects too.',
    next: "Read object, field and reason beside the check, or in the log of the active gateway's engine, and mend them in the cluster that is named. Copies that are kept go by themselves at the time that is named.",
  },
  SUB0608: {
    title: 'Networks overlap',
    cause: 'Two clusters claim the same addresses; the newer claim is refused and not routed.',
    next: 'Let one of the clusters leave and join again with other networks.',
  },
  SUB0609: {
    title: 'Rights on the broker are shared',
    cause:
      "All clusters use one token of the broker's chart; or the broker's Kubernetes has no policy that binds a member to its own objects (older than 1.30); or the policy was removed.",
    next: 'Where not all members trust each other: a token for each by `subctl join broker-info.subm --cluster-id NAME`; `subctl deploy-broker` again for the policy; another broker where Kubernetes is older than 1.30.',
  },
  SUB0610: {
    title: 'A connection is not up',
    cause:
      "The peer's gateway does not answer on its UDP port, the keys, versions, cable drivers or networks of the two do not fit, or it has just changed.",
    next: 'Read the reason in `subctl show connections -o wide`: "no answer" is a UDP port to open between the gateways (`subctl show endpoints -o wide`), "authentication failed" are keys that differ (SUB0642), "refused the networks" are networks that overlap (SUB0608).',
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
  SUB0621: {
    title: "The agents' pods are not ready",
    cause:
      'An image cannot be had, a pod finds no node, or a container ends or fails its probe; as a warning: pods of charon go on with settings of before.',
    next: 'Read the reason beside the pod; `kubectl -n submariner describe pods` tells more. `subctl upgrade` replaces pods of before.',
  },
  SUB0622: {
    title: 'Somebody changed or removed what was installed',
    cause: 'A person or another program removed objects that the agents need, or wrote fields of them: the API notes who.',
    next: 'Run `subctl join broker-info.subm --cluster-id NAME` again, or `helm upgrade`: it puts back what is missing. See what `subctl join ... --plan` would change, or make the change a setting of `join`.',
  },
  SUB0623: {
    title: 'Images differ',
    cause: 'An upgrade has not reached every cluster or every node yet, or one tag means different images.',
    next: 'Run `subctl upgrade` with one image in each cluster.',
  },
  SUB0624: {
    title: "The broker's credential is shared",
    cause: "Several clusters use one token, as the broker chart's guide does it: each can change what the others publish.",
    next: 'Give each its own: `subctl join broker-info.subm --cluster-id NAME`.',
  },
  SUB0625: {
    title: 'The pods of verify do not run',
    cause: 'The image is not on the node, a policy of the cluster refuses them, or the node takes no pods.',
    next: 'Read the reason; --image names another image, --pods false leaves these checks out.',
  },
  SUB0626: {
    title: 'Pods do not reach pods by TCP',
    cause: 'The path of the nodes is broken (see SUB0613), or a packet filter or MTU stops what is forwarded.',
    next: 'Compare which nodes fail; look at packet filters of those, and at UDP 4800 between nodes.',
  },
  SUB0627: {
    title: 'Pods do not reach pods by UDP',
    cause: 'The path of the nodes is broken (see SUB0613), or a packet filter drops UDP.',
    next: 'Compare with SUB0626, and look at packet filters.',
  },
  SUB0628: {
    title: 'Large datagrams do not pass',
    cause: 'Some link has a smaller MTU than its ends know and ICMP is dropped, or fragments are dropped.',
    next: "Lower the MTU of the gateways' devices, or let ICMP fragmentation-needed and fragments pass.",
  },
  SUB0629: {
    title: 'Pods do not reach services of another cluster',
    cause: "kube-proxy does not run on the other cluster's gateway node, or the service network is not the one it published.",
    next: 'Compare `subctl show clusters` with the service network of that cluster; look at kube-proxy on its gateway node.',
  },
  SUB0630: {
    title: 'Servers do not see the address of the pod that asks',
    cause: 'Something masquerades between the pods: a CNI, or rules of the node.',
    next: 'Look for MASQUERADE in `iptables -t nat -S` and `nft list ruleset` of the nodes.',
  },
  SUB0631: {
    title: 'A planned hand-over takes long',
    cause: 'The successor was not ready, the API is slow, or the nodes are busy.',
    next: 'Look into the logs of the engines of both gateways around that time.',
  },
  SUB0632: {
    title: 'Traffic does not survive a gateway whose engine and charon are deleted',
    cause: 'There is no second gateway, or it could not take over.',
    next: 'Run `subctl show gateways`, and see SUB0603 and SUB0620.',
  },
  SUB0633: {
    title: 'The kinds of services across clusters are not served as they should be',
    cause:
      'Another program brought in the CRDs of multicluster.x-k8s.io without v1beta1, which our agents use, or without v1alpha1, which CoreDNS reads.',
    next: 'See which versions are served: `kubectl get --raw /apis/multicluster.x-k8s.io`. `subctl join` brings both.',
  },
  SUB0634: {
    title: 'No agent of services leads',
    cause: 'The pods of submariner-discovery do not run or are not ready, or the one that leads no longer reaches the API.',
    next: 'Read the reason beside the pod; `kubectl -n submariner logs -l app=submariner-discovery` tells more. Names that are there stay meanwhile.',
  },
  SUB0635: {
    title: 'Names of the clusterset are not set up',
    cause:
      'Somebody has changed the cluster’s DNS since the join, an upgrade of the platform wrote it anew, the Service or the Deployment submariner-dns is gone, or its pods are not ready.',
    next: 'See what differs with `subctl join ... --plan`, and run it again without --plan. `subctl resolve NAME` shows who answers what.',
  },
  SUB0636: {
    title: 'An export is not taken',
    cause: 'The service cannot be exported, clusters export it in different ways, or no agent has looked at it.',
    next: 'Read the reason in `subctl show services -o wide`; docs/services.md says what can be exported and what wins.',
  },
  SUB0637: {
    title: 'What is imported is not what the others export',
    cause:
      'The agent of this cluster does not lead or does not reach the broker, refuses what another cluster says, a ServiceImport of that name is there that is not ours, a cluster has gone and its services have stayed, or backends of a cluster that is not reached count as ready.',
    next: 'Compare `subctl show services --contexts A,B`; look into the log of submariner-discovery: it names what it refuses. `subctl forget` takes a cluster that is gone for good from the broker.',
  },
  SUB0638: {
    title: 'A service that a cluster exports is not imported',
    cause:
      'An agent of one of the two clusters, of which this one may be both, does not work or does not reach the broker, or an export like it is refused.',
    next: 'See SUB0634 of both clusters, and the logs of submariner-discovery there.',
  },
  SUB0639: {
    title: 'A service of another cluster, or its own, is not found by name, or not reached',
    cause: 'The cluster’s DNS does not know clusterset.local, pods do not reach it, or kube-proxy has no rules for the imported service.',
    next: 'See SUB0635; ask with `subctl resolve NAME`; compare with SUB0629, which goes by address.',
  },
  SUB0640: {
    title: 'Pods of a headless service are not found by name, or not reached',
    cause: 'The cluster’s DNS does not know clusterset.local, or EndpointSlices of the pods of the cluster that exports it are missing.',
    next: 'See SUB0635; compare with SUB0626, which goes by address.',
  },
  SUB0641: {
    title: 'A service that was taken back is still there',
    cause: 'The agent of one of the two clusters does not work, or a DNS cache on the way keeps names longer than their TTL says.',
    next: 'See SUB0634 of both clusters; look for caches before CoreDNS, such as NodeLocal DNSCache.',
  },
  SUB0642: {
    title: 'Clusters have different pre-shared keys',
    cause:
      'Somebody has changed the key of one cluster, or it joined by the file of another broker. Tunnels that stand go on; after the next change of a gateway none comes up.',
    next: 'Run `subctl join broker-info.subm --cluster-id NAME` again for each cluster with one and the same file: the key is in it.',
  },
}
