import type { Problems } from '../problem.ts'

export const installProblems: Problems = {
  SUB0401: {
    title: 'The cluster id cannot be used',
    cause: 'A cluster id is part of DNS names and object names: 1 to 63 lower-case letters, digits and hyphens, no hyphen at its ends.',
    next: 'Choose another: `subctl join --cluster-id west`.',
  },
  SUB0402: {
    title: 'The cluster id is taken',
    cause:
      'Another cluster has joined this broker under the same id; the two would erase each other’s objects. Clusters are told apart by the uid of their namespace kube-system.',
    next: 'Choose another id. Where the other cluster is gone for good, remove what it left: `subctl forget ID`.',
  },
  SUB0403: {
    title: 'Networks overlap',
    cause: 'The same addresses stand for two things, so packets for them could go either way.',
    next: 'Give this cluster pod and service networks of its own. If the networks found are wrong, say the right ones by --pod-cidr and --service-cidr.',
  },
  SUB0404: {
    title: 'Pods have addresses of the nodes’ own network',
    cause:
      'The cluster’s CNI gives pods addresses of the network that the nodes are in. The tunnels between gateways would have to go through themselves.',
    next: 'Use a CNI with a pod network of its own (an overlay). If the pods do have one, name it by --pod-cidr.',
  },
  SUB0405: {
    title: 'The pod network is not known',
    cause: 'Neither the CNI’s configuration, nor the control plane’s flags, nor the nodes say which addresses pods get.',
    next: 'Give it: `subctl join --pod-cidr 10.0.0.0/16`.',
  },
  SUB0406: {
    title: 'The service network is not known',
    cause: 'No ServiceCIDR object, no flag and no configuration of the control plane says which addresses services get.',
    next: 'Give it: `subctl join --service-cidr 10.96.0.0/12`.',
  },
  SUB0407: {
    title: 'The broker’s host name is not found',
    cause: 'The resolver of this machine does not know the host of the broker’s URL.',
    next: 'Check the name with `getent hosts NAME`; `subctl join --broker-url https://HOST:PORT` gives another.',
  },
  SUB0408: {
    title: 'The broker does not answer',
    cause: 'The connection to the broker’s API server was refused or found no answer: it is down, or a firewall or a route stands between.',
    next: 'Try `curl -k URL/version` from here; `subctl join --broker-url https://HOST:PORT` gives another way to it.',
  },
  SUB0409: {
    title: 'The broker is not trusted',
    cause: 'The server’s certificate is not of the authority in the broker file, has run out, or is not for the host of the URL.',
    next: 'Make the broker file anew with `subctl deploy-broker`, or reach the broker by a name that its certificate holds (--broker-url).',
  },
  SUB0410: {
    title: 'The broker does not accept the broker file’s credential',
    cause: 'The file is older than the broker, or belongs to another one.',
    next: 'Fetch the newest file, or make it again: `subctl deploy-broker` on the broker’s cluster.',
  },
  SUB0411: {
    title: 'There is no broker at that address',
    cause: 'The API server answers, but the namespace or the kinds that a broker needs are not there.',
    next: 'Run `subctl deploy-broker --context BROKER` first.',
  },
  SUB0412: {
    title: 'It is not known where others reach the broker',
    cause: 'The kubeconfig names an address of this machine alone (as those of kind, k3s and minikube do), and the cluster tells no other.',
    next: 'Say it: `subctl deploy-broker --broker-url https://HOST:PORT`.',
  },
  SUB0413: {
    title: 'There is no such gateway node',
    cause: 'The node that --gateway names is not a node of this cluster, or the cluster has none that would do.',
    next: 'Choose one of `kubectl get nodes`.',
  },
  SUB0414: {
    title: 'This Kubernetes cannot keep members apart',
    cause:
      'Before Kubernetes 1.30 an API server has no ValidatingAdmissionPolicy, so that each member of the clusterset could change the objects of every other.',
    next: 'Use a newer cluster or `subctl serve-broker` as the broker; where all members trust each other, `subctl deploy-broker --shared-rights`.',
  },
  SUB0415: {
    title: 'This cluster has joined under another id',
    cause: 'A cluster has one id; its objects carry it here and on the broker.',
    next: 'Join with the id it has, or take it out first: `subctl uninstall`.',
  },
  SUB0416: {
    title: 'The cluster does not allow it',
    cause: 'The user of the kubeconfig lacks a right; joining takes those of a cluster administrator.',
    next: 'Use an administrator’s kubeconfig or context; `kubectl auth can-i --list` shows what this one may do.',
  },
  SUB0417: {
    title: 'The cluster cannot be identified',
    cause: 'Clusters are told apart by the uid of the namespace kube-system, and this API has none.',
    next: 'Check that the context is a Kubernetes cluster: `kubectl get namespace kube-system`.',
  },
  SUB0418: {
    title: 'A network cannot be connected',
    cause: 'It is not IPv4, wider than /8, reserved (loopback, link-local, multicast, 240.0.0.0/4), or pods and services share addresses.',
    next: 'Check the networks that are named; --pod-cidr and --service-cidr say others.',
  },
  SUB0419: {
    title: 'The clusterset’s key is damaged',
    cause:
      'The Secret submariner-ipsec-psk of the broker’s namespace has no key, or one that is too short. Members hold copies of the key it once had.',
    next: 'Put the key back from a member: `kubectl -n submariner get secret submariner-ipsec-psk`; or delete the Secret, deploy again and join every member again.',
  },
  SUB0420: {
    title: 'Not all was up when time ran out',
    cause:
      'What was applied is applied; an image that cannot be pulled, a pod without a node, a probe that fails or a tunnel that does not come up keeps the rest from being done. The lines say which.',
    next: 'Mend what the lines name and run the same command again, with a longer --timeout where nodes are slow; `subctl verify` looks deeper.',
  },
  SUB0421: {
    title: 'Another program has changed our objects',
    cause:
      'Fields that this command would set belong to another field manager by now, and have another value: somebody edited the object, or a GitOps tool applies it.',
    next: 'Make the change where the other program has it; or take the fields over, once, with --force-conflicts. A tool that applies them again will take them back.',
  },
  SUB0422: {
    title: 'The cluster’s network cannot be connected',
    cause:
      'Pods’ packets do not pass the routing and the packet filters of their node there, so tunnels and guards could not work. docs/platforms.md says which platforms are known to work.',
    next: 'Use another CNI or mode. To try it all the same: --ignore-requirements, then `subctl verify` from every node.',
  },
  SUB0423: {
    title: 'The agents were installed by Helm',
    cause: 'Helm keeps its own record of the objects; a change past it would be undone by its next release.',
    next: 'Upgrade with Helm: `helm upgrade`. The message has the whole line.',
  },
  SUB0424: {
    title: 'There is nothing to upgrade',
    cause: 'The cluster has no settings of an earlier join, or no agents that join has installed.',
    next: 'Join it first: `subctl join`; or look at another context (--context).',
  },
  SUB0425: {
    title: 'The agents are newer than this subctl',
    cause: 'Agents and objects of an older version would replace newer ones; what the newer ones wrote may not be understood.',
    next: 'Use the newer subctl; or go back on purpose with --allow-downgrade.',
  },
  SUB0426: {
    title: 'The tunnels would be down for a moment',
    cause: 'charon is replaced too, and the cluster has one gateway, so that no other can carry the traffic meanwhile.',
    next: 'Accept it with --yes, leave charon as it is with --charon=false, or give the cluster a second gateway first.',
  },
  SUB0427: {
    title: 'The member has no credential yet',
    cause: '--with-secrets prints the token of the member’s account on the broker, and the account or its token is not there.',
    next: 'Apply what `subctl join ... --emit yaml --emit-for broker` prints to the broker; a moment later the token is there.',
  },
  SUB0428: {
    title: 'A gateway does not hand over',
    cause:
      'Its engine was asked to end, and led again afterwards: the others did not take the lease, since they are not well or do not reach the API.',
    next: 'See `subctl show gateways` and the logs of the engines that stand by, then run `subctl upgrade` again.',
  },
  SUB0429: {
    title: 'A namespace is being removed',
    cause: 'Somebody has deleted it, or an uninstall is under way; until it is gone the API takes no new object in it.',
    next: 'Wait until `kubectl get namespaces` no longer shows it, then run the command again. Where it stays, `kubectl describe namespace NAME` says what holds it; `subctl uninstall` takes away what is ours.',
  },
  SUB0430: {
    title: 'The kinds of services across clusters are another program’s, in versions that do not do',
    cause:
      'multicluster.x-k8s.io is there already, and not in both v1beta1, which the agents use, and v1alpha1, which CoreDNS and upstream’s agents know. What others brought is never changed.',
    next: 'Bring that program’s CRDs to versions that serve both, or join without services: --service-discovery false.',
  },
  SUB0431: {
    title: 'The broker does not know services across clusters',
    cause: 'It is of an older version, or of one without the kind ServiceImport of multicluster.x-k8s.io/v1beta1.',
    next: 'Run `subctl deploy-broker` of this version there (of `subctl serve-broker`: start this version), or join without services: --service-discovery false.',
  },
  SUB0432: {
    title: 'Services could not be taken out wholly',
    cause: 'An object of the agents of services could not be removed, or a pod of theirs did not end; the message has the reason.',
    next: 'Mend that, then run the same command again: it goes on where it stopped.',
  },
  SUB0433: {
    title: 'The settings of the cluster have what agents refuse',
    cause:
      'Somebody has changed the ConfigMap submariner-settings, or an older version let port 4800 through, which the nodes of a cluster have between them.',
    next: 'Join again with the flags of then, and right ones: `subctl join --force-conflicts` writes the settings anew.',
  },
  SUB0434: {
    title: 'The settings were changed by somebody else meanwhile',
    cause:
      'Two joins of the cluster ran at once, or another program wrote the ConfigMap submariner-settings. What was written last counts.',
    next: 'Agree on the settings, then run one join: `subctl join ... --plan` shows what it would change.',
  },
  SUB0435: {
    title: 'The agents are not of this version after an upgrade',
    cause: 'The image that they run has another version under that name: nodes or the registry have an image of another build.',
    next: 'Bring this version’s image there under a name of its own, then `subctl upgrade --image NAME`; `subctl version` says which version this is.',
  },
}
