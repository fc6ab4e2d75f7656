import type { Problems } from '../problem.ts'

export const dnsProblems: Problems = {
  SUB1001: {
    title: 'The DNS server cannot listen',
    cause: 'Another program has the port, or ports below 1024 are not allowed to this user (in a container: without NET_BIND_SERVICE).',
    next: 'See who has it with `ss -lunp sport = :53`, or use --listen HOST:PORT with another port.',
  },
  SUB1002: {
    title: 'The cluster’s own DNS cannot answer for services of other clusters',
    cause: 'That takes CoreDNS 1.12.2 or later, whose version is known, with a Corefile that can be changed.',
    next: 'Join with --dns own: our server answers, and the cluster’s DNS forwards to it. --dns auto chooses what fits.',
  },
  SUB1003: {
    title: 'The cluster’s DNS cannot be changed here',
    cause: 'Somebody else answers these names already, or what its configuration says is not understood, or another program writes it.',
    next: 'Do what the message says, or join with --dns none; docs/dns.md has the lines to put in by hand.',
  },
  SUB1004: {
    title: 'CoreDNS may not read ServiceImports',
    cause: 'The ClusterRoleBinding submariner-cluster-dns does not take effect: another authorizer refuses, or something removes it.',
    next: 'Ask with `kubectl auth can-i list serviceimports.multicluster.x-k8s.io --as system:serviceaccount:kube-system:coredns`, or join with --dns own.',
  },
  SUB1005: {
    title: 'The cluster’s DNS was not changed, since its answers cannot be looked at',
    cause: 'No pod of ours could look names up before the change, or the cluster’s own names were not answered even then.',
    next: 'See that pods with our image run and resolve `kubernetes.default.svc.cluster.local`, then run join again. --dns none leaves DNS alone.',
  },
  SUB1006: {
    title: 'A change of the cluster’s DNS was taken back',
    cause: 'After it the cluster’s own names were no longer answered.',
    next: 'Look into the log of the DNS pods (`kubectl logs --namespace kube-system --selector k8s-app=kube-dns`); join with another --dns, or with none, meanwhile.',
  },
  SUB1007: {
    title: 'The cluster’s DNS does not answer for other clusters in time',
    cause: 'It did not read its changed configuration, refuses it, or our server behind it does not run. The change was taken back.',
    next: 'Look into the log of the DNS pods, and for --dns own of the pods of submariner-dns; then run join again.',
  },
  SUB1009: {
    title: 'A domain for names of other clusters is the cluster’s own',
    cause:
      '--zone of join, the broker’s file or the setting SUBMARINER_DNS_ZONES names the domain of the cluster’s Services, one in it, or one that it is in.',
    next: 'Join with another --zone. Nothing was changed.',
  },
  SUB1008: {
    title: 'Our part of the cluster’s DNS could not be taken out',
    cause: 'Its marks were changed by hand, somebody else wrote the object at the same moment, or the right to write it is missing.',
    next: 'Run it again; else remove the lines from `# BEGIN subctl` to `# END subctl` with `kubectl edit configmap coredns --namespace kube-system`.',
  },
}
